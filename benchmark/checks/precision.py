"""Drift in bfloat16: the share of attention that goes elsewhere than in float32, by position.

    drift = sum over keys |a - b| / 2,   a and b the attention weights of a query in bfloat16 and in float32

Half the sum of absolute differences is the share of attention that moves, from 0 to 1. Rounding moves about the same
share at every position. Drift that grows with position comes from an angle, a distance or a count that bfloat16 cannot
hold: past 256 it cannot represent every integer. Both runs use the same weights, already rounded to bfloat16.
"""

import torch

from benchmark.checks.outcome import Curve, Finding, spared
from benchmark.checks.subject import Subject, rows, site_of, weights_at
from benchmark.model.transformer import Transformer

LENGTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
QUERIES = 8  # the last of each length
WORDS = 4096  # vocabulary: so large that rounding errors of equal tokens do not add up
# At 4,096 tokens most encodings drift by 0.002, as they do at 8; CoPE, which sums rounded gates, by 0.05. With angles,
# distances or counts in bfloat16: RoPE 0.28, ALiBi 0.13, sinusoidal 0.22, CoPE 0.61.
TOLERATED = 0.08
GROWTH = 4.0  # times the drift of the first tokens: drift that is as large there does not come from position


@torch.no_grad()
def drift(subject: Subject) -> Finding:
    """The share of attention that moves, by position, is small or does not grow."""
    curve = measure(subject)
    if not curve:
        return spared(f"it has fewer than {LENGTHS[0]} positions")
    (_, first), (position, last) = curve[0], curve[-1]
    passed = last <= max(TOLERATED, GROWTH * first)
    return Finding(
        status="pass" if passed else "fail",
        detail=f"share of attention that moves: {first:.4f} up to position {curve[0][0]}, {last:.4f} up to position "
        f"{position:,} (allowed {TOLERATED}, or {GROWTH:g} times the first value)",
        curve=curve,
    )


def measure(subject: Subject) -> Curve:
    """(position, drift) of the last queries of each length that the encoding supports."""
    exact, rounded = (subject.long_model(LENGTHS[-1], WORDS).bfloat16() for _ in range(2))
    exact.float()
    limit = exact.encoding.max_length or LENGTHS[-1]
    lengths = [length for length in LENGTHS if length <= limit]
    return tuple((length - 1, _moved(exact, rounded, rows(length, vocabulary=WORDS))) for length in lengths)


def _moved(exact: Transformer, rounded: Transformer, tokens: torch.Tensor) -> float:
    """The mean drift of the last queries over layers, rows and heads."""
    shares = []
    for layer in range(exact.shape.layers):
        a, b = (weights_at(model, site_of(model, tokens, layer, queries=QUERIES)) for model in (exact, rounded))
        shares.append((a - b.float()).abs().sum(-1).mean() / 2)
    return float(torch.stack(shares).mean())
