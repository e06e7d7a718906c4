"""Training rows in, the fitted predictor out: ridge on centred gains for the rank, logistic fits for success."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.sparse.linalg import lsqr
from tables import BUCKETS, SURFACE, TRAIN

# Weight of a table's rows, times 1/sqrt(rows of the benchmark). MMLU-Pro was filtered against the models
# that its outcomes come from: its gains point elsewhere, so it counts little.
TABLE_WEIGHT = {
    "routellm_mmlu": 3.0,
    "routellm_gsm8k": 2.5,
    "mmlu_pro": 0.08,
    "zeroeval_gsm": 0.5,
    "ulab_llmrouter": 0.5,
}
# Share of "the weak models fail" in the target: alone it ranks worse at home, mixed in it carries over better.
FAIL_SHARE = {
    "routellm_mmlu": 0.0,
    "routellm_gsm8k": 0.0,
    "mmlu_pro": 1 / 3,
    "zeroeval_gsm": 1 / 3,
    "ulab_llmrouter": 1 / 3,
}
RIDGE = 150.0
HASH_SCALE, SURFACE_SCALE = 4.0, 0.3
ITERATIONS = 40
# What carries over between benchmark families: size, commas, sentences, few repeated words.
CARRIES_OVER = {0: 1.0, 13: 0.5, 10: 0.4, 8: -0.3}
CARRY = 0.14
CLIP = 3.0
SUCCESS_RIDGE = 30.0
KNOWN_FROM = 3


@dataclass
class Rows:
    """Rows of the training tables, one after the other."""

    table: np.ndarray
    family: np.ndarray
    bench: np.ndarray
    prompt: np.ndarray
    gain: np.ndarray
    weak: np.ndarray
    mid: np.ndarray
    strong: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    hashed: sparse.csr_matrix
    surface: np.ndarray
    words: list
    prior: np.ndarray
    reach: np.ndarray


@dataclass
class Fitted:
    """The predictor in full precision."""

    hashed: np.ndarray
    surface: np.ndarray
    success: np.ndarray
    success_bias: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    knots: np.ndarray = None

    def scaled(self, surface):
        return np.clip((surface - self.mean) / self.spread, -CLIP, CLIP)

    def raw(self, hashed, surface):
        """The raw gain: what the ranking uses."""
        return hashed @ self.hashed + self.scaled(surface) @ self.surface

    def rank(self, raw):
        """Raw gain as a share of the reference prompts, 0 to 1."""
        return np.interp(raw, self.knots, np.linspace(0, 1, len(self.knots)))

    def succeed(self, surface):
        """Probability that a weak, a mid and a strong model succeed."""
        return 1 / (1 + np.exp(-(self.scaled(surface) @ self.success + self.success_bias)))


def standard(values, groups):
    """Values centred and scaled within their group."""
    out = np.zeros(len(values))
    for group in np.unique(groups):
        inside = groups == group
        out[inside] = (values[inside] - values[inside].mean()) / (values[inside].std() + 1e-9)
    return out


def training_rows(data):
    """Joins the training tables; gains are centred and scaled per benchmark before they are pooled."""
    used = [data[name] for name in TRAIN]
    join = lambda get: np.concatenate([get(table) for table in used])
    table = join(lambda t: np.full(len(t.weak), t.name, object))
    bench = join(
        lambda t: np.array([t.name + ("/" + c if t.name == "ulab_llmrouter" else "") for c in t.category], object)
    )
    weak, strong = join(lambda t: t.weak), join(lambda t: t.strong)
    share = np.array([FAIL_SHARE[name] for name in table])
    target = (1 - share) * standard(strong - weak, bench) + share * standard(1 - weak, bench)
    names, inverse, count = np.unique(bench, return_inverse=True, return_counts=True)
    weight = np.array([TABLE_WEIGHT[name] for name in table]) / np.sqrt(count[inverse])
    return Rows(
        table,
        join(lambda t: t.family),
        bench,
        join(lambda t: t.prompt),
        strong - weak,
        weak,
        join(lambda t: t.mid),
        strong,
        target,
        weight,
        sparse.vstack([t.hashed for t in used]).tocsr(),
        np.vstack([t.surface for t in used]),
        sum((t.words for t in used), []),
        join(lambda t: t.prior),
        join(lambda t: t.reach),
    )


def fit(rows, mask, reference=None):
    """Fits the rows of `mask`. `reference` prompts (hashed, surface) set the scale of the rank."""
    mean, spread = rows.surface[mask].mean(0), rows.surface[mask].std(0) + 1e-6
    out = Fitted(np.zeros(BUCKETS), np.zeros(SURFACE), None, None, mean, spread)
    surface = out.scaled(rows.surface[mask])
    weight = np.sqrt(rows.weight[mask] / rows.weight[mask].mean())
    design = sparse.hstack([rows.hashed[mask] * HASH_SCALE, sparse.csr_matrix(surface * SURFACE_SCALE)]).tocsr()
    found = lsqr(
        sparse.diags(weight) @ design,
        rows.target[mask] * weight,
        damp=np.sqrt(RIDGE),
        iter_lim=ITERATIONS,
        atol=1e-5,
        btol=1e-5,
    )[0]
    out.hashed, out.surface = found[:BUCKETS] * HASH_SCALE, found[BUCKETS:] * SURFACE_SCALE
    for at, share in CARRIES_OVER.items():
        out.surface[at] += CARRY * share
    out.success, out.success_bias = success(surface, rows, mask)
    raw = out.raw(rows.hashed[mask], rows.surface[mask])
    groups = [raw[rows.bench[mask] == bench] for bench in np.unique(rows.bench[mask])]
    if reference is not None:
        groups = [
            np.concatenate([np.quantile(g, np.linspace(0, 1, 201)) for g in groups]),
            *[out.raw(*part) for part in reference],
        ]
    # Every group counts the same, whatever its size.
    pooled = np.concatenate([np.quantile(group, np.linspace(0, 1, 1001)) for group in groups])
    out.knots = np.maximum.accumulate(np.quantile(pooled, np.linspace(0, 1, 33)))
    return out


def success(surface, rows, mask):
    """Ridge logistic fits of the three success rates on the surface values."""
    weight = rows.weight[mask] / rows.weight[mask].sum() * len(surface)
    columns, biases = [], []
    for outcome in (rows.weak, rows.mid, rows.strong):
        y = outcome[mask]

        def loss(theta, y=y):
            z = surface @ theta[:-1] + theta[-1]
            p = 1 / (1 + np.exp(-z))
            value = np.sum(weight * (np.logaddexp(0, z) - y * z)) + SUCCESS_RIDGE * theta[:-1] @ theta[:-1]
            slope = weight * (p - y)
            return value, np.append(surface.T @ slope + 2 * SUCCESS_RIDGE * theta[:-1], slope.sum())

        found = optimize.minimize(loss, np.zeros(SURFACE + 1), jac=True, method="L-BFGS-B", options=dict(maxiter=200)).x
        columns.append(found[:-1])
        biases.append(found[-1])
    return np.stack(columns, 1), np.array(biases)


def vocabulary(rows):
    """Hashes of the words that occur in at least three training prompts."""
    words, count = np.unique(np.concatenate([np.unique(words) for words in rows.words]), return_counts=True)
    return words[count >= KNOWN_FROM]
