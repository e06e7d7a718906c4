"""Outcomes of models on prompts of known difficulty and class in; the success that selection's own curve forecasts out."""

import numpy as np

# The curve of `select/rank.rs`: points of score per factor e in the odds, the demand of the easiest and the hardest request.
SLOPE, EASY, HARD = 8.0, -5.0, 45.0
# Prompts of a class that count as much as all prompts together: for its level, for how models differ in it.
LEVEL, OWN = 10, 100


def forecast(difficulty, scored_as, quality, fold):
    """Probability of success of every model, from abilities by class that the other folds show."""
    out = np.zeros_like(quality)
    for at in np.unique(fold):
        inside = fold != at
        overall = fit(difficulty[inside], quality[inside])
        for name in np.unique(scored_as):
            known, asked = inside & (scored_as == name), (fold == at) & (scored_as == name)
            ability = by_class(overall, difficulty[known], quality[known])
            out[asked] = 1 / (1 + np.exp((demand(difficulty[asked])[:, None] - ability) / SLOPE))
    return out


def by_class(overall, difficulty, quality):
    """Abilities in one class, shrunk towards those in all."""
    count = len(quality)
    if count == 0:
        return overall
    own = fit(difficulty, quality) - overall
    level = own.mean()
    return np.clip(overall + level * count / (count + LEVEL) + (own - level) * count / (count + OWN), 0, 100)


def fit(difficulty, quality):
    """The ability of each model at which the curve expects its mean outcome."""
    low, high = np.full(quality.shape[1], EASY - 60.0), np.full(quality.shape[1], HARD + 60.0)
    seen, demands = np.clip(quality.mean(0), 0.02, 0.98), demand(difficulty)[:, None]
    for _ in range(50):
        middle = (low + high) / 2
        short = (1 / (1 + np.exp((demands - middle) / SLOPE))).mean(0) < seen
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return (low + high) / 2


def demand(difficulty):
    """Points of score that a difficulty asks for."""
    return EASY + (HARD - EASY) * difficulty
