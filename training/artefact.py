"""A fitted predictor in, the bytes of weights.bin out. Little-endian:

"CRW6", u8 log2(buckets), u8 surface values, u8 shapes, u8 knots
f32[2] step of one int8 weight, for each shape with words
f32[2] what the words add on average, likewise
f32[surface] mean, f32[surface] 1/spread
f32[shapes][surface] weights of the gain
f32[shapes][knots] raw gains at equal shares of the prompts
f32[shapes][3][2] level and slope of success on the difficulty, in log odds: weak, mid, strong
f32[shapes] standard deviation of benchmarks around that
u8[buckets / 2] hashed weights of the gain for answers to choose from, of 4 bits, the first in the lower half of a byte
i8[buckets / 8] those for stories
u8[filter bits / 8] word filter, bit (hash * 0x9E3779B1) >> 14
"""

import numpy as np
from model import KNOTS, LARGEST, RIDGE, SHARED
from tables import BUCKETS, SHAPES, SURFACE

FILTER_BITS = 1 << 18
# Both artefacts together, wording.bin included.
MOST_BYTES = 256 * 1024


def quantised(weights, largest):
    """Whole weights and their step. The largest weights are clipped: one outlier must not cost the rest their grain."""
    step = np.float32(np.quantile(np.abs(weights[weights != 0]), 0.999) / largest)
    return np.clip(np.rint(weights / step), -largest, largest).astype(np.int8), step


def halves(weights):
    """Two weights of four bits to a byte."""
    bits = weights.astype(np.uint8) & 0xF
    return bits[0::2] | (bits[1::2] << 4)


def pack(fitted, beside):
    """The artefact of a predictor; with so many bytes beside it, it must stay small enough to be embedded."""
    tables = [quantised(fitted.hashed[shape][:: 1 << SHARED[shape]], LARGEST[shape]) for shape in RIDGE]
    bits = (fitted.known.astype(np.uint32) * np.uint32(0x9E3779B1)) >> np.uint32(14)
    known = np.zeros(FILTER_BITS, np.uint8)
    known[bits] = 1
    f32 = lambda values: np.asarray(values, "<f4").tobytes()
    blob = b"".join(
        [
            b"CRW6",
            bytes([BUCKETS.bit_length() - 1, SURFACE, len(SHAPES), KNOTS]),
            f32([step for _, step in tables]),
            f32(fitted.level),
            f32(fitted.mean),
            f32(1 / fitted.spread),
            f32(fitted.surface),
            f32(fitted.knots),
            f32(fitted.success),
            f32(fitted.stray),
            *[
                (halves(table) if LARGEST[shape] == 7 else table).tobytes()
                for shape, (table, _) in zip(RIDGE, tables, strict=True)
            ],
            np.packbits(known, bitorder="little").tobytes(),
        ]
    )
    if len(blob) + beside > MOST_BYTES:
        raise SystemExit(f"the artefacts have {len(blob) + beside} bytes, at most {MOST_BYTES} are embedded")
    return blob
