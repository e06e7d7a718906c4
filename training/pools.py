"""Pools of priced models in, the cost-quality figures of routing by the difficulty beside the constant routers out."""

import abilities
import metrics
import model
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import Ridge
from tables import BUCKETS, extract

POOLS = ("mixed_2023", "mixed_2024")
# A pool with as many prompts of a harder benchmark, of the models that both have outcomes of: names of pool and table.
HARDER, HARD_TABLE = "mixed_2024", "mmlu_pro"
SHARED = {
    "llama-3-8b": "Meta-Llama-3-8B",
    "llama-3-70b": "Meta-Llama-3-70B",
    "gemini-1.5-flash": "gemini-1.5-flash-002",
    "gemini-1.5-pro": "gemini-1.5-pro-002",
}
FOLDS = 5
DRAWS = 200
# Buckets of the baseline of hashed words, and the ridges, of which the best counts for each set of facts.
HASHED, RIDGES = 1 << 14, (1, 10, 100, 1000)


class Pools:
    """The pools of a folder of tables, with features."""

    def __init__(self, folder, extractor):
        self.pools, prices = {}, folder.parent / "models.csv"
        if not prices.exists():
            return
        self.prices = pd.read_csv(prices).set_index("model")
        for name in POOLS:
            if (folder / f"{name}.csv.gz").exists():
                frame = pd.read_csv(folder / f"{name}.csv.gz")
                frame = frame[frame["split"] == "dev"].reset_index(drop=True)
                self.pools[name] = frame
        if HARDER in self.pools and (folder / f"{HARD_TABLE}.csv.gz").exists():
            table = pd.read_csv(folder / f"{HARD_TABLE}.csv.gz")
            self.pools[f"{HARDER} and {HARD_TABLE}"] = harder(self.pools[HARDER], table[table["split"] == "dev"])
        self.pools = {
            name: (frame, extract(extractor, frame["prompt"].astype(str))) for name, frame in self.pools.items()
        }

    def measure(self, without):
        """One dictionary per pool. The difficulty of a prompt comes from a fit without its family."""
        return [dict(pool=name, **self.one(frame, features, without)) for name, (frame, features) in self.pools.items()]

    def one(self, frame, features, without):
        models = [column[2:] for column in frame if column.startswith("m:")]
        quality = frame[[f"m:{name}" for name in models]].to_numpy(float)
        cost = self.costs(frame, models)
        whole = ~np.isnan(quality).any(axis=1)
        difficulty = np.zeros(len(frame))
        family = np.array([family_of(source) for source in frame["source"]])
        for name in np.unique(family):
            inside = family == name
            difficulty[inside] = without(name).difficulty(model.Part(model.Reference(features), inside))
        quality, cost, difficulty = quality[whole], cost[whole], difficulty[whole]
        fold = np.random.default_rng(0).integers(0, FOLDS, len(quality))
        scored_as = features["scored_as"][whole]
        kind, scores = indicators(features["kind"][whole]), indicators(scored_as)
        facts = {"difficulty": difficulty[:, None]}
        facts["kind"] = np.hstack([facts["difficulty"], kind])
        facts["router"] = np.hstack([facts["kind"], scores])
        facts["hashed"] = hashed(features["hashed"][whole])
        least, most = cost.mean(0).min(), cost.mean(0).max()
        area = lambda points: metrics.aiq(points, least, most)
        singles = list(zip(cost.mean(0), quality.mean(0), strict=True))
        told = {name: [folded(fact, quality, fold, ridge) for ridge in RIDGES] for name, fact in facts.items()}
        areas = {name: [area(metrics.swept(one, quality, cost)) for one in some] for name, some in told.items()}
        routed = told["router"][int(np.argmax(areas["router"]))]
        chosen = abilities.forecast(difficulty, scored_as, quality, fold)
        order = np.random.default_rng(0).permutation(len(quality))
        return dict(
            rows=len(quality),
            models=len(models),
            zero=area(singles),
            **{name: max(some) for name, some in areas.items()},
            selection=area(metrics.swept(chosen, quality, cost)),
            spread={name: spread(what, quality, cost) for name, what in (("router", routed), ("selection", chosen))},
            shuffled=area(metrics.swept(routed[order], quality, cost)),
            oracle=area(metrics.swept(quality, quality, cost)),
            best=float(quality.mean(0).max()),
            cheapest=float(quality.mean(0)[np.argmin(cost.mean(0))]),
            dearest=float(quality.mean(0)[np.argmax(cost.mean(0))]),
        )

    def costs(self, frame, models):
        """US dollars per prompt: tokens are characters / 4, answers as long as they were."""
        tools = frame["tools"].fillna("").astype(str) if "tools" in frame else ""
        sent = (frame["prompt"].astype(str) + tools).str.len().to_numpy() / 4
        known = [column for column in frame if column.startswith("outtok:")]
        middle = float(np.nanmean(frame[known])) if known else 200.0
        out = []
        for name in models:
            if f"cost:{name}" in frame:
                out.append(frame[f"cost:{name}"].fillna(frame[f"cost:{name}"].mean()).to_numpy(float))
                continue
            price = self.prices.loc[name]
            said = frame.get(f"outtok:{name}", pd.Series(np.full(len(frame), middle)))
            said = said.fillna(said.mean() if said.notna().any() else middle).to_numpy(float)
            out.append((sent * price["usd_in_per_1m"] + said * price["usd_out_per_1m"]) / 1e6)
        return np.stack(out, 1)


def family_of(source):
    """The family of a pool's source."""
    for sign, name in (("gsm", "gsm"), ("mmlu", "mmlu"), ("routerbench", "routerbench")):
        if sign in source:
            return name
    return source


def harder(pool, table):
    """The pool with as many prompts of the table, of the models that both have."""
    table = table.sample(len(pool), random_state=0)
    more = {"prompt": table["prompt"], "source": HARD_TABLE}
    more |= {f"m:{name}": table[f"m:{there}"] for name, there in SHARED.items()}
    kept = ["prompt", "source", "tools", *(f"{of}:{name}" for of in ("m", "outtok") for name in SHARED)]
    return pd.concat([pool[kept], pd.DataFrame(more)], ignore_index=True)


def indicators(values):
    """A column for each value."""
    return (np.asarray(values)[:, None] == np.unique(values)).astype(float)


def hashed(words):
    """Words and pairs in fewer buckets."""
    words = words.tocoo()
    return sparse.csr_matrix(
        (words.data, (words.row, words.col // (BUCKETS // HASHED))), shape=(words.shape[0], HASHED)
    )


def spread(forecast, quality, cost):
    """Two standard errors of the margin over the zero router, from prompts drawn anew."""
    draw, margins = np.random.default_rng(0), []
    for _ in range(DRAWS):
        at = draw.integers(0, len(quality), len(quality))
        mean = cost[at].mean(0)
        singles = list(zip(mean, quality[at].mean(0), strict=True))
        routed = metrics.swept(forecast[at], quality[at], cost[at])
        margins.append(np.subtract(*(metrics.aiq(points, mean.min(), mean.max()) for points in (routed, singles))))
    return 2 * float(np.std(margins))


def folded(facts, quality, fold, ridge):
    """Quality of every model as linear in the facts, fitted on the other folds."""
    out = np.zeros_like(quality)
    for at in range(FOLDS):
        fitted = Ridge(alpha=ridge, solver="lsqr", tol=1e-6).fit(facts[fold != at], quality[fold != at])
        out[fold == at] = fitted.predict(facts[fold == at])
    return out
