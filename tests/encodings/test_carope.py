"""CARoPE against the paper's formula, one score at a time."""

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, both_precisions, build, draw, per_head, products, table, turned_apart
from torch import Tensor

from benchmark.encodings.encoding import Encoding, Site


def carope(width: int, dtype: torch.dtype = torch.float64) -> Encoding:
    """CARoPE with weights large enough to matter."""
    encoding = build("carope", width).to(dtype)
    draws = torch.Generator().manual_seed(5)
    for weight in encoding.parameters():
        torch.nn.init.normal_(weight, generator=draws)
    return encoding


def site(hidden: Tensor, causal: bool = True) -> Site:
    return Site.of(hidden, torch.arange(hidden.shape[1])[None], causal=causal)


def speeds_of(x: Tensor, encoding: Encoding) -> Tensor:
    """f of every token of x [B, T, C] in every head, one by one; [T, B, H]."""
    found = []
    for t in range(x.shape[1]):
        for b in range(BATCH):
            for weight, offset in zip(encoding.speed.weight, encoding.speed.bias, strict=True):
                logit = (weight * x[b, t]).sum() + offset
                found.append(1 / (torch.log(1 + torch.exp(logit)) + 1))
    return torch.stack(found).view(x.shape[1], BATCH, HEADS)


@pytest.mark.parametrize("width", [7, 4, 3])
@both_precisions
def test_scores_and_their_gradients_are_the_papers(width: int, dtype: torch.dtype, tolerance: float) -> None:
    encoding = carope(width, dtype)
    q, k = (per_head(width, dtype, seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * width, dtype=dtype, seed=2)
    speeds = speeds_of(x, encoding)

    def score(i: int, j: int) -> Tensor:
        angles = [q.new_zeros(BATCH, HEADS) for _ in range(width // 2)]
        for t in range(min(i, j) + 1, max(i, j) + 1):
            power = torch.ones_like(speeds[t])
            for pair in range(width // 2):
                angles[pair] = angles[pair] + (power if i > j else -power)
                power = power * speeds[t]
        return turned_apart(q[:, :, i], k[:, :, j], torch.stack(angles, dim=-1))

    inputs = (q, k) if width == 3 else (q, k, x, *encoding.parameters())  # one pair: no speed has a power above 0
    ours, theirs = products(encoding, q, k, site(x, causal=False)), table(score)
    agree(
        ours,
        theirs,
        inputs,
        tolerance,
        gradient_tolerance=lambda expected: tolerance * expected.abs().amax().item(),
    )


@pytest.mark.parametrize("width, base", [(7, 10000.0), (64, 10000.0), (4, 1e9), (2, 10000.0), (13, 1.5)])
def test_a_fresh_layer_is_rope(width: int, base: float) -> None:
    """Even where 1/f is large enough for exp to overflow."""
    q, k = (per_head(width, seed=seed) for seed in range(2))
    here = site(draw(BATCH, LENGTH, HEADS * width, seed=2))
    ours, theirs = (products(build(f"{name}:base={base}", width).double(), q, k, here) for name in ("carope", "rope"))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_token_turns_itself_and_all_later_tokens_but_never_the_first_pair() -> None:
    encoding, x, place = carope(6), draw(BATCH, LENGTH, HEADS * 6).detach(), 5
    before = encoding.table(site(x), torch.float64)[0]
    changed = x.clone()
    changed[:, place] += 1
    moved = (encoding.table(site(changed), torch.float64)[0] - before).abs().amax(dim=(0, 1)) > 1e-9
    assert moved.tolist() == [[False, t >= place, t >= place] for t in range(LENGTH)]


def test_a_base_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="carope: base is 1"):
        build("carope:base=1", 5)
