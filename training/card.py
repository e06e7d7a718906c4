"""Measurements in, the model card out."""

import hashlib

import numpy as np
from tables import MEASURE, REFERENCE, TRAIN

HEAD = """# Model card: the predictor inside the classifier

Written by `training/train.py` on {date}. Artefact: `weights.bin`, {size} bytes, sha256 `{digest}`.

**What it is.** One linear model over hashed words and word pairs (65,536 buckets, int8) and {surface} surface
values (sizes, punctuation, structure, what the patterns found). It ranks prompts by the expected gain of a strong
over a weak model; three logistic fits on the surface values give the success of a weak, a mid and a strong model.
No prompt text is in the artefact: hashes, weights and a filter of known words only.

**What it is not.** Outcomes are of models of 2023 and 2024, mostly single samples, almost all English and close to
examination questions. Away from such text the classifier leans on patterns and size instead (see `difficulty.rs`),
and says so with a wider uncertainty.

## Data

| table | rows | licence | use |
|---|---|---|---|
"""


def write(data, rows, blob, results, date):
    text = HEAD.format(
        date=date, size=len(blob), digest=hashlib.sha256(blob).hexdigest(), surface=rows.surface.shape[1]
    )
    for name, licence in TRAIN.items():
        text += f"| {name} | {(rows.table == name).sum():,} | {licence} | training |\n"
    for name in MEASURE:
        if name in data:
            text += f"| {name} | {len(data[name].weak):,} | {MEASURE[name]} | measurement only |\n"
    for name, licence in REFERENCE.items():
        text += f"| {name} | up to 2,000 | {licence} | scale of the rank |\n"
    text += """
Attribution: CLINC150 (Larson et al., 2019, CC-BY 3.0) and BANKING77 (Casanueva et al., 2020, CC-BY 4.0).
Only the dev split is read. Gains are centred and scaled per benchmark before pooling.

## Away from home: no prompt of the family in training

APGR: share of the weak-to-strong gap recovered, averaged over all shares of strong calls. ± two standard errors.
"Predictor" is the trained rank alone; "difficulty as shipped" is what kind, words and size suggest, moved by the
rank within what the kind makes plausible: that keeps kinds apart that these tables do not contain.

| family | table | rows | predictor | difficulty as shipped | prompt length | constant (= random) |
|---|---|---|---|---|---|---|
"""
    for row in results["families"]:
        text += f"| {row['family']} | {row['table']} | {row['rows']:,} | {row['apgr']:.3f} ± {row['error']:.3f} | {row['shipped']:.3f} | {row['prompt length']:.3f} | {row['constant']:.3f} |\n"
    families = sorted({row["family"] for row in results["families"]})
    mean = lambda key: np.mean(
        [np.mean([row[key] for row in results["families"] if row["family"] == f]) for f in families]
    )
    error = np.sqrt(sum(row["error"] ** 2 for row in results["families"])) / len(results["families"])
    text += f"| **mean of {len(families)} families** | | | **{mean('apgr'):.3f} ± {error:.3f}** | **{mean('shipped'):.3f}** | {mean('prompt length'):.3f} | {mean('constant'):.3f} |\n"
    text += """
## At home: five folds

| table | rows | predictor | difficulty as shipped | prompt length | constant (= random) | calibration gap of success |
|---|---|---|---|---|---|---|
"""
    for row in results["folds"]:
        text += f"| {row['table']} | {row['rows']:,} | {row['apgr']:.3f} ± {row['error']:.3f} | {row['shipped']:.3f} | {row['prompt length']:.3f} | {row['constant']:.3f} | {row['calibration']:.3f} |\n"
    return text
