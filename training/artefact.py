"""A fitted predictor in, the bytes of weights.bin out. Little-endian:

"CRW3", u8 log2(buckets), u8 surface values, u8 outputs, u8 knots
f32 step of one int8 weight
f32[surface] mean, f32[surface] 1/spread
f32[surface][outputs] weights; f32[outputs] biases     (gain, then success of weak, mid, strong)
f32[knots] raw gains at equal shares of the reference prompts
i8[buckets] hashed weights of the gain
u8[filter bits / 8] word filter, bit (hash * 0x9E3779B1) >> 14
"""

import numpy as np
from tables import BUCKETS, SURFACE

FILTER_BITS = 1 << 18


def quantised(weights):
    """int8 weights and their step. The largest weights are clipped: one outlier must not cost the rest their grain."""
    step = np.float32(np.quantile(np.abs(weights[weights != 0]), 0.999) / 127)
    return np.clip(np.rint(weights / step), -127, 127).astype(np.int8), step


def pack(fitted, vocabulary):
    table, step = quantised(fitted.hashed)
    weights = np.column_stack([fitted.surface, fitted.success])
    biases = np.append(0.0, fitted.success_bias)
    bits = (vocabulary.astype(np.uint32) * np.uint32(0x9E3779B1)) >> np.uint32(14)
    known = np.zeros(FILTER_BITS, np.uint8)
    known[bits] = 1
    f32 = lambda values: np.asarray(values, "<f4").tobytes()
    return b"".join(
        [
            b"CRW3",
            bytes([BUCKETS.bit_length() - 1, SURFACE, 4, len(fitted.knots)]),
            f32([step]),
            f32(fitted.mean),
            f32(1 / fitted.spread),
            f32(weights),
            f32(biases),
            f32(fitted.knots),
            table.tobytes(),
            np.packbits(known, bitorder="little").tobytes(),
        ]
    )
