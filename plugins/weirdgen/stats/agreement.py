"""How far two judges of the same answers agree beyond chance."""

from collections import Counter
from collections.abc import Sequence


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa, (p_o - p_e) / (1 - p_e): 1 for full agreement, 0 for what chance alone gives.

    Args:
        pairs: of each answer the labels that the two gave.

    Returns:
        The statistic, at most 1; None without answers, or where both gave one and the same label to all of them, so
        that chance alone gives full agreement.

    Source: Cohen (1960), A coefficient of agreement for nominal scales, eq. 1.
    """
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(one == other for one, other in pairs) / n
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(count * second[label] for label, count in first.items()) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
