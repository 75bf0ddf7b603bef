"""CoPE against loops over the paper's formula, and against x-transformers."""

import math
from unittest import mock

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, attention_weights, both_precisions, draw, per_head, site
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.cope import CoPE
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention

WIDTH = 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=1, train_length=LENGTH)


def cope(settings: str, dtype: torch.dtype) -> Encoding:
    encoding = make(f"cope{settings}", SHAPE).to(dtype)
    torch.nn.init.normal_(encoding.table, generator=torch.Generator().manual_seed(5))
    return encoding


def queries_and_keys(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return per_head(WIDTH, dtype), per_head(WIDTH, dtype, seed=1)


def loop(q: Tensor, k: Tensor, table: Tensor, scale: float) -> Tensor:
    """Counting gates from the query back to the key, one at a time; [B, H, Q, K] of attention."""
    last = len(table) - 1
    rows = []
    for b in range(BATCH):
        for h in range(HEADS):
            for i in range(LENGTH):
                raw, place = [], torch.zeros((), dtype=q.dtype)
                for j in range(i, -1, -1):
                    content = (q[b, h, i] * k[b, h, j]).sum() / math.sqrt(WIDTH)
                    place = place + 1 / (1 + torch.exp(-content))
                    here = place if place < last else torch.full((), float(last), dtype=q.dtype)
                    low = math.floor(here.item())
                    high = math.ceil(here.item())
                    vector = table[low] + (here - low) * (table[high] - table[low])
                    raw.append(content + scale * (q[b, h, i] * vector).sum())
                row = torch.stack(raw[::-1]).softmax(0)
                rows.append(torch.cat((row, row.new_zeros(LENGTH - i - 1))))
    return torch.stack(rows).view(BATCH, HEADS, LENGTH, LENGTH)


@both_precisions
@pytest.mark.parametrize(
    "settings, scale", [("", 1), (":places=3", 1), (":places=13", 1), (":scaled=true", 1 / math.sqrt(WIDTH))]
)
def test_attention_and_its_gradients_are_the_papers(
    settings: str, scale: float, dtype: torch.dtype, tolerance: float
) -> None:
    hold_to_the_paper(cope(settings, dtype), scale, dtype, tolerance)


def hold_to_the_paper(encoding: Encoding, scale: float, dtype: torch.dtype, tolerance: float) -> None:
    q, k = queries_and_keys(dtype)
    ours, theirs = attention_weights(encoding, q, k, site(dtype=dtype)), loop(q, k, encoding.table, scale)
    agree(ours, theirs, (q, k, encoding.table), tolerance)


class SeesTheFuture(CoPE):
    """Gates are counted over all keys, and not over the visible ones."""

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        unmasked = q @ k.transpose(-1, -2) / math.sqrt(WIDTH)
        return scores + super().rescore(unmasked, q, k, site) - unmasked


class WrongDirection(CoPE):
    """Counts gates from the first token to the key, which keeps every promise of the contract."""

    def count(self, scores: Tensor) -> Tensor:
        return scores.sigmoid().cumsum(-1)


@pytest.mark.parametrize("planted", [SeesTheFuture, WrongDirection])
def test_a_planted_fault_is_caught(planted: type[CoPE]) -> None:
    encoding = planted(SHAPE).double()
    encoding.load_state_dict(cope("", torch.float64).state_dict())
    with pytest.raises(AssertionError, match="not close"):
        hold_to_the_paper(encoding, 1, torch.float64, 1e-9)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # of x-transformers
@both_precisions
@pytest.mark.parametrize("places", [3, 7])
def test_equals_x_transformers(places: int, dtype: torch.dtype, tolerance: float) -> None:
    from x_transformers.x_transformers import CoPE as TheirCoPE

    encoding, (q, k) = cope(f":places={places}", dtype), queries_and_keys(dtype)
    theirs = TheirCoPE(WIDTH, HEADS, places).to(dtype)
    theirs.pos_emb.data.copy_(encoding.table.data)
    hidden = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)
    content = (q @ k.transpose(-1, -2) / math.sqrt(WIDTH)).masked_fill(hidden, -torch.inf)
    wanted = (content + theirs(q, content)).softmax(-1)
    ours = attention_weights(encoding, q, k, site(dtype=dtype))
    agree(ours, wanted, (q, k, encoding.table), tolerance, their_inputs=(q, k, theirs.pos_emb))


@pytest.mark.parametrize(("level", "share"), [(0.0, (0, 0)), (-2.0, (0.1, 0.9)), (-9.0, (1, 1))])
def test_keys_far_back_are_counted_only_for_queries_that_have_not_reached_the_last_place(
    level: float, share: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding, (queries, keys) = cope(":places=3", torch.float32), (4, 150)
    raw, q = (draw(2, 3, queries, width, dtype=torch.float32, seed=width) for width in (keys, WIDTH))
    raw = (level + raw).detach().requires_grad_()
    here = site(range(keys), queries=queries)
    counted = mock.Mock(wraps=encoding.count)
    monkeypatch.setattr(encoding, "count", counted)
    rescored = encoding.rescore(raw, q, q, here)
    near, far = (call.args[0].shape for call in counted.call_args_list)
    assert near == (2, 3, queries, queries + 4 * 3) and far[1] == keys - near[-1]
    assert share[0] <= far[0] / (2 * 3 * queries) <= share[1]
    logits = q @ encoding.table.T
    torch.testing.assert_close(rescored, raw + encoding.at(encoding.count(raw), logits))
    mine, wanted = (
        torch.autograd.grad(each, (raw, q, encoding.table), torch.ones_like(raw), retain_graph=True)
        for each in (rescored, raw + encoding.at(encoding.count(raw), logits))
    )
    torch.testing.assert_close(mine, wanted, atol=1e-4, rtol=1e-4)


def test_attention_in_blocks_of_a_long_row_is_that_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = cope(":places=3", torch.float32)
    q, k, v = (draw(2, HEADS, 90, WIDTH, dtype=torch.float32, seed=seed) for seed in range(3))
    counted = []
    count = encoding.count
    monkeypatch.setattr(encoding, "count", lambda raw: counted.append(raw.shape) or count(raw))

    def mixed() -> Tensor:
        return attention.attend(q, k, v, site(range(90)), encoding, scale=1 / math.sqrt(WIDTH))[0]

    whole = mixed()
    assert counted == [(2, HEADS, 90, 90)]
    counted.clear()
    monkeypatch.setattr(attention, "BLOCK_SCORES", 7 * 2 * HEADS * 90)
    with torch.inference_mode():
        torch.testing.assert_close(mixed(), whole)
    every = sum(math.prod(shape) for shape in counted)
    assert (2, HEADS, 7, 19) in counted  # seven queries, and four times three places
    assert every < 2 * HEADS * 90 * 90 / 3


def test_with_every_gate_open_places_are_distances_plus_one() -> None:
    encoding = make("cope:places=97", SHAPE)
    wide_open = torch.full((1, 1, LENGTH, LENGTH), 50.0).tril()
    wide_open = wide_open.masked_fill(torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1), -torch.inf)
    expected = torch.tensor([[max(0, i - j + 1) for j in range(LENGTH)] for i in range(LENGTH)])
    torch.testing.assert_close(encoding.count(wide_open)[0, 0], expected.float())


def test_bfloat16_scores_are_counted_in_float32() -> None:
    """bfloat16 would stop counting at 256."""
    encoding = make("cope:places=600", SHAPE)
    counted = encoding.count(torch.full((1, 1, 1, 512), 50.0, dtype=torch.bfloat16))
    assert counted[0, 0, 0, 0].item() == 512


def test_the_table_defaults_to_half_the_trained_length() -> None:
    assert make("cope", SHAPE).table.shape == (6, WIDTH)
    assert make("cope", Shape(width=5, heads=1, layers=1, train_length=1)).table.shape == (2, WIDTH)


@pytest.mark.parametrize("places", [-1, 1])
def test_too_few_places_are_refused(places: int) -> None:
    with pytest.raises(ValueError, match=f"cope: places is {places}, but must be at least 2"):
        make(f"cope:places={places}", SHAPE)


@pytest.mark.parametrize("grad", [True, False])
def test_scores_that_are_not_numbers_index_no_place(grad: bool) -> None:
    """A diverged model has NaN scores, which must not become indices."""
    encoding, (q, k) = cope(":places=3", torch.float32), queries_and_keys(torch.float32)
    with torch.set_grad_enabled(grad):
        lost = attention_weights(encoding, q * math.nan, k, site())
    assert lost.isnan().all()
