"""Tables and training rows in, measurements out: leave-family-out, in-domain folds, a pool, each beside its baselines."""

import metrics
import model
import numpy as np

FOLDS = 5


def shipped(rank, prior, reach):
    """The difficulty as `difficulty.rs` puts it together where the words are known."""
    return np.clip(prior + reach * (2 * rank - 1), 0, 1)


def baselines(surface):
    """Scores that need no training."""
    return {"prompt length": surface[:, 0], "constant": np.zeros(len(surface))}


def everything(data, rows):
    return dict(families=leave_family_out(data, rows), folds=in_domain(data, rows))


def leave_family_out(data, rows):
    """APGR per table of a family that training has not seen."""
    out = []
    fits = {}
    for name, table in data.items():
        for family in np.unique(table.family):
            inside = table.family == family
            # Near copies that ride along in another table are measured where they are at home.
            if inside.sum() < 400 or (name == "ulab_llmrouter" and family != "ulab"):
                continue
            if family not in fits:
                mask = rows.family != family
                fits[family] = model.fit(rows, mask)
            fitted = fits[family]
            score = fitted.raw(table.hashed[inside], table.surface[inside])
            weak, strong = (outcome[inside] for outcome in table.pair)
            shown = {key: metrics.apgr(value[inside], weak, strong) for key, value in baselines(table.surface).items()}
            apgr, error = metrics.with_error(score, weak, strong)
            difficulty = shipped(fitted.rank(score), table.prior[inside], table.reach[inside])
            shown["shipped"] = metrics.apgr(difficulty, weak, strong)
            out.append(dict(family=family, table=name, rows=int(inside.sum()), apgr=apgr, error=error, **shown))
    return out


def in_domain(data, rows):
    """APGR per training table, five folds; equal prompts of two tables share a fold."""
    _, inverse = np.unique(rows.prompt.astype(str), return_inverse=True)
    fold = np.random.default_rng(0).integers(0, FOLDS, inverse.max() + 1)[inverse]
    score, difficulty, brier = np.zeros(len(rows.gain)), np.zeros(len(rows.gain)), np.zeros((len(rows.gain), 3))
    for at in range(FOLDS):
        fitted = model.fit(rows, fold != at)
        held = fold == at
        score[held] = fitted.raw(rows.hashed[held], rows.surface[held])
        difficulty[held] = shipped(fitted.rank(score[held]), rows.prior[held], rows.reach[held])
        brier[held] = fitted.succeed(rows.surface[held])
    out = []
    for name in np.unique(rows.table.astype(str)):
        inside = rows.table == name
        weak, strong = data[name].pair
        shown = {key: metrics.apgr(value, weak, strong) for key, value in baselines(rows.surface[inside]).items()}
        apgr, error = metrics.with_error(score[inside], weak, strong)
        shown["shipped"] = metrics.apgr(difficulty[inside], weak, strong)
        truth = np.column_stack([rows.weak, rows.mid, rows.strong])[inside]
        out.append(
            dict(
                table=name,
                rows=int(inside.sum()),
                apgr=apgr,
                error=error,
                calibration=calibration(brier[inside], truth),
                **shown,
            )
        )
    return out


def calibration(forecast, truth, bins=10):
    """Mean absolute gap between forecast and outcome over ten equal bins, all abilities together."""
    forecast, truth = forecast.ravel(), truth.ravel()
    order = np.argsort(forecast, kind="stable")
    gaps = [abs(forecast[part].mean() - truth[part].mean()) for part in np.array_split(order, bins)]
    return float(np.mean(gaps))
