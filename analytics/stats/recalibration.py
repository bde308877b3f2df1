"""Logistic recalibration: how the log odds of the score would have to be stretched and shifted."""

from __future__ import annotations

import math

import numpy as np

from analytics.needs import Floats, Scores

STEPS, TOLERANCE, CLIP = 50, 1e-10, 1e-9


def recalibrate(scores: Scores) -> tuple[float, float, Floats] | None:
    """(intercept, slope, covariance) of the logistic regression of labels on the score's log odds.

    Newton's method on the distinct scores; the covariance is the inverse information, scaled by
    Kish's design effect. None where the labels are separated or one class is missing.

    >>> scores = Scores(np.array([0.2, 0.8]), np.array([20.0, 80.0]), np.array([80.0, 20.0]), 200, 200.0)
    >>> found = recalibrate(scores)
    >>> round(abs(found[0]), 6), round(found[1], 6)
    (0.0, 1.0)
    """
    pos, neg = scores.positives, scores.negatives
    n, total = pos + neg, float((pos + neg).sum())
    if min(float(pos.sum()), float(neg.sum())) <= 0 or len(scores.score) < 2:
        return None
    p = np.clip(scores.score, CLIP, 1 - CLIP)
    x = np.log(p / (1 - p))
    design = np.column_stack([np.ones_like(x), x])
    beta = np.array([math.log(float(pos.sum() / neg.sum())), 0.0])  # the base rate alone
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        weight = n * said * (1 - said)
        information = design.T @ (design * weight[:, None])
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, design.T @ (pos - n * said))
        beta = beta + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < TOLERANCE:
            break
    else:
        return None
    if not math.isfinite(float(beta[1])) or abs(float(beta[1])) > 100:
        return None
    covariance: Floats = np.linalg.inv(information) * scores.sum_w2 / total
    return float(beta[0]), float(beta[1]), covariance
