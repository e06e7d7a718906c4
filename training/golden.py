"""A fitted artefact in, sample prompts with what Python reads from its bytes out, for the Rust test to agree with."""

import json
import struct
import subprocess

import artefact
import numpy as np
import wording
from model import CLIP, KNOTS, LARGEST, OF_WORDS, RIDGE, SHARED
from tables import BUCKETS, SHAPES, SURFACE, extract

PROMPTS = [
    "What is the capital of Peru?",
    "Mia has 3 boxes of 2.5 kg each, and Tom has twice as many. How much do all boxes weigh together?",
    "Which gas makes up most of the air, by volume?\nA. Oxygen\nB. Argon\nC. Nitrogen\nD. Carbon dioxide",
    "All of the following are reptiles except\n(a) the gecko\n(b) the newt\n(c) the cobra",
    "Write a function that merges overlapping intervals, and prove that it runs in O(n log n).",
    "Fasse den folgenden Bericht in drei Sätzen zusammen: Der Umsatz stieg um 12 %, die Kosten blieben gleich.",
    "東京、大阪、京都。どこが一番涼しい？",
    "Если у Ани 5 яблок, а у Пети на 2 больше, сколько яблок у них вместе?",
    "كم عدد أيام السنة الكبيسة، ولماذا؟",
    "hmm",
]


def parsed(blob):
    """The parts of the artefact, read back from its bytes."""
    at = 8

    def floats(*shape):
        nonlocal at
        size = int(np.prod(shape))
        out = np.frombuffer(blob, "<f4", size, at).reshape(shape)
        at += 4 * size
        return out

    shapes = len(SHAPES)
    out = dict(
        steps=floats(2),
        levels=floats(2),
        mean=floats(SURFACE),
        inverse=floats(SURFACE),
        surface=floats(shapes, SURFACE),
    )
    out.update(knots=floats(shapes, KNOTS), success=floats(shapes, 3, 2), stray=floats(shapes))
    tables = {}
    for shape in RIDGE:
        width = BUCKETS >> SHARED[shape]
        if LARGEST[shape] == 7:
            both = np.frombuffer(blob, np.int8, width // 2, at)
            tables[shape] = np.column_stack([(both << 4).astype(np.int8) >> 4, both >> 4]).ravel()
            at += width // 2
        else:
            tables[shape] = np.frombuffer(blob, np.int8, width, at)
            at += width
    out.update(
        tables=tables,
        known=np.unpackbits(np.frombuffer(blob, np.uint8, artefact.FILTER_BITS // 8, at), bitorder="little"),
    )
    return out


def gain(parts, row):
    """The rank of one extracted row, by the quantised weights."""
    shape, buckets = row["shape"], np.array(row["buckets"], int)
    bits = (row["words"].astype(np.uint32) * np.uint32(0x9E3779B1)) >> np.uint32(14)
    known = parts["known"][bits].mean() if len(bits) else 0.0
    trust = float(np.clip((known - 0.3) / 0.5, 0, 1))
    scaled = np.clip((row["surface"] - parts["mean"]) * parts["inverse"], -CLIP, CLIP)
    scaled[OF_WORDS] *= trust
    raw = float(scaled @ parts["surface"][shape])
    if shape in RIDGE:
        at = list(RIDGE).index(shape)
        weights = parts["tables"][shape][buckets >> SHARED[shape]].astype(int).sum() * float(parts["steps"][at])
        raw += trust * (weights / np.sqrt(max(len(buckets), 1)) - float(parts["levels"][at]))
    return float(np.interp(raw, parts["knots"][shape], np.linspace(0, 1, KNOTS)))


def rows(extractor, blob, words):
    """One row per prompt: shape, distinct buckets, the surface values' bits, the gain, what its words speak for."""
    parts, features = parsed(blob), extract(extractor, PROMPTS)
    lines = "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS)
    done = subprocess.run([str(extractor)], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    spoken = [wording.heard(words, json.loads(line)) for line in done.stdout.decode().splitlines()]
    out = []
    for at, prompt in enumerate(PROMPTS):
        row = dict(
            shape=int(features["shape"][at]),
            buckets=[int(bucket) for bucket in features["hashed"][at].indices],
            words=features["words"][at],
            surface=features["surface"][at],
        )
        bits = [struct.unpack("<I", struct.pack("<f", value))[0] for value in row["surface"]]
        out.append(
            dict(
                prompt=prompt,
                shape=row["shape"],
                buckets=sorted(row["buckets"]),
                surface=bits,
                gain=round(gain(parts, row), 6),
                heard=spoken[at],
            )
        )
    return out


def write(path, extractor, blob, words):
    """Writes the rows as JSON, one line each."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(extractor, blob, words))
    path.write_text(f"[\n{lines}\n]\n")
