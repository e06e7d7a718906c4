"""Pools of priced models in, the cost-quality figures of routing by the difficulty beside the constant routers out."""

import metrics
import model
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import Ridge
from tables import BUCKETS, extract

POOLS = ("mixed_2023", "mixed_2024")
FOLDS = 5
# The baseline of hashed words: buckets, and ridges of which the best counts, in its favour.
HASHED, RIDGES = 1 << 14, (1, 10, 100)


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
                self.pools[name] = frame, extract(extractor, frame["prompt"].astype(str))

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
        routed = np.zeros_like(quality)
        for at in range(FOLDS):
            routed[fold == at] = lines(difficulty[fold != at], quality[fold != at], difficulty[fold == at])
        least, most = cost.mean(0).min(), cost.mean(0).max()
        area = lambda points: metrics.aiq(points, least, most)
        singles = list(zip(cost.mean(0), quality.mean(0), strict=True))
        words = [self.hashed(features["hashed"][whole], quality, fold, ridge) for ridge in RIDGES]
        order = np.random.default_rng(0).permutation(len(quality))
        return dict(
            rows=len(quality),
            models=len(models),
            zero=area(singles),
            router=area(metrics.swept(routed, quality, cost)),
            hashed=max(area(metrics.swept(told, quality, cost)) for told in words),
            shuffled=area(metrics.swept(routed[order], quality, cost)),
            oracle=area(metrics.swept(quality, quality, cost)),
            best=float(quality.mean(0).max()),
            cheapest=float(quality.mean(0)[np.argmin(cost.mean(0))]),
            dearest=float(quality.mean(0)[np.argmax(cost.mean(0))]),
        )

    def hashed(self, words, quality, fold, ridge):
        """Quality of every model by words and pairs alone, learned on the other folds of the same pool."""
        words = words.tocoo()
        shape = (words.shape[0], HASHED)
        words = sparse.csr_matrix((words.data, (words.row, words.col // (BUCKETS // HASHED))), shape=shape)
        out = np.zeros_like(quality)
        for at in range(FOLDS):
            fitted = Ridge(alpha=ridge, solver="lsqr", tol=1e-6).fit(words[fold != at], quality[fold != at])
            out[fold == at] = fitted.predict(words[fold == at])
        return out

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


def lines(difficulty, quality, asked):
    """Quality of every model as a line over the difficulty, fitted on one part and read at another."""
    design = np.column_stack([np.ones(len(difficulty)), difficulty])
    found = np.linalg.solve(design.T @ design + np.diag([0, 1.0]), design.T @ quality)
    return np.column_stack([np.ones(len(asked)), asked]) @ found
