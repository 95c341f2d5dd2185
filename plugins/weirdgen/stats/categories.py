"""Drift of a whole distribution of labels between two arms, without saying which label will move."""

import numpy as np

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.outcomes import IntArray

_FIRST_LABEL, _OTHER_LABEL = 3.0, 0.3
"""Dirichlet prior: label 0 is expected to be the ordinary one. A poor guess costs samples, not validity."""


def log_e_categories(treated: IntArray, control: IntArray, k: int) -> FloatArray:
    """Return the log e-values against "on every question both arms have the same distribution of labels".

    Turner, Ly and Grunwald (2024, JSPI 230:106116) for two streams: a pair with labels y and y' has the factor
    ``p_T(y) p_C(y') / (p(y) p(y'))`` with ``p = (p_T + p_C) / 2``, where p_T and p_C are the arms' Dirichlet predictive
    distributions from the pairs before it. If both labels come from one distribution, whichever, the two halves of the
    factor have means that add up to 2, so the mean of their product is at most 1. So questions may differ from each
    other in any way and come in any order, and every pair may be looked at, if both labels of a pair answer the same
    question.

    Not tested is the wider null "the distributions pooled over questions are the same": shifts that cancel over the
    questions are a change, and are found. Within a round such shifts alone reach an e-value of 20 (exact example in the
    tests).

    Args:
        treated: labels in [0, k), in the order in which the pairs were planned, shape (pairs,). 0 is the ordinary
            label. A missing label is a label of its own: leaving out its pair would bias the rest.
        control: labels of the same questions, same shape.
        k: number of labels.

    Returns:
        After every pair, shape (pairs,).

    Raises:
        ValueError: the shapes differ or a label is outside [0, k).
    """
    if treated.shape != control.shape:
        raise ValueError(f"{treated.shape} treated labels for {control.shape} control labels: pairs need both")
    labels = np.stack((treated, control))
    if not bool(((labels >= 0) & (labels < k)).all()):
        raise ValueError(f"labels must lie in [0, {k})")
    predictive = np.stack([_predictive(arm, k) for arm in labels])
    own = np.take_along_axis(predictive, labels[..., None], axis=-1)
    mean = np.take_along_axis(predictive.mean(axis=0, keepdims=True), labels[..., None], axis=-1)
    return np.asarray(np.cumsum(np.log(own / mean).sum(axis=(0, 2))), dtype=np.float64)


def _predictive(labels: IntArray, k: int) -> FloatArray:
    """Return the probability of every label before each pair, from the pairs before it; shape (pairs, k)."""
    prior = np.full(k, _OTHER_LABEL)
    prior[:1] = _FIRST_LABEL
    seen = np.eye(k)[labels]
    before = np.cumsum(seen, axis=0) - seen + prior
    return np.asarray(before / before.sum(axis=-1, keepdims=True), dtype=np.float64)
