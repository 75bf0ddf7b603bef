"""RePo against the paper's formula, one token and one score at a time."""

from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, both_precisions, build, draw, per_head, products, table, turned_apart
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

WIDTH = 11  # of a head: 33 channels, an eighth of which is 4


def repo(settings: str = "", layers: int = 2) -> Encoding:
    return make(f"repo{settings}", Shape(width=HEADS * WIDTH, heads=HEADS, layers=layers, train_length=LENGTH))


def site(hidden: Tensor, layer: int, queries: int | None = None) -> Site:
    own = Site.of(hidden, torch.arange(hidden.shape[1])[None], queries=queries)
    return replace(own, layer=layer)


def places_of(x: Tensor, weights: list[Tensor]) -> Tensor:
    """The position of every token of x [B, T, C] in every head, one by one; [T, B, H]."""
    into_gate, into_content, out = weights
    found = []
    for t in range(x.shape[1]):
        for b in range(BATCH):
            gates = [(row * x[b, t]).sum() for row in into_gate]
            contents = [(row * x[b, t]).sum() for row in into_content]
            for row in out:
                terms = [w * g / (1 + torch.exp(-g)) * c for w, g, c in zip(row, gates, contents, strict=True)]
                found.append(sum(terms, start=x.new_zeros(())))
    return torch.stack(found).view(x.shape[1], BATCH, HEADS)


@pytest.mark.parametrize("settings, layers, layer, base", [("", 2, 1, 10000), (":base=97:kept=0", 3, 2, 97)])
@both_precisions
def test_scores_and_their_gradients_are_the_papers(
    settings: str, layers: int, layer: int, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = repo(settings, layers).to(dtype)
    weights = [*encoding.maps[-1].parameters()]
    for weight in weights:
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(5), std=0.25)
    q, k = (per_head(WIDTH, dtype, seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * WIDTH, dtype=dtype, seed=2)
    places = places_of(x, weights)
    speeds = torch.tensor([base ** (-2 * n / (WIDTH - 1)) for n in range(WIDTH // 2)], dtype=dtype)
    theirs = table(
        lambda i, j: turned_apart(q[:, :, i], k[:, :, j], (places[i] - places[j])[..., None] * speeds),
    )
    ours = products(encoding, q, k, site(x, layer))
    agree(
        ours,
        theirs,
        (q, k, x, *weights),
        tolerance,
        gradient_tolerance=lambda expected: tolerance * expected.abs().amax().item(),
    )


@pytest.mark.parametrize("layers, plain", [(1, 0), (2, 1), (3, 1), (4, 1), (16, 5), (32, 10)])
def test_the_first_five_sixteenths_of_the_layers_are_rope(layers: int, plain: int) -> None:
    encoding = repo(layers=layers).double()
    assert len(encoding.maps) == layers - plain
    q, k, rope = per_head(WIDTH), per_head(WIDTH, seed=1), build("rope", WIDTH)
    x = draw(BATCH, LENGTH, HEADS * WIDTH, seed=2)
    same = [torch.equal(products(encoding, q, k, site(x, n)), products(rope, q, k, site(x, n))) for n in range(layers)]
    assert same == [n < plain for n in range(layers)]


def test_order_plays_no_part_where_content_sets_the_position() -> None:
    encoding = repo().double()
    q, k = (per_head(WIDTH, seed=seed) for seed in range(2))
    x = draw(BATCH, LENGTH, HEADS * WIDTH, seed=2)
    before = products(encoding, q, k, site(x, 1))
    after = products(encoding, q.flip(2), k.flip(2), site(x.flip(1), 1))
    torch.testing.assert_close(after.flip(2, 3), before, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("mixed", [False, True], ids=["cast", "autocast"])
def test_bfloat16_positions_are_float32(mixed: bool) -> None:
    """Positions of hundreds, from inputs and weights that bfloat16 can hold."""
    encoding = repo().bfloat16()
    for weight in encoding.maps[0].parameters():
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(5))
    x = draw(BATCH, LENGTH, HEADS * WIDTH, dtype=torch.float32, seed=2).detach().bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
        places = encoding.maps[0](x)
    assert places.dtype == torch.float32
    assert places.abs().amax() > 100
    wanted = encoding.double().maps[0](x.double())
    torch.testing.assert_close(places.double(), wanted, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("setting", ["base=1", "kept=-0.1", "kept=1.0"])
def test_a_value_out_of_range_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"repo: {setting.partition('=')[0]} is "):
        repo(f":{setting}")
