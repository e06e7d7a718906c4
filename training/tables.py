"""A folder of outcome tables in; prompts, outcomes by ability and the classifier's features out."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pandas as pd
from scipy import sparse

BUCKETS = 1 << 17
SURFACE = 27
SHAPES = ("choices", "story", "other")
CHOICES, STORY, OTHER = range(3)

# Tables that may train shipped weights, with their licences, and tables that may only measure.
TRAIN = {
    "routellm_mmlu": "Apache-2.0",
    "routellm_gsm8k": "Apache-2.0",
    "mmlu_pro": "Apache-2.0",
    "zeroeval_gsm": "Apache-2.0",
    "ulab_llmrouter": "MIT",
}
# Prompts without outcomes: they only set the scale of the rank, so that short everyday requests are on it.
REFERENCE = {"labels_clinc150": "CC-BY", "labels_banking77": "CC-BY", "labels_arena_hard": "Apache-2.0"}
MEASURE = {"routerbench_subset": "none stated", "alpaca_eval2": "CC-BY-NC", "bfcl_v1": "none stated"}

# The pair that a two-model router is measured on.
PAIRS = {
    "routellm_mmlu": ("mixtral-8x7b-instruct", "gpt-4-1106-preview"),
    "routellm_gsm8k": ("mixtral-8x7b-instruct", "gpt-4-1106-preview"),
    "mmlu_pro": ("Meta-Llama-3_1-8B-Instruct", "gemini-1.5-pro-002"),
    "zeroeval_gsm": ("Mixtral-8x7B-Instruct-v0.1", "claude-3-5-sonnet-20240620"),
    "ulab_llmrouter": ("mistral-7b-instruct-v0.3", "llama-3.1-nemotron-51b-instruct"),
    "routerbench_subset": ("mistralai/mixtral-8x7b-chat", "gpt-4-1106-preview"),
    "alpaca_eval2": ("Mixtral-8x7B-Instruct-v0.1_concise", "gpt4_1106_preview_baseline"),
    "bfcl_v1": ("claude-3-haiku-20240307", "claude-3-5-sonnet-20240620"),
}


class Table:
    """One table: outcomes by ability, the pair's outcomes, features."""

    def __init__(self, name, frame, rows):
        self.name, self.frame = name, frame
        self.category = frame["category"].astype(str).to_numpy()
        self.prompt = frame["prompt"].astype(str).to_numpy()
        self.text = frame["question" if "question" in frame else "prompt"].astype(str).to_numpy()
        self.weak, self.mid, self.strong = by_ability(frame)
        self.pair = tuple(frame[f"m:{model}"].to_numpy(float) for model in PAIRS[name])
        self.hashed, self.surface, self.words = rows["hashed"], rows["surface"], rows["words"]
        self.prior, self.reach, self.kind, self.shape = rows["prior"], rows["reach"], rows["kind"], rows["shape"]
        self.family = np.array([family(name, category) for category in self.category])


def family(table, category):
    """The benchmark family of a prompt: near copies in other tables belong to the same family."""
    if table in ("routellm_mmlu", "mmlu_pro") or category == "mmlu":
        return "mmlu"
    if table in ("routellm_gsm8k", "zeroeval_gsm") or category in ("gsm8k", "agentverse-mgsm"):
        return "gsm"
    if table in ("bfcl_v1", "alpaca_eval2"):
        return table
    if table == "routerbench_subset" or category in ("arc_challenge", "mbpp"):
        return "routerbench"
    return "ulab"


def by_ability(frame):
    """Mean outcome of the lowest, middle and top third of the models; broken models (below .25) are left out."""
    models = [c for c in frame if c.startswith("m:")]
    mean = frame[models].mean()
    models = sorted(
        (c for c in models if mean[c] >= 0.25 and frame[c].notna().mean() > 0.95), key=lambda c: (mean[c], c)
    )
    third = max(1, len(models) // 3)
    middle = models[third:-third] or models
    return tuple(frame[group].mean(axis=1).to_numpy() for group in (models[:third], middle, models[-third:]))


def build_extractor(folder):
    """Builds the Rust feature extractor and returns the path of its binary."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", folder.parents[1] / "target" / "training"))
    subprocess.run(
        [
            "cargo",
            "build",
            "--release",
            "--quiet",
            "-j2",
            "--manifest-path",
            str(folder / "Cargo.toml"),
            "--target-dir",
            str(target),
        ],
        check=True,
    )
    return target / "release" / "clawrouters-training-features"


def extract(extractor, prompts):
    """The classifier's features of bare prompts."""
    lines = "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts)
    done = subprocess.run([str(extractor)], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    indices, values, starts, surface, words, prior, reach, kind, scored_as, shape = [], [], [0], *([] for _ in range(7))
    for line in done.stdout.decode().splitlines():
        row = json.loads(line)
        buckets = row["buckets"]
        indices += buckets
        values += [1 / np.sqrt(max(len(buckets), 1))] * len(buckets)
        starts.append(len(indices))
        surface.append(row["surface"])
        words.append(np.array(row["words"], np.uint32))
        prior.append(row["prior"])
        reach.append(row["reach"])
        kind.append(row["kind"])
        scored_as.append(row["scored_as"])
        shape.append(row["shape"])
    hashed = sparse.csr_matrix((np.array(values), np.array(indices), np.array(starts)), shape=(len(words), BUCKETS))
    surface = np.array(surface)
    if surface.shape[1] != SURFACE:
        raise SystemExit(f"the extractor gives {surface.shape[1]} surface values, training expects {SURFACE}")
    return dict(
        hashed=hashed,
        surface=surface,
        words=words,
        prior=np.array(prior),
        reach=np.array(reach),
        kind=np.array(kind),
        scored_as=np.array(scored_as),
        shape=np.array(shape),
    )


def times(extractor, sizes=(200, 4_000, 32_000, 1_000_000)):
    """Median nanoseconds of classifying a prompt of each size, in characters."""
    text = "Compare the two proposals below, name the risks of each, and say which one you would take and why. "
    prompts = [(text * (size // len(text) + 1))[:size] for size in sizes]
    lines = "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts)
    done = subprocess.run([str(extractor), "--time"], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return list(zip(sizes, (int(line) for line in done.stdout.split()), strict=True))


def read(folder, extractor):
    """All tables that are present, the dev split only."""
    out = {}
    for name in [*TRAIN, *MEASURE]:
        path = folder / f"{name}.csv.gz"
        if not path.exists():
            if name in TRAIN:
                raise SystemExit(f"{path} is missing")
            continue
        frame = pd.read_csv(path)
        frame = frame[frame["split"] == "dev"].reset_index(drop=True)
        text = frame["question"] if "question" in frame else frame["prompt"]
        out[name] = Table(name, frame, extract(extractor, text.astype(str)))
    return out


def reference(folder, extractor, most=2000):
    """Features of every-day prompts, one dictionary per table."""
    out = []
    for name in REFERENCE:
        frame = pd.read_csv(folder / f"{name}.csv.gz")
        prompts = frame[frame["split"] == "dev"]["prompt"].astype(str)
        prompts = prompts.iloc[np.linspace(0, len(prompts) - 1, min(most, len(prompts))).astype(int)]
        out.append(extract(extractor, prompts))
    return out
