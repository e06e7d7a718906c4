"""Measurements in, the model card and docs/quality.md out."""

import hashlib

import numpy as np
from evaluate import DRAWS, FOLDS
from tables import MEASURE, REFERENCE, TRAIN

HEAD = """# Model card: the two models inside the classifier

Written by `training/train.py` on {date}. Artefacts: the predictor `weights.bin`, {size:,} bytes, sha256
`{digest}`, and the words `wording.bin`, {words_size:,} bytes, sha256
`{words_digest}`.

**The words.** A linear model over hashed words, stems and pairs of sixteen languages (4 bits, up to 17,920 of them, 14
heads) and over what the patterns say. It gives the odds of 13 task kinds where the patterns are unsure, and how much
harder an ask is than others of its kind. Trained on the asks of `training/asks/`, which were written for this project
with a kind and a tier (easy, medium, hard) and told in every language by the same hands, machines among them: kinds and
tiers are judgement, not outcomes. No prompt text is in the artefact.

**The predictor.** A linear model for each of three shapes of ask: answers to choose from, a story with numbers that ends in
a question, everything else. All three rank prompts by the expected gain of a strong over a weak model. Length and
commas of what is asked carry over to every shape; the first two shapes have weights of their own over hashed words,
word pairs (4 bits in {buckets:,} buckets, 8 bits in an eighth as many for stories) and {surface} surface values. Of the
patterns only whether something is to be worked out has a say in its input. No prompt text is in the artefact: hashes,
weights and a filter of known words only.

**Success** of a weak, a mid and a strong model is a curve over the difficulty: fitted for the first two shapes, by
judgement for everything else, where no benchmark speaks for every-day requests.

**What it is not.** Outcomes are of models of 2023 and 2024, mostly single samples, almost all English and close to
examination questions. Held-out benchmarks were never looked at; the choices made here were compared on the tables
below, so their figures flatter by a little.

## Data

| table | rows | licence | use |
|---|---|---|---|
"""

QUALITY = """# Routing quality, measured

Written by `training/train.py` on {date} for the artefact with sha256 `{digest}`. Outcomes are of models of 2023 and 2024,
mostly single samples. Nothing is claimed about newer models, about languages other than English, or about traffic
that looks like none of these tables, beyond what leaving whole families out shows.

**difficulty** is what the router acts on; **predictor** is the trained rank in it. **length** is the characters of the
prompt, **kind** the difficulty's level of its task kind alone. A random router, and every constant one that mixes two
models blindly, has APGR .500.
"""

APGR = """
APGR: share of the weak-to-strong gap recovered, averaged over all shares of strong calls, ± two standard errors
(bootstrap of prompts; families themselves vary more). CPT: share of strong calls that recovers 50 or 80 % of the gap;
random needs .50 and .80. Weak and strong: success of sending everything to one of them.

"""
FAMILY = "| family | table | rows | difficulty | predictor | length | kind | random | CPT 50 | CPT 80 | weak alone | strong alone |\n"
FAMILY += "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
SUCCESS = """
Success of weak, mid and strong: Brier score beside that of a constant (the mean of the other families), and the mean gap
of forecast and outcome over ten equal bins. Away from home the level of an unseen benchmark cannot be known, so these
forecasts are {word} a constant on average. Read them as a scale, not as probabilities of an unseen benchmark.

| table | Brier | constant | gap |
|---|---|---|---|
"""
POOL = """
## Pools of priced models

AIQ: mean quality over all budgets. Zero router: the best mix of single models, which knows nothing of the prompt.
The router sees what selection goes by: the difficulty of a prompt (from a fit without its family), its kind, and the class
whose scores models are compared by; each model has a line over the first and a level for each of the others, five folds.
"selection" has the curve of the selection itself and abilities by class from the same folds, as `evaluate` fits them.
"difficulty" is the line alone, "kind" the line and the kind; "shuffled" is the router with its forecasts dealt out at
random; "hashed words" is learned from words and pairs in 2^14 buckets on the other folds of the pool itself. Of each line
the best of four ridges counts.

| pool | prompts | models | router | selection | difficulty | kind | shuffled | hashed words | zero router | oracle | best single | cheapest alone | dearest alone |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""
MARGIN = """
The margin over the zero router, with two standard errors from 200 draws of the prompts:

| pool | router | selection |
|---|---|---|
"""
POOL_NOTE = """
`mixed_2024` here is its dev part: 954 tool-use and 912 grade-school mathematics prompts, on which one cheap model is
nearly as good as the best, and even words that were learned on the pool itself are only {gap:.4f} above the zero router.
The whole pool also has harder benchmarks that are held out; the figures known for it, .835 (zero router), .855 (hashed
words) and .937 (oracle), cannot be had from the dev part. `mixed_2024 and mmlu_pro` stands in for it: as many prompts of a
harder benchmark beside them, of the four models that both tables have (of llama the base models there).
"""

WORDS = """
## What words tell, by language

The asks of `training/asks/`, five folds that keep all tellings of an ask together, so that no wording and no translation
of it was in training. Four of five avoid the usual words on purpose: everyday asks are easier (`testdata/README.md`).
Kinds right by the patterns alone and with the words (13 kinds; a constant one gets .077), the mean probability that is
promised, and the correlation of the shift with the tier within each kind (a constant has none).

| language | asks | patterns | with words | promised | tier |
|---|---|---|---|---|---|
"""


def word_rows(results):
    text = ""
    for row in results:
        text += f"| {row['language']} | {row['asks']:,} | {row['patterns']:.3f} | {row['words']:.3f} "
        text += f"| {row['promised']:.3f} | {row['tier']:.2f} |\n"
    return text


def family_rows(results):
    text = ""
    for row in results:
        text += (
            f"| {row.get('family', 'at home')} | {row['table']} | {row['rows']:,} | {row['difficulty']:.3f} ± {row['difficulty_error']:.3f} "
            f"| {row['predictor']:.3f} ± {row['predictor_error']:.3f} | {row['length']:.3f} | {row['kind']:.3f} | {row['constant']:.3f} "
            f"| {row['cpt50']:.2f} | {row['cpt80']:.2f} | {row['weak_alone']:.3f} | {row['strong_alone']:.3f} |\n"
        )
    return text


def mean_row(results):
    families = sorted({row["family"] for row in results})
    of = lambda key: [np.mean([row[key] for row in results if row["family"] == name]) for name in families]
    # The error of a family is that of the mean of its tables; families are independent.
    error = lambda key: (
        np.sqrt(
            sum(
                sum(row[key] ** 2 for row in results if row["family"] == name)
                / sum(row["family"] == name for row in results) ** 2
                for name in families
            )
        )
        / len(families)
    )
    cell = lambda key: f"**{np.mean(of(key)):.3f}**"
    return (
        f"| **mean of {len(families)} families** | | | {cell('difficulty')} ± {error('difficulty_error'):.3f} "
        f"| {cell('predictor')} ± {error('predictor_error'):.3f} | {cell('length')} | {cell('kind')} | .500 | {cell('cpt50')} | {cell('cpt80')} | | |\n"
    )


def tables_of(results):
    """The two APGR tables, which both documents show."""
    text = "\n## Away from home: no prompt of the family in training\n" + APGR + FAMILY
    text += family_rows(results["families"]) + mean_row(results["families"])
    text += (
        f"\n## At home: {FOLDS} folds, the mean of {DRAWS} draws of them\n\n" + FAMILY + family_rows(results["folds"])
    )
    worse = np.mean([row["brier"] - row["brier_constant"] for row in results["families"]]) > 0
    text += SUCCESS.format(word="worse than" if worse else "better than")
    for row in results["families"]:
        text += f"| {row['table']}, away | {row['brier']:.3f} | {row['brier_constant']:.3f} | {row['gap']:.3f} |\n"
    for row in results["folds"]:
        text += f"| {row['table']}, at home | {row['brier']:.3f} | {row['brier_constant']:.3f} | {row['gap']:.3f} |\n"
    return text


def digest(blob):
    return hashlib.sha256(blob).hexdigest()


def write(data, rows, blobs, results, date):
    """The model card."""
    from tables import BUCKETS

    blob, words = blobs
    text = HEAD.format(
        date=date,
        size=len(blob),
        digest=digest(blob),
        words_size=len(words),
        words_digest=digest(words),
        surface=rows.surface.shape[1],
        buckets=BUCKETS,
    )
    text += f"| asks | {results['wording'][-1]['asks']:,} | this project's | words |\n"
    for name, licence in TRAIN.items():
        text += f"| {name} | {(rows.table == name).sum():,} | {licence} | training |\n"
    for name in MEASURE:
        if name in data:
            text += f"| {name} | {len(data[name].weak):,} | {MEASURE[name]} | measurement only |\n"
    for name, licence in REFERENCE.items():
        text += f"| {name} | up to 2,000 | {licence} | scale of the rank |\n"
    text += (
        "\nAttribution: CLINC150 (Larson et al., 2019, CC-BY 3.0) and BANKING77 (Casanueva et al., 2020, CC-BY 4.0).\n"
    )
    text += "Only the dev split is read. Gains are centred and scaled per benchmark before pooling.\n"
    return text + tables_of(results) + WORDS + word_rows(results["wording"])


def quality(blob, results, times, date):
    """docs/quality.md."""
    text = QUALITY.format(date=date, digest=digest(blob)) + tables_of(results)
    if results["pools"]:
        text += POOL
        for row in results["pools"]:
            text += f"| {row['pool']} | {row['rows']:,} | {row['models']} | {row['router']:.4f} | {row['selection']:.4f} | {row['difficulty']:.4f} | {row['kind']:.4f} | {row['shuffled']:.4f} | {row['hashed']:.4f} | {row['zero']:.4f} "
            text += f"| {row['oracle']:.4f} | {row['best']:.3f} | {row['cheapest']:.3f} | {row['dearest']:.3f} |\n"
        text += MARGIN
        for row in results["pools"]:
            margins = (
                f"{row[name] - row['zero']:+.4f} ± {row['spread'][name]:.4f}" for name in ("router", "selection")
            )
            text += f"| {row['pool']} | {' | '.join(margins)} |\n"
        plain = next((row for row in results["pools"] if row["pool"] == "mixed_2024"), None)
        text += POOL_NOTE.format(gap=plain["hashed"] - plain["zero"]) if plain else ""
    text += WORDS + word_rows(results["wording"])
    text += "\n## Time to classify\n\nMedian on one thread of the machine that trained, which had other work; whole decisions are timed by `benches/decision.rs`.\n\n"
    text += "| characters | microseconds |\n|---|---|\n"
    for size, nanoseconds in times:
        text += f"| {size:,} | {nanoseconds / 1000:.1f} |\n"
    return text
