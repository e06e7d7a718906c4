#!/usr/bin/env python3
"""Trains the two models that the classifier embeds, measures them, writes their artefacts and the model card.

    train.py --data ../../shared/routing/dev [--out ../router-sdk/src/classify/weights.bin] [--date 2026-11-23] [--quick]

The features come from the Rust classifier itself (training/features), so that they cannot differ.
"""

import argparse
import datetime
import pathlib

import artefact
import card
import evaluate
import golden
import model
import numpy as np
import pools
import tables
import wording

HERE = pathlib.Path(__file__).resolve().parent
QUALITY = HERE.parent / "docs" / "quality.md"
GOLDEN = HERE.parent / "router-sdk" / "src" / "classify" / "testdata" / "golden.json"
WEIGHTS = HERE.parent / "router-sdk" / "src" / "classify" / "weights.bin"
WORDING = WEIGHTS.with_name("wording.bin")


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--data", type=pathlib.Path, required=True, help="folder of *.csv.gz tables")
    ask.add_argument("--out", type=pathlib.Path, default=WEIGHTS)
    ask.add_argument("--card", type=pathlib.Path, default=HERE / "model_card.md")
    ask.add_argument(
        "--golden", type=pathlib.Path, default=GOLDEN, help="sample prompts as training reads them, for a test"
    )
    ask.add_argument("--quality", type=pathlib.Path, default=QUALITY)
    ask.add_argument("--date", default=datetime.date.today().isoformat(), help="date on the model card")
    ask.add_argument("--quick", action="store_true", help="train and write only, without the measurements")
    args = ask.parse_args()

    # The words first: the predictor moves the difficulty from the level that they give.
    asks = wording.read(tables.build_extractor(HERE / "features"))
    words = wording.Fitted(asks, np.arange(len(asks.texts)))
    WORDING.write_bytes(words.blob())
    extractor = tables.build_extractor(HERE / "features")
    data = tables.read(args.data, extractor)
    rows = model.training_rows(data)
    fitted = model.fit(rows, np.ones(len(rows.table), bool), tables.reference(args.data, extractor))
    blob = artefact.pack(fitted, len(words.blob()))
    args.out.write_bytes(blob)
    golden.write(args.golden, extractor, blob, words.blob())
    print(f"{args.out}: {len(blob)} bytes from {len(rows.table)} rows; {WORDING.name}: {len(words.blob())} bytes")
    if not args.quick:
        results = evaluate.everything(data, rows, pools.Pools(args.data, extractor))
        results["wording"] = wording.measured(asks)
        args.card.write_text(card.write(data, rows, (blob, words.blob()), results, args.date))
        # Built again, so that the weights just written are what is timed.
        times = tables.times(tables.build_extractor(HERE / "features"))
        args.quality.write_text(card.quality(blob, results, times, args.date))
        print(args.quality.read_text())


if __name__ == "__main__":
    main()
