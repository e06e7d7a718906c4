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


def cpt(scores, weak, strong, share):
    """Smallest share of strong calls that recovers `share` of the gap; a random router needs about `share`."""
    valid = ~(np.isnan(weak) | np.isnan(strong))
    order = np.argsort(-scores[valid], kind="stable")
    curve = np.concatenate([[0], np.cumsum((strong - weak)[valid][order])])
    return float(np.argmax(curve / curve[-1] >= share - 1e-12) / (len(curve) - 1))


def hull(points):
    """Upper left convex hull of (cost, quality), made non-decreasing."""
    out = []
    for point in sorted({(float(cost), float(quality)) for cost, quality in points}):
        while len(out) >= 2 and (out[-1][1] - out[-2][1]) * (point[0] - out[-2][0]) <= (point[1] - out[-2][1]) * (
            out[-1][0] - out[-2][0]
        ):
            out.pop()
        out.append(point)
    rising = []
    for point in out:
        if not rising or point[1] > rising[-1][1]:
            rising.append(point)
    return rising


def aiq(points, least, most):
    """Mean quality of the hull over the costs from `least` to `most`."""
    costs, qualities = zip(*hull(points), strict=True)
    grid = np.linspace(least, most, 2001)
    return float(np.trapezoid(np.interp(grid, costs, qualities), grid) / (most - least))


def swept(forecast, quality, cost):
    """Mean cost and quality of choosing the best forecast less a price on cost, over many prices."""
    prices = np.concatenate([[0], np.geomspace(1e-5, 1e3, 160) / np.median(cost)])
    rows = np.arange(len(quality))
    chosen = [np.argmax(forecast - price * cost, axis=1) for price in prices]
    return [(cost[rows, at].mean(), quality[rows, at].mean()) for at in chosen]
