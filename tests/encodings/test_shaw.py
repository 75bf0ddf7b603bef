"""Shaw against Wav2Vec2-BERT's attention in transformers, and against loops over the paper's formula."""

import math

import pytest
import torch
from oracle import (
    BATCH,
    HEADS,
    LENGTH,
    PLACES,
    agree,
    attention_weights,
    both_masks,
    both_precisions,
    draw,
    per_head,
    site,
    table,
)
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site

WIDTH = 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)


def shaw(clip: int, dtype: torch.dtype) -> Encoding:
    encoding = make(f"shaw:clip={clip}", SHAPE).to(dtype)
    torch.nn.init.normal_(encoding.table, generator=torch.Generator().manual_seed(5))
    return encoding


@both_precisions
@both_masks
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
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    ahead = torch.zeros(LENGTH, LENGTH, dtype=dtype)
    if causal:
        ahead = ahead.masked_fill(torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1), -torch.inf)
    _, wanted = theirs(x, attention_mask=ahead[None, None])
    q, k = (each(x).view(BATCH, LENGTH, HEADS, WIDTH).transpose(1, 2) for each in (theirs.linear_q, theirs.linear_k))
    ours = attention_weights(encoding, q, k, Site.of(x, torch.arange(LENGTH)[None], causal=causal))
    their_inputs = (x, theirs.distance_embedding.weight)
    agree(ours, wanted, (x, encoding.table), tolerance, their_inputs=their_inputs)


def loop(q: Tensor, k: Tensor, vectors: Tensor, clip: int) -> Tensor:
    """Each key has the vector of its clipped distance added, for one pair of positions at a time; [B, H, Q, K]."""

    def score(i: int, j: int) -> Tensor:
        vector = vectors[max(-clip, min(clip, PLACES[j] - PLACES[i])) + clip]
        return (q[:, :, i] * (k[:, :, j] + vector)).sum(-1) / math.sqrt(WIDTH)

    return table(score).softmax(-1)


@both_precisions
@pytest.mark.parametrize("clip", [2, 7])
def test_positions_with_gaps_are_the_papers(clip: int, dtype: torch.dtype, tolerance: float) -> None:
    encoding = shaw(clip, dtype)
    q, k = per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)
    ours = attention_weights(encoding, q, k, site(PLACES, dtype=dtype, causal=False))
    agree(ours, loop(q, k, encoding.table, clip), (q, k, encoding.table), tolerance)


def test_rows_run_from_keys_ahead_to_keys_behind() -> None:
    """The paper's order of rows: from K behind (-K) to K ahead (K) of the query."""
    rows = make("shaw:clip=3", SHAPE).rows(torch.tensor([9, 3, 2, 0, -2, -3, -9]))
    assert rows.tolist() == [0, 0, 1, 3, 5, 6, 6]


def test_a_fractional_distance_is_rounded() -> None:
    rows = make("shaw:clip=3", SHAPE).rows(torch.tensor([1.2, 1.9, -0.4, 3.4]))
    assert rows.tolist() == [2, 1, 3, 0]


def test_beyond_the_clip_distance_makes_no_difference() -> None:
    encoding = shaw(2, torch.float64)
    q = draw(1, HEADS, 1, WIDTH)
    added = encoding.rescore(torch.zeros(1, HEADS, 1, LENGTH, dtype=torch.float64), q, q, site(queries=1))
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
