"""A fitted predictor in, the bytes of weights.bin out. Little-endian:

"CRW5", u8 log2(buckets), u8 surface values, u8 shapes, u8 knots
f32[2] step of one int8 weight, for each shape with words
f32[2] what the words add on average, likewise
f32[surface] mean, f32[surface] 1/spread
f32[shapes][surface] weights of the gain
f32[shapes][knots] raw gains at equal shares of the prompts
f32[shapes][3][2] level and slope of success on the difficulty, in log odds: weak, mid, strong
f32[shapes] standard deviation of benchmarks around that
i8[buckets] hashed weights of the gain for answers to choose from; i8[buckets / 2] those for stories
u8[filter bits / 8] word filter, bit (hash * 0x9E3779B1) >> 14
"""

import numpy as np
from model import KNOTS, RIDGE, SHARED
from tables import BUCKETS, SHAPES, SURFACE

FILTER_BITS = 1 << 18
MOST_BYTES = 256 * 1024


def quantised(weights):
    """int8 weights and their step. The largest weights are clipped: one outlier must not cost the rest their grain."""
    step = np.float32(np.quantile(np.abs(weights[weights != 0]), 0.999) / 127)
    return np.clip(np.rint(weights / step), -127, 127).astype(np.int8), step


def pack(fitted):
    """The artefact of a predictor; it must stay small enough to be embedded."""
    tables = [quantised(fitted.hashed[shape][:: 1 << SHARED[shape]]) for shape in RIDGE]
    bits = (fitted.known.astype(np.uint32) * np.uint32(0x9E3779B1)) >> np.uint32(14)
    known = np.zeros(FILTER_BITS, np.uint8)
    known[bits] = 1
    f32 = lambda values: np.asarray(values, "<f4").tobytes()
    blob = b"".join(
        [
            b"CRW5",
            bytes([BUCKETS.bit_length() - 1, SURFACE, len(SHAPES), KNOTS]),
            f32([step for _, step in tables]),
            f32(fitted.level),
            f32(fitted.mean),
            f32(1 / fitted.spread),
            f32(fitted.surface),
            f32(fitted.knots),
            f32(fitted.success),
            f32(fitted.stray),
            *[table.tobytes() for table, _ in tables],
            np.packbits(known, bitorder="little").tobytes(),
        ]
    )
    if len(blob) > MOST_BYTES:
        raise SystemExit(f"the artefact has {len(blob)} bytes, at most {MOST_BYTES} are embedded")
    return blob
