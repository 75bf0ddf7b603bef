"""Shaw against the attention of transformers' Wav2Vec2-BERT, and against plain loops."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import scores

BATCH, HEADS, LENGTH, WIDTH = 2, 3, 11, 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def draw(*sizes: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def shaw(clip: int, dtype: torch.dtype) -> Encoding:
    encoding = make(f"shaw:clip={clip}", SHAPE).to(dtype)
    torch.nn.init.normal_(encoding.table, generator=torch.Generator().manual_seed(5))
    return encoding


def run(encoding: Encoding, q: Tensor, k: Tensor, site: Site) -> Tensor:
    return scores(q, k, site, encoding, 1 / math.sqrt(WIDTH)).softmax(-1)


def agree(ours: Tensor, theirs: Tensor, inputs: tuple[Tensor, ...], wanted: tuple[Tensor, ...], close: float) -> None:
    """Outputs, and gradients of each by its own inputs."""
    torch.testing.assert_close(ours, theirs, atol=close, rtol=close)
    downstream = draw(*ours.shape, dtype=ours.dtype, seed=7)
    mine = torch.autograd.grad(ours, inputs, downstream, retain_graph=True)
    expected = torch.autograd.grad(theirs, wanted, downstream)
    torch.testing.assert_close(mine, expected, atol=close, rtol=close)


@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
@pytest.mark.parametrize("clip", [1, 3, 16])
def test_equals_transformers(clip: int, causal: bool, dtype: torch.dtype, tolerance: float) -> None:
    from transformers import Wav2Vec2BertConfig
    from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention

    config = Wav2Vec2BertConfig(
        hidden_size=SHAPE.width,
        num_attention_heads=HEADS,
        position_embeddings_type="relative_key",
        left_max_position_embeddings=clip,
        right_max_position_embeddings=clip,
        attn_implementation="eager",
    )
    encoding, theirs = shaw(clip, dtype), Wav2Vec2BertSelfAttention(config).to(dtype).eval()
    theirs.distance_embedding.weight.data.copy_(encoding.table.data)
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=dtype, seed=0).requires_grad_()
    ahead = torch.zeros(LENGTH, LENGTH, dtype=dtype)
    if causal:
        ahead = ahead.masked_fill(torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1), -torch.inf)
    _, wanted = theirs(x, attention_mask=ahead[None, None])
    q, k = (each(x).view(BATCH, LENGTH, HEADS, WIDTH).transpose(1, 2) for each in (theirs.linear_q, theirs.linear_k))
    ours = run(encoding, q, k, Site.of(x, torch.arange(LENGTH)[None], causal=causal))
    agree(ours, wanted, (x, encoding.table), (x, theirs.distance_embedding.weight), tolerance)


def loop(q: Tensor, k: Tensor, table: Tensor, clip: int) -> Tensor:
    """Each key has the vector of its clipped distance added; one pair of places at a time, [B, H, Q, K]."""
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i, its_place in enumerate(PLACES):
                for j, place in enumerate(PLACES):
                    vector = table[max(-clip, min(clip, place - its_place)) + clip]
                    rows.append((q[b, h, i] * (k[b, h, j] + vector)).sum() / math.sqrt(WIDTH))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH).softmax(-1)


@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
@pytest.mark.parametrize("clip", [2, 7])
def test_positions_with_gaps_are_the_papers(clip: int, dtype: torch.dtype, tolerance: float) -> None:
    encoding = shaw(clip, dtype)
    q, k = (draw(BATCH, HEADS, LENGTH, WIDTH, dtype=dtype, seed=seed).requires_grad_() for seed in (0, 1))
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    site = Site.of(hidden, torch.tensor([PLACES]).expand(BATCH, -1), causal=False)
    inputs = (q, k, encoding.table)
    agree(run(encoding, q, k, site), loop(q, k, encoding.table, clip), inputs, inputs, tolerance)


def test_keys_ahead_have_the_first_rows_reversed_in_time() -> None:
    """The paper's order of rows: from K behind (-K) to K ahead (K) of the query."""
    rows = make("shaw:clip=3", SHAPE).rows(torch.tensor([9, 3, 2, 0, -2, -3, -9]))
    assert rows.tolist() == [0, 0, 1, 3, 5, 6, 6]


def test_a_position_between_whole_numbers_takes_the_nearest_distance() -> None:
    rows = make("shaw:clip=3", SHAPE).rows(torch.tensor([1.2, 1.9, -0.4, 3.4]))
    assert rows.tolist() == [2, 1, 3, 0]


def test_past_the_clip_distance_makes_no_difference() -> None:
    encoding = shaw(2, torch.float64)
    q = draw(1, HEADS, 1, WIDTH, dtype=torch.float64, seed=0)
    site = Site.of(torch.zeros(1, LENGTH, SHAPE.width), torch.arange(LENGTH)[None], queries=1)
    added = encoding.rescore(torch.zeros(1, HEADS, 1, LENGTH, dtype=torch.float64), q, q, site)
    assert added[..., :-2].diff().count_nonzero() == 0
    assert (added[..., -3:].diff().abs() > 1e-3).all()


def test_the_table_is_drawn_after_glorot() -> None:
    table = make("shaw", Shape(width=97, heads=1, layers=1, train_length=LENGTH)).table
    assert table.shape == (33, 97)
    assert table.abs().amax().item() == pytest.approx(math.sqrt(6 / (33 + 97)), rel=0.01)


@pytest.mark.parametrize("clip", [0, -1])
def test_a_clip_below_one_is_refused(clip: int) -> None:
    with pytest.raises(ValueError, match=f"shaw: clip is {clip}, but must be at least 1"):
        make(f"shaw:clip={clip}", SHAPE)
