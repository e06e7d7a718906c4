"""Fits the weights of the token estimate on texts of this repository; writes them with the true counts of the tests."""

from __future__ import annotations

import json
import pathlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import count
import numpy
import numpy.typing
from scipy.optimize import nnls

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TESTS = ROOT / "router-sdk/tests/tokens"
WEIGHTS = ROOT / "router-sdk/src/wire/estimate/weights.rs"
PIECE = 400
# Of the little that there is by hand, smaller pieces give more equations.
SMALL = 160
# Keeps weights that the texts say nothing about near half a token.
RIDGE = 0.002

Matrix = numpy.typing.NDArray[numpy.float64]


def pieces() -> Iterator[tuple[str, str]]:
    """Texts to fit on with their class: prose by hand, code and data of the repository."""
    groups: dict[str, list[str]] = {}
    for path in sorted((HERE / "fit").glob("*.txt")):
        groups.setdefault(path.stem.removesuffix("_2"), []).append(path.read_text())
    documents = ("README.md", "ARCHITECTURE.md", "tests/scenarios/README.md")
    groups["documents"] = [(ROOT / name).read_text() for name in documents]
    code = [
        *sorted(ROOT.glob("router-sdk/src/[a-f]*/*.rs"))[:24],
        *sorted(ROOT.glob("scripts/catalog/*.py")),
        *sorted(ROOT.glob("bindings-*/ts/*.ts")),
    ]
    groups["code"] = [path.read_text()[:6000] for path in code]
    groups["tabs"] = [text.replace("    ", "\t").replace("  ", "\t") for text in groups["code"][::3]]
    data = [path.read_text() for path in sorted(ROOT.glob("tests/scenarios/*.json"))]
    models = [path.read_text() for path in sorted(ROOT.glob("router-sdk/catalog/models/*.json"))]
    groups["json"] = [text[:5000] for text in data] + [text[:1500] for text in models[:14]]
    groups["json"] += [json.dumps(json.loads(text), separators=(",", ":"))[:2500] for text in data]
    groups["json"] += [records(seed) for seed in range(6)]
    for name, texts in groups.items():
        size = PIECE if len(texts) > 4 else SMALL
        for text in texts:
            for at in range(0, len(text), size):
                piece = text[at : at + size]
                if len(piece) > size // 2:
                    yield name, piece


def records(seed: int) -> str:
    """Made-up records full of ids, times and figures."""
    r = random.Random(seed)
    rows = [
        {
            "id": f"{r.getrandbits(96):024x}",
            "at": r.randrange(10**12, 2 * 10**12),
            "value": round(r.random() * 1000, r.randrange(1, 5)),
            "key": f"k_{r.getrandbits(32):x}",
            "day": f"2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}T0{r.randrange(9)}:{r.randrange(10, 60)}:00Z",
            "state": r.choice(["open", "closed", "waiting"]),
            "ok": r.random() < 0.5,
        }
        for _ in range(8)
    ]
    return "\n".join(json.dumps(row) for row in rows)


def shapes(texts: list[str]) -> Matrix:
    """The figures of each text, as the crate counts them."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "figures"
        subprocess.run(["rustc", "-O", "--edition", "2024", HERE / "figures.rs", "-o", program], check=True)
        names = [pathlib.Path(folder) / f"{at}.txt" for at in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            name.write_text(text)
        out = subprocess.run([program, *names], check=True, capture_output=True, text=True).stdout
    return numpy.array([[float(x) for x in line.split()] for line in out.splitlines()])


def fit(x: Matrix, y: Matrix, share: Matrix) -> Matrix:
    """Weights of no negative value that make the squares of the relative errors least, classes counting alike."""
    scale = share / y
    size = x.shape[1]
    left = numpy.vstack([x * scale[:, None], RIDGE * numpy.eye(size)])
    right = numpy.concatenate([y * scale, RIDGE * 0.5 * numpy.ones(size)])
    weights: Matrix = nnls(left, right, maxiter=5000)[0]
    return weights


def main() -> None:
    """Fits, says how well, and writes on demand."""
    named = list(pieces())
    names = [name for name, _ in named]
    texts = [text for _, text in named]
    x = shapes(texts)
    share = numpy.array([1.0 / numpy.sqrt(names.count(name)) for name in names])
    tests = sorted(TESTS.glob("*.txt"))
    test_texts = [path.read_text() for path in tests]
    tested = shapes(test_texts)
    true, test_true = count.counts(texts), count.counts(test_texts)
    fitted: dict[str, Matrix] = {}
    for family in count.COUNTERS:
        weights = fit(x, numpy.array(true[family], float), share)
        errors = tested @ weights / numpy.array(test_true[family], float) - 1
        worst = int(numpy.argmax(numpy.abs(errors)))
        print(f"{family:9} worst {tests[worst].stem} {errors[worst]:+.1%}, mean {numpy.abs(errors).mean():.1%}")
        fitted[family] = weights
    if "--write" in sys.argv:
        write(fitted)
        golden = {
            path.stem: {family: test_true[family][at] for family in count.COUNTERS} for at, path in enumerate(tests)
        }
        (TESTS / "counts.json").write_text(json.dumps(golden, indent=1) + "\n")


def write(fitted: dict[str, Matrix]) -> None:
    """The weights as Rust."""
    out = ["//! Weights of the figures of a text, by tokenizer: written by `scripts/tokens/fit.py`.", ""]
    out += ["use super::shape::FIGURES;", ""]
    for family, weights in fitted.items():
        cells = ", ".join(repr(round(float(weight), 4)) for weight in weights)
        out += [f"pub(super) const {family.upper()}: [f32; FIGURES] = [", f"    {cells},", "];", ""]
    WEIGHTS.write_text("\n".join(out).rstrip() + "\n")
    subprocess.run(["rustfmt", "--edition", "2024", "--config-path", ROOT / "rustfmt.toml", WEIGHTS], check=True)


main()
