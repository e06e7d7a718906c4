"""Training rows in, the fitted predictor out: ridge on centred gains for the rank, log odds of success on the difficulty."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.sparse.linalg import lsqr
from tables import BUCKETS, CHOICES, OTHER, SHAPES, STORY, SURFACE, TRAIN

# Weight of a table's rows, times 1/sqrt(rows of the benchmark). MMLU-Pro was filtered against the models
# that its outcomes come from: its gains point elsewhere, so it counts little.
TABLE_WEIGHT = {
    "routellm_mmlu": 3.0,
    "routellm_gsm8k": 2.5,
    "mmlu_pro": 0.5,
    "zeroeval_gsm": 1.0,
    "ulab_llmrouter": 0.5,
}
# What carries over between benchmarks: the length of what is asked and its commas.
CARRIES_OVER = (0, 1)
CARRY_RIDGE = 1.0
# Ridge of the two shapes that have weights of their own, and the scale of their surface values.
RIDGE = {CHOICES: 200.0, STORY: 600.0}
SURFACE_SCALE = 0.2
# Buckets of the full width that share a weight, as powers of two: stories have fewer words.
SHARED = {CHOICES: 0, STORY: 3}
# The largest whole weight: of four bits for answers to choose from, which need many buckets, of eight for stories.
LARGEST = {CHOICES: 7, STORY: 127}
# A word or pair of words in fewer prompts has no weight.
SEEN_FROM = 2
# The power of a word's rarity that its weight is shrunk less by, and what keeps the shrinking of words in the middle.
RARITY = 0.3
EVENED = 2.4
ITERATIONS = 60
# Surface values that count words and letters: told apart as in `features.rs`, trusted as far as the words are known.
OF_WORDS = [2, 3, 4, 5, 7, 8, 17, 18]
# Large: the level of a benchmark is not shrunk.
LEVEL_SCALE = 30.0
CLIP = 3.0
KNOTS = 33
# Signs of the shortest and the longest ask on the scale of everything else.
EVEN = (8, 2000)
KNOWN_FROM = 3
SUCCESS_RIDGE = 0.001
# Level and slope of a weak, a mid and a strong model where no benchmark speaks for every-day requests: by judgement.
WRITTEN = np.array([[2.4, -3.3], [2.9, -2.8], [3.5, -2.5]])
FEWEST = 40
# A shape gets weights of its own from this many rows on.
OWN_FROM = 600


@dataclass
class Rows:
    """Rows of the training tables, one after the other."""

    table: np.ndarray
    family: np.ndarray
    bench: np.ndarray
    prompt: np.ndarray
    target: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    hashed: sparse.csr_matrix
    surface: np.ndarray
    words: list
    prior: np.ndarray
    reach: np.ndarray
    shape: np.ndarray


@dataclass
class Fitted:
    """The predictor in full precision."""

    mean: np.ndarray
    spread: np.ndarray
    surface: np.ndarray
    hashed: np.ndarray
    known: np.ndarray
    level: np.ndarray = None
    knots: np.ndarray = None
    success: np.ndarray = None
    stray: np.ndarray = None

    def scaled(self, surface):
        return np.clip((surface - self.mean) / self.spread, -CLIP, CLIP)

    def raw(self, rows):
        """The raw gain of anything that has hashed words, words, surface values and a shape."""
        trust = np.clip((known_share(rows.words, self.known) - 0.3) / 0.5, 0, 1)
        scaled = self.scaled(rows.surface)
        scaled[:, OF_WORDS] *= trust[:, None]
        out = np.sum(scaled * self.surface[rows.shape], axis=1)
        for at, shape in enumerate(RIDGE):
            inside = rows.shape == shape
            out[inside] += trust[inside] * (rows.hashed[inside] @ self.hashed[shape] - self.level[at])
        return out

    def rank(self, rows, raw=None):
        """Raw gain as a share of the prompts of its shape, 0 to 1."""
        raw = self.raw(rows) if raw is None else raw
        out = np.zeros(len(raw))
        for shape in range(len(SHAPES)):
            inside = rows.shape == shape
            out[inside] = np.interp(raw[inside], self.knots[shape], np.linspace(0, 1, KNOTS))
        return out

    def difficulty(self, rows):
        """The difficulty as `difficulty.rs` puts it together."""
        return np.clip(rows.prior + rows.reach * (2 * self.rank(rows) - 1), 0, 1)

    def succeed(self, difficulty, shape):
        """Probability that a weak, a mid and a strong model succeed."""
        level, slope = self.success[shape, :, 0], self.success[shape, :, 1]
        return 1 / (1 + np.exp(-(level + slope * difficulty[:, None])))


class Part:
    """Some of the rows, with what `Fitted` reads."""

    def __init__(self, rows, at):
        self.hashed, self.surface, self.shape = rows.hashed[at], rows.surface[at], rows.shape[at]
        self.prior, self.reach = rows.prior[at], rows.reach[at]
        self.words = [rows.words[i] for i in (np.flatnonzero(at) if at.dtype == bool else at)]


def known_share(words, known):
    """Share of the words of each prompt that training knew."""
    sizes = np.array([len(part) for part in words])
    flat = np.concatenate([*words, np.zeros(1, np.uint32)])
    hits = np.concatenate([[0], np.cumsum(np.isin(flat[:-1], known))])
    ends = np.cumsum(sizes)
    return (hits[ends] - hits[ends - sizes]) / np.maximum(sizes, 1)


def standard(values, groups):
    """Values centred and scaled within their group; where all are equal nothing can be learned."""
    out = np.full(len(values), np.nan)
    for group in np.unique(groups):
        inside = (groups == group) & ~np.isnan(values)
        if inside.sum() >= FEWEST and values[inside].std() > 1e-9:
            out[inside] = (values[inside] - values[inside].mean()) / values[inside].std()
    return out


def training_rows(data):
    """Joins the training tables; gains are centred and scaled per benchmark before they are pooled."""
    used = [data[name] for name in TRAIN]
    join = lambda get: np.concatenate([get(table) for table in used])
    table = join(lambda t: np.full(len(t.weak), t.name, object))
    bench = join(
        lambda t: np.array([t.name + ("/" + c if t.name == "ulab_llmrouter" else "") for c in t.category], object)
    )
    gain = join(lambda t: t.pair[1] - t.pair[0])
    names, inverse, count = np.unique(bench, return_inverse=True, return_counts=True)
    weight = np.array([TABLE_WEIGHT[name] for name in table]) / np.sqrt(count[inverse])
    return Rows(
        table,
        join(lambda t: t.family),
        bench,
        join(lambda t: t.prompt),
        standard(gain, bench),
        join(lambda t: np.column_stack([t.weak, t.mid, t.strong])),
        weight,
        sparse.vstack([t.hashed for t in used]).tocsr(),
        np.vstack([t.surface for t in used]),
        sum((t.words for t in used), []),
        join(lambda t: t.prior),
        join(lambda t: t.reach),
        join(lambda t: t.shape),
    )


def fit(rows, mask, reference=None):
    """Fits the rows of `mask`. `reference` prompts set the scale of the rank together with them."""
    mask = mask & ~np.isnan(rows.target)
    mean, spread = rows.surface[mask].mean(0), rows.surface[mask].std(0) + 1e-6
    shapes = len(SHAPES)
    known = vocabulary(rows, mask)
    out = Fitted(mean, spread, np.zeros((shapes, SURFACE)), np.zeros((shapes, BUCKETS)), known)
    out.surface[:] = carried(out, rows, mask)
    out.level = np.zeros(len(RIDGE))
    for at, (shape, ridge) in enumerate(RIDGE.items()):
        inside = mask & (rows.shape == shape)
        if inside.sum() >= OWN_FROM:
            hashed, surface = own(out, rows, inside, ridge, SHARED[shape])
            out.hashed[shape] = hashed
            out.surface[shape] += surface
            out.level[at] = np.average(rows.hashed[inside] @ hashed, weights=rows.weight[inside])
    part = Part(rows, mask)
    out.knots = knots(out, part, rows.bench[mask], reference)
    out.success, out.stray = success(out, part, rows.outcome[mask], rows.bench[mask])
    return out


def centred(values, groups):
    """Values less the mean of their group: the level of a benchmark is no news about its prompts."""
    _, inverse = np.unique(groups, return_inverse=True)
    count = np.bincount(inverse)
    mean = np.column_stack([np.bincount(inverse, column) / count for column in values.T])
    return values - mean[inverse]


def carried(out, rows, mask):
    """Weights of the few surface values that rank prompts of every benchmark; closed form."""
    at = list(CARRIES_OVER)
    scaled = centred(out.scaled(rows.surface[mask])[:, at], rows.bench[mask])
    weight = rows.weight[mask] / rows.weight[mask].sum()
    left = scaled.T @ (scaled * weight[:, None]) + CARRY_RIDGE * np.eye(len(at))
    weights = np.zeros(SURFACE)
    weights[at] = np.linalg.solve(left, scaled.T @ (rows.target[mask] * weight))
    return weights


def own(out, rows, inside, ridge, shared):
    """Weights of words and surface values for one shape, on what the carried values leave over."""
    scaled = out.scaled(rows.surface[inside])
    _, bench = np.unique(rows.bench[inside], return_inverse=True)
    carried_part = (scaled @ out.surface[OTHER])[:, None]
    left_over = rows.target[inside] - centred(carried_part, bench)[:, 0]
    columns = np.arange(BUCKETS)
    fold = sparse.csr_matrix((np.ones(BUCKETS), (columns, columns >> shared)), shape=(BUCKETS, BUCKETS >> shared))
    hashed = rows.hashed[inside] @ fold
    seen = np.asarray((hashed > 0).sum(0)).ravel()
    # Rare words say more, but "each" and "half" say something too; a word that was seen once says nothing yet.
    rarity = EVENED * np.log((hashed.shape[0] + 1) / (seen + 1)) ** RARITY * (seen >= SEEN_FROM)
    levels = sparse.csr_matrix((np.full(len(bench), LEVEL_SCALE), (np.arange(len(bench)), bench)))
    design = sparse.hstack([hashed @ sparse.diags(rarity), sparse.csr_matrix(scaled * SURFACE_SCALE), levels]).tocsr()
    weight = np.sqrt(rows.weight[inside] / rows.weight[inside].mean())
    found = lsqr(
        sparse.diags(weight) @ design,
        left_over * weight,
        damp=np.sqrt(ridge),
        iter_lim=ITERATIONS,
        atol=1e-6,
        btol=1e-6,
    )[0]
    width = len(rarity)
    return np.repeat(found[:width] * rarity, 1 << shared), found[width : width + SURFACE] * SURFACE_SCALE


def knots(out, part, bench, reference):
    """Raw gains at equal shares of the prompts; every benchmark counts the same, whatever its size."""
    groups = [(part.shape[bench == name], part_raw) for name, part_raw in split(out.raw(part), bench)]
    for rows in reference or []:
        rows = Part(Reference(rows), np.arange(len(rows["shape"])))
        groups += [(rows.shape, out.raw(rows))] * 3
    every = np.concatenate([np.quantile(raw, np.linspace(0, 1, 1001)) for _, raw in groups])
    # Answers to choose from set prompts apart. Stories are told apart on the scale of what is no such question.
    scales = []
    for choices in (True, False):
        parts = [raw[(own_shape == CHOICES) == choices] for own_shape, raw in groups]
        parts = [raw for raw in parts if len(raw) >= FEWEST]
        pooled = np.concatenate([np.quantile(raw, np.linspace(0, 1, 1001)) for raw in parts]) if parts else every
        scales.append(np.maximum.accumulate(np.quantile(pooled, np.linspace(0, 1, KNOTS))))
    return np.array([scales[0], scales[1], even(out)])


def even(out):
    """Equal steps of the length's logarithm for everything else: on a scale of equal shares most every-day asks lie
    within few letters of each other, and saying the same in another language would move them far."""
    ends = np.tile(out.mean, (2, 1))
    ends[:, 0], ends[:, 1] = np.log1p(EVEN), 0.0
    return np.linspace(*(out.scaled(ends) @ out.surface[OTHER]), KNOTS)


class Reference:
    """Features of prompts without outcomes, in the shape of rows."""

    def __init__(self, rows):
        self.__dict__.update(rows)


def split(values, groups):
    return [(name, values[groups == name]) for name in np.unique(groups)]


def success(out, part, outcome, bench):
    """Log odds of success on the difficulty by shape, and how far benchmarks stray from them; benchmarks count the same."""
    difficulty = out.difficulty(part)
    table, strays = np.tile(WRITTEN, (len(SHAPES), 1, 1)), np.full(len(SHAPES), 0.25)
    for shape in range(len(SHAPES)):
        _, inverse = np.unique(bench, return_inverse=True)
        inside = part.shape == shape
        # A handful of prompts is no benchmark of this shape.
        inside &= np.bincount(inverse, inside)[inverse] >= FEWEST
        if inside.sum() < OWN_FROM:
            continue
        if shape in RIDGE:
            table[shape] = [log_odds(difficulty[inside], y, bench[inside]) for y in outcome[inside].T]
        forecast = 1 / (1 + np.exp(-(table[shape, :, 0] + table[shape, :, 1] * difficulty[inside][:, None])))
        gaps = [np.nanmean(gap, axis=0) for _, gap in split(outcome[inside] - forecast, bench[inside])]
        strays[shape] = np.sqrt(np.mean(np.square(gaps)))
    return table, np.clip(strays, 0.1, 0.3)


def log_odds(difficulty, outcome, bench):
    """Level and slope of one ability; the slope never says that harder prompts succeed more often."""
    valid = ~np.isnan(outcome)
    difficulty, outcome = difficulty[valid], outcome[valid]
    _, inverse = np.unique(bench[valid], return_inverse=True)
    weight = 1 / np.bincount(inverse)[inverse]
    weight /= weight.sum()

    def loss(theta):
        z = theta[0] + theta[1] * difficulty
        p = 1 / (1 + np.exp(-z))
        value = np.sum(weight * (np.logaddexp(0, z) - outcome * z)) + SUCCESS_RIDGE * theta[1] ** 2
        slope = weight * (p - outcome)
        return value, np.array([slope.sum(), slope @ difficulty + 2 * SUCCESS_RIDGE * theta[1]])

    found = optimize.minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(None, None), (None, 0.0)])
    return found.x


def vocabulary(rows, mask):
    """Hashes of the words that occur in at least three training prompts."""
    inside = [np.unique(rows.words[at]) for at in np.flatnonzero(mask)]
    words, count = np.unique(np.concatenate(inside), return_counts=True)
    return words[count >= KNOWN_FROM]
