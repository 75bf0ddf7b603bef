"""ReRoPE against complex numbers turned by clipped distances, one pair at a time."""

import cmath
import math
from unittest import mock

import pytest
import torch
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.experiments.plan import trained_with
from benchmark.model.attention import scores

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 11, 7
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
GAPS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def draw(dtype: torch.dtype, seed: int, count: int = LENGTH, last: int = WIDTH) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, count, last, generator=draws, dtype=dtype).requires_grad_()


def site_of(places: list[list[int]], dtype: torch.dtype, queries: int = LENGTH, causal: bool = True) -> Site:
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    return Site.of(hidden, torch.tensor(places), queries=queries, causal=causal)


def run(encoding: Encoding, q: Tensor, k: Tensor, site: Site) -> Tensor:
    return scores(*encoding.rotate(q, k, site), site, encoding, 1 / math.sqrt(WIDTH)).softmax(-1)


def loop(q: Tensor, k: Tensor, site: Site, base: float, window: int) -> Tensor:
    """Pairs of channels as complex numbers, turned by the clipped distance; [B, H, Q, K]."""
    half = WIDTH // 2
    as_pairs = [torch.complex(each[..., :half], each[..., half : 2 * half]) for each in (q, k)]
    rows = []
    for b in range(BATCH):
        at_query, at_key = (each.expand(BATCH, -1)[b].tolist() for each in (site.query_positions, site.key_positions))
        for h in range(HEADS):
            for i, its_place in enumerate(at_query):
                for j, place in enumerate(at_key):
                    distance = max(-window, min(window, its_place - place))
                    turns = [cmath.exp(1j * distance * base ** (-n / half)) for n in range(half)]
                    first, second = as_pairs[0][b, h, i], as_pairs[1][b, h, j]
                    turned = sum((first[n] * turns[n] * second[n].conj()).real for n in range(half))
                    rows.append((turned + q[b, h, i, -1] * k[b, h, j, -1]) / math.sqrt(WIDTH))
    table = torch.stack(rows).view(BATCH, HEADS, len(at_query), LENGTH)
    return table.masked_fill(~site.visible, -torch.inf).softmax(-1)


ROWS = {"from-9": [list(range(9, 9 + LENGTH))], "by-row": [list(range(LENGTH)), GAPS]}


@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
@pytest.mark.parametrize("queries", [2, LENGTH])
@pytest.mark.parametrize("places", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize(
    "settings, base, window", [("", 10000.0, LENGTH // 2), (":base=97:window=3", 97.0, 3), (":window=1", 10000.0, 1)]
)
def test_attention_and_its_gradients_are_those_of_clipped_distances(
    settings: str,
    base: float,
    window: int,
    places: list[list[int]],
    queries: int,
    causal: bool,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    site = site_of(places, dtype, queries, causal)
    q, k = draw(dtype, 0, queries), draw(dtype, 1)
    ours, theirs = run(make(f"rerope{settings}", SHAPE), q, k, site), loop(q, k, site, base, window)
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = draw(dtype, 2, queries, LENGTH).detach()
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
def test_up_to_the_window_it_is_rope_itself(causal: bool) -> None:
    q, k = draw(torch.float32, 0), draw(torch.float32, 1)
    site = site_of([list(range(LENGTH))], torch.float32, causal=causal)
    rerope = make(f"rerope:window={LENGTH}", SHAPE)
    with mock.patch.object(rerope, "clipped") as clipped:
        assert torch.equal(run(rerope, q, k, site), run(make("rope", SHAPE), q, k, site))
    clipped.assert_not_called()


@pytest.mark.parametrize("causal, count", [(True, 1), (False, 2)], ids=["causal", "both-ways"])
def test_a_matrix_is_made_only_for_the_side_that_is_seen(causal: bool, count: int) -> None:
    q, k = draw(torch.float32, 0), draw(torch.float32, 1)
    rerope = make("rerope", SHAPE)
    with mock.patch.object(rerope, "clipped", wraps=rerope.clipped) as clipped:
        run(rerope, q, k, site_of([list(range(LENGTH))], torch.float32, causal=causal))
    assert clipped.call_count == count


def test_no_pair_is_further_than_the_window() -> None:
    """Equal keys past it have equal scores."""
    site = site_of([list(range(LENGTH))], torch.float64, queries=1)
    q, k = draw(torch.float64, 0, 1), draw(torch.float64, 1, 1).expand(-1, -1, LENGTH, -1)
    rerope = make("rerope:window=4", SHAPE)
    last = scores(*rerope.rotate(q, k, site), site, rerope, 1 / math.sqrt(WIDTH))[..., 0, :]
    assert last[..., : LENGTH - 4].diff().abs().amax() < 1e-12
    assert (last[..., LENGTH - 5 :].diff().abs() > 1e-6).all()


def test_bfloat16_queries_and_keys_are_turned_back_in_float32() -> None:
    """Angles too: bfloat16 would make 4096 of position 4095, and of most before it."""
    rerope, count = make("rerope:window=3", SHAPE), 4096
    q, k = (draw(torch.float32, seed, places).detach().bfloat16() for seed, places in ((0, 1), (1, count)))
    site = Site.of(torch.zeros(BATCH, count, SHAPE.width), torch.arange(count)[None], queries=1)
    clipped = rerope.clipped(q, k, site, 3)
    assert clipped.dtype == torch.float32
    torch.testing.assert_close(clipped.double(), rerope.clipped(q.double(), k.double(), site, 3), atol=1e-3, rtol=1e-3)


def test_the_window_is_half_the_trained_length_unless_told() -> None:
    assert make("rerope", SHAPE).window == 5
    assert make("rerope", Shape(width=2, heads=1, layers=1, train_length=1)).window == 1
    assert make("rerope:window=3", SHAPE).window == 3


def test_the_model_is_trained_with_rope_of_the_same_base() -> None:
    choice: Choice = CATALOGUE.choice("rerope:base=97:window=3")
    assert trained_with(choice).label == "rope:base=97"


@pytest.mark.parametrize("setting", ["base=1", "window=-1"])
def test_a_parameter_out_of_range_is_refused(setting: str) -> None:
    name, _, value = setting.partition("=")
    with pytest.raises(ValueError, match=f"rerope: {name} is {value}[.0]*, but must be "):
        make(f"rerope:{setting}", SHAPE)
