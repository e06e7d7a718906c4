"""Scores and outcomes in, routing metrics out: APGR of two models, AIQ of a pool."""

import numpy as np


def apgr(scores, weak, strong):
    """Area under the share of the weak-to-strong gap that is recovered, over the share of strong calls. Random is .5."""
    valid = ~(np.isnan(weak) | np.isnan(strong))
    scores, weak, strong = scores[valid], weak[valid], strong[valid]
    order = np.argsort(-scores, kind="stable")
    gain = (strong - weak)[order]
    _, start, count = np.unique(-scores[order], return_index=True, return_counts=True)
    gain = np.repeat(np.add.reduceat(gain, start) / count, count)
    curve = np.concatenate([[0], np.cumsum(gain)]) / len(gain)
    return float(np.trapezoid(curve / curve[-1], np.arange(len(curve)) / len(gain)))


def with_error(scores, weak, strong, draws=100):
    """APGR and two bootstrap standard errors."""
    generator = np.random.default_rng(0)
    values = []
    for _ in range(draws):
        at = generator.integers(0, len(scores), len(scores))
        values.append(apgr(scores[at], weak[at], strong[at]))
    return apgr(scores, weak, strong), 2 * float(np.std(values))
