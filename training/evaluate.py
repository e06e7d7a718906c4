"""Tables and training rows in, measurements out: leave-family-out and in-domain folds, each beside its baselines."""

import metrics
import model
import numpy as np

FOLDS = 5
# How often the prompts are dealt out: figures of one draw differ by up to .01 on 912 prompts.
DRAWS = 10


def baselines(table):
    """Scores that need no training: the kind alone is what its prior says of an ask of middling size."""
    by_kind = {kind: np.median(table.prior[table.kind == kind]) for kind in np.unique(table.kind)}
    return {
        "length": np.array([len(text) for text in table.text], float),
        "kind": np.array([by_kind[kind] for kind in table.kind]),
        "constant": np.zeros(len(table.kind)),
    }


def everything(data, rows, pools):
    fits = {}

    def without(family):
        if family not in fits:
            fits[family] = model.fit(rows, rows.family != family)
        return fits[family]

    return dict(
        families=leave_family_out(data, rows, without), folds=in_domain(data, rows), pools=pools.measure(without)
    )


def leave_family_out(data, rows, without):
    """APGR per table of a family that training has not seen, and the calibration of success there."""
    out = []
    for name, table in data.items():
        for family in np.unique(table.family):
            inside = table.family == family
            # Near copies that ride along in another table are measured where they are at home.
            if inside.sum() < 400 or (name == "ulab_llmrouter" and family != "ulab"):
                continue
            fitted = without(family)
            part = model.Part(table, inside)
            difficulty = fitted.difficulty(part)
            forecast = fitted.succeed(difficulty, part.shape)
            truth = np.column_stack([table.weak, table.mid, table.strong])[inside]
            base = constant_success(rows, rows.family != family)
            out.append(
                dict(family=family, table=name, rows=int(inside.sum()), **calibration(forecast, truth, base))
                | routed(table, inside, fitted.raw(part), difficulty)
            )
    return out


def in_domain(data, rows):
    """The same per training table, five folds; the mean of several draws of the folds, of which one says little."""
    draws = [one_draw(data, rows, draw) for draw in range(DRAWS)]
    return [mean_of(parts) for parts in zip(*draws, strict=True)]


def mean_of(parts):
    """The figures of one table, each the mean of its draws; names and counts as they are."""
    first = parts[0]
    return {
        key: float(np.mean([part[key] for part in parts])) if isinstance(value, float) else value
        for key, value in first.items()
    }


def one_draw(data, rows, draw):
    """Figures per training table for one way of dealing prompts out; equal prompts of two tables share a fold."""
    texts = np.concatenate([data[name].text for name in dict.fromkeys(rows.table)])
    _, inverse = np.unique(texts, return_inverse=True)
    fold = np.random.default_rng(draw).integers(0, FOLDS, inverse.max() + 1)[inverse]
    score, difficulty, success = np.zeros(len(fold)), np.zeros(len(fold)), np.zeros((len(fold), 3))
    for at in range(FOLDS):
        fitted = model.fit(rows, fold != at)
        held = fold == at
        part = model.Part(rows, held)
        score[held], difficulty[held] = fitted.raw(part), fitted.difficulty(part)
        success[held] = fitted.succeed(difficulty[held], part.shape)
    out = []
    for name in dict.fromkeys(rows.table):
        inside = rows.table == name
        every = np.ones(inside.sum(), bool)
        base = constant_success(rows, ~inside)
        out.append(
            dict(table=name, rows=int(inside.sum()), **calibration(success[inside], rows.outcome[inside], base))
            | routed(data[name], every, score[inside], difficulty[inside])
        )
    return out


def routed(table, inside, score, difficulty):
    """Routing figures of the rank, the difficulty and the baselines."""
    weak, strong = (outcome[inside] for outcome in table.pair)
    out = {key: metrics.apgr(value[inside], weak, strong) for key, value in baselines(table).items()}
    out["predictor"], out["predictor_error"] = metrics.with_error(score, weak, strong)
    out["difficulty"], out["difficulty_error"] = metrics.with_error(difficulty, weak, strong)
    out["cpt50"], out["cpt80"] = (metrics.cpt(difficulty, weak, strong, share) for share in (0.5, 0.8))
    out["weak_alone"], out["strong_alone"] = float(np.nanmean(weak)), float(np.nanmean(strong))
    return out


def constant_success(rows, mask):
    """The mean success by ability elsewhere: the forecast that knows nothing of the prompt."""
    means = [
        np.nanmean(rows.outcome[mask & (rows.family == family)], axis=0) for family in np.unique(rows.family[mask])
    ]
    return np.mean(means, axis=0)


def calibration(forecast, truth, base, bins=10):
    """Brier score, that of the constant, and the mean gap of forecast and outcome over ten equal bins."""
    valid = ~np.isnan(truth)
    brier = float(np.mean((forecast - truth)[valid] ** 2))
    constant = float(np.mean((base - truth)[valid] ** 2))
    flat, outcome = forecast[valid], truth[valid]
    order = np.argsort(flat, kind="stable")
    gaps = [abs(flat[part].mean() - outcome[part].mean()) for part in np.array_split(order, bins)]
    return dict(brier=brier, brier_constant=constant, gap=float(np.mean(gaps)))
