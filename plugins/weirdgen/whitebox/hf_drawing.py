"""Drawing tokens where the logits are, as `organisms.sampling.draw` does it in numpy: same numbers, same tokens."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from weirdgen.organisms.choice import Drawing
from weirdgen.organisms.sampling import draw as draw_in_numpy


def draw(logits: Tensor, drawings: Sequence[Drawing], uniforms: Sequence[float]) -> list[int]:
    """Draw one token per row by inverting the cumulative distribution of softmax(logits / temperature).

    Args:
        logits: (rows, vocabulary), float32.
        drawings: of each row.
        uniforms: of each row, in [0, 1).
    """
    plain = [row for row, drawing in enumerate(drawings) if drawing.temperature > 0 and drawing.top_p >= 1]
    tokens = [-1] * len(drawings)
    if plain:
        temperatures = [drawings[row].temperature for row in plain]
        drawn = _drawn(logits[plain], temperatures, [uniforms[row] for row in plain])
        for row, token in zip(plain, drawn, strict=True):
            tokens[row] = token
    for row in set(range(len(drawings))) - set(plain):
        one, drawing = logits[row : row + 1].cpu().numpy(), drawings[row]
        temperature, top_p = np.array([drawing.temperature]), np.array([drawing.top_p])
        tokens[row] = int(draw_in_numpy(one, temperature, top_p, np.array([uniforms[row]]))[0])
    return tokens


def _drawn(logits: Tensor, temperatures: Sequence[float], uniforms: Sequence[float]) -> list[int]:
    weights = logits.double()
    weights -= weights.max(dim=1, keepdim=True).values
    weights /= torch.tensor(temperatures, dtype=torch.float64, device=logits.device)[:, None]
    cumulative = weights.exp_().cumsum(dim=1)
    total = cumulative[:, -1:]
    uniform = torch.tensor(uniforms, dtype=torch.float64, device=logits.device)[:, None]
    # Rounding may lift u * total to total, which no token's cumulative weight exceeds.
    threshold = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
    tokens: list[int] = torch.searchsorted(cumulative, threshold, right=True)[:, 0].tolist()
    return tokens
