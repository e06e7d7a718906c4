"""Fits the weights of the token estimate on texts of this repository and writes them with the true counts of the tests."""

import json
import pathlib
import subprocess
import sys
import tempfile

import count
import numpy
from scipy.optimize import nnls

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TESTS = ROOT / "router-sdk/tests/tokens"
WEIGHTS = ROOT / "router-sdk/src/wire/estimate/weights.rs"
PIECE = 400
# Of the little that there is by hand, smaller pieces give more equations.
SMALL = 160


def pieces():
    """Texts to fit on with the weight of their class: prose by hand, code and data of the repository."""
    groups = {}
    for path in sorted((HERE / "fit").glob("*.txt")):
        groups.setdefault(path.stem.removesuffix("_2"), []).append(path.read_text())
    groups["documents"] = [(ROOT / name).read_text() for name in ("README.md", "ARCHITECTURE.md", "tests/scenarios/README.md")]
    code = [*sorted(ROOT.glob("router-sdk/src/[a-f]*/*.rs"))[:24], *sorted(ROOT.glob("scripts/catalog/*.py")),
            *sorted(ROOT.glob("bindings-*/**/*.ts"))]
    code = [p for p in code if "node_modules" not in p.parts and "dist" not in p.parts]
    groups["code"] = [path.read_text()[:6000] for path in code]
    groups["tabs"] = [text.replace("    ", "\t").replace("  ", "\t") for text in groups["code"][::3]]
    data = [*sorted(ROOT.glob("tests/scenarios/*.json"))]
    models = [p.read_text() for p in sorted(ROOT.glob("router-sdk/catalog/models/*.json"))]
    groups["json"] = [path.read_text()[:5000] for path in data] + [m[:1500] for m in models[:14]]
    groups["json"] += [json.dumps(json.loads(p.read_text()), separators=(",", ":"))[:2500] for p in data]
    groups["json"] += [ids(seed) for seed in range(6)]
    for name, texts in groups.items():
        for text in texts:
            size = PIECE if len(texts) > 4 else SMALL
            for at in range(0, len(text), size):
                piece = text[at:at + size]
                if len(piece) > size // 2:
                    yield name, piece


def ids(seed):
    """Made-up records full of ids, times and figures."""
    import random
    r = random.Random(seed)
    lines = [json.dumps({"id": f"{r.getrandbits(96):024x}", "at": r.randrange(10**12, 2 * 10**12), "value": round(r.random() * 1000, r.randrange(1, 5)),
                         "key": f"k_{r.getrandbits(32):x}", "day": f"2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}T0{r.randrange(9)}:{r.randrange(10, 60)}:00Z",
                         "state": r.choice(["open", "closed", "waiting"]), "ok": r.random() < .5}) for _ in range(8)]
    return "\n".join(lines)


def shapes(texts):
    """The figures of each text, as the crate counts them."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "figures"
        subprocess.run(["rustc", "-O", "--edition", "2024", HERE / "figures.rs", "-o", program], check=True)
        names = []
        for at, text in enumerate(texts):
            path = pathlib.Path(folder) / f"{at}.txt"
            path.write_text(text)
            names.append(path)
        out = subprocess.run([program, *names], check=True, capture_output=True, text=True).stdout
    return numpy.array([[float(x) for x in line.split()] for line in out.splitlines()])


def main():
    named = list(pieces())
    names = [name for name, _ in named]
    texts = [text for _, text in named]
    x = shapes(texts)
    share = numpy.array([1.0 / numpy.sqrt(names.count(name)) for name in names])
    tests = sorted(TESTS.glob("*.txt"))
    test_texts = [path.read_text() for path in tests]
    tx = shapes(test_texts)
    true, test_true = count.counts(texts), count.counts(test_texts)
    print(len(texts), "pieces:", {name: names.count(name) for name in dict.fromkeys(names)})
    lines, worst = [], 0.0
    for family in count.COUNTERS:
        y = numpy.array(true[family], float)
        scale = share / y
        ridge = 0.002
        a = numpy.vstack([x * scale[:, None], ridge * numpy.eye(x.shape[1])])
        b = numpy.concatenate([y * scale, ridge * 0.5 * numpy.ones(x.shape[1])])
        w, _ = nnls(a, b, maxiter=5000)
        errors = {}
        for path, predicted, actual in zip(tests, tx @ w, test_true[family]):
            errors[path.stem] = round(float(predicted / actual - 1) * 100, 1)
        fit_error = {n: round(float(numpy.mean([abs((x @ w)[i] / y[i] - 1) for i in range(len(y)) if names[i] == n]) * 100), 1) for n in dict.fromkeys(names)}
        print(family, "worst", max(errors.values(), key=abs), {k: v for k, v in errors.items() if abs(v) > 7}, "\n   fit", fit_error)
        lines.append((family, w))
    if "--write" in sys.argv:
        write(lines)
        golden = {path.stem: {family: test_true[family][at] for family in count.COUNTERS} for at, path in enumerate(tests)}
        (TESTS / "counts.json").write_text(json.dumps(golden, indent=1) + "\n")


def write(lines):
    """The weights as Rust."""
    out = ["//! Weights of the figures of a text, by tokenizer: written by `scripts/tokens/fit.py`.", "", "use super::shape::FIGURES;", ""]
    for family, w in lines:
        cells = [f"{v:.4f}".rstrip("0") for v in w]
        cells = [c + "0" if c.endswith(".") else c for c in cells]
        out += [f"pub(super) const {family.upper()}: [f32; FIGURES] = [", "    " + ", ".join(cells) + ",", "];", ""]
    WEIGHTS.write_text("\n".join(out).rstrip() + "\n")


main()
