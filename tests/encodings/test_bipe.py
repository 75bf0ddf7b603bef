"""BiPE: segments and places counted token by token, RoPE and ALiBi over segments by hand, and the marks of a text."""

import math
from dataclasses import replace

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, agree, both_kernels, both_masks, both_precisions, content, draw, per_head
from oracle import attention as weighted
from torch import Tensor

from benchmark import tasks
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.attention import attend

MARKS = (3, 8)
WIDTH = 5
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=7, marks=MARKS)
ROWS = [[0, 1, 3, 2, 8, 8, 5, 6, 7, 5, 4], [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]]


def count(row: list[int]) -> list[tuple[int, int]]:
    """The segment and the place within it of every token."""
    found, segment, place = [], 0, 0
    for token in row:
        found.append((segment, place))
        segment, place = (segment + 1, 0) if token in MARKS else (segment, place + 1)
    return found


def test_segments_and_places_of_a_row_written_by_hand() -> None:
    segments = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 3]
    places = [0, 1, 2, 0, 1, 0, 0, 1, 2, 3, 4]
    assert count(ROWS[0]) == list(zip(segments, places, strict=True))
    positions = make("bipe", SHAPE).positions(torch.tensor(ROWS[:1]))
    assert (positions // 2**32).tolist() == [segments]
    assert (positions % 2**32).tolist() == [places]


@pytest.mark.parametrize("length", [0, 1, 2, 29])
def test_segments_are_counted_in_every_row(length: int) -> None:
    tokens = torch.randint(0, 11, (13, length), generator=torch.Generator().manual_seed(length))
    wanted = [[2**32 * segment + place for segment, place in count(row)] for row in tokens.tolist()]
    assert make("bipe", SHAPE).positions(tokens).tolist() == wanted


@both_precisions
def test_vectors_of_places_are_added_and_the_last_serves_all_later_ones(dtype: torch.dtype, tolerance: float) -> None:
    encoding = make("bipe", SHAPE).to(dtype)
    x = draw(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    rows = [
        vector + encoding.table[min(place, 6)] * math.sqrt(SHAPE.width)
        for row, given in zip(ROWS, x, strict=True)
        for (_, place), vector in zip(count(row), given, strict=True)
    ]
    assert max(place for _, place in count(ROWS[1])) == 9
    theirs = torch.stack(rows).view_as(x)
    agree(encoding.embed(x, encoding.positions(torch.tensor(ROWS))), theirs, (x, encoding.table), tolerance)


def between(b: int, i: int, j: int) -> int:
    """The number of segments from a key's to the query's."""
    segments = [segment for segment, _ in count(ROWS[b])]
    return segments[i] - segments[j]


@both_masks
@both_kernels
@both_precisions
@pytest.mark.parametrize("base", ["rope", "alibi"])
def test_attention_and_its_gradients_are_those_of_the_base_between_segments(
    base: str, dtype: torch.dtype, tolerance: float, weights: bool, causal: bool
) -> None:
    encoding = make(f"bipe:base={base}" + (":scale=96" if base == "alibi" else ""), SHAPE).to(dtype)
    hidden = torch.zeros(BATCH, LENGTH, SHAPE.width, dtype=dtype)
    here = Site.of(hidden, encoding.positions(torch.tensor(ROWS)), causal=causal)
    q, k, v = (per_head(WIDTH, dtype, seed) for seed in range(3))
    plain = content(q, k)

    def turned(b: int, h: int, i: int, j: int) -> Tensor:
        total = q[b, h, i, -1] * k[b, h, j, -1]
        for pair in range(2):
            angle = between(b, i, j) * 10000 ** (-pair / 2)
            (x, y), (u, w) = q[b, h, i, pair : pair + 3 : 2], k[b, h, j, pair : pair + 3 : 2]
            total = total + math.cos(angle) * (x * u + y * w) + math.sin(angle) * (x * w - y * u)
        return total / math.sqrt(WIDTH)

    def lowered(b: int, h: int, i: int, j: int) -> Tensor:
        slope = (2**-4, 2**-8, 2**-2)[h]  # of three heads
        return plain(b, h, i, j) - 96 * slope * abs(between(b, i, j))

    theirs = weighted(turned if base == "rope" else lowered, causal=causal) @ v
    ours, _ = attend(*encoding.rotate(q, k, here), v, here, encoding, scale=1 / math.sqrt(WIDTH), weights=weights)
    agree(ours, theirs, (q, k, v), tolerance)


def test_layers_of_the_base_keep_their_own_input() -> None:
    """A forget gate reads the input of its layer, which is not that of the layer before."""
    encoding = make("bipe:base=fox", SHAPE)
    inputs = [draw(BATCH, LENGTH, SHAPE.width, dtype=torch.float32, seed=seed) for seed in range(2)]
    first = Site.of(inputs[0], encoding.positions(torch.tensor(ROWS)))
    second = replace(first, hidden=inputs[1], layer=1)
    before, after = encoding.bias(first), encoding.bias(second)
    torch.testing.assert_close(after, encoding.inner.bias(second))
    assert not torch.equal(before, after)


@pytest.mark.parametrize(("text", "wanted"), [("sanguo", "。！？.?"), ("shuihu", "。！？")], ids=["sanguo", "shuihu"])
def test_the_marks_of_a_text_are_its_sentence_ends(text: str, wanted: str) -> None:
    task = tasks.make(f"corpus:text={text}")
    assert {task.corpus.vocabulary[mark] for mark in task.marks} == set(wanted)


def test_an_english_text_has_full_stops(tmp_path) -> None:
    sentence = "It rained on the hills, and nobody came. Who would? The road was long."
    (tmp_path / "story.txt").write_text("\n\n".join(f"Chapter {n}\n\n{sentence * 40}" for n in range(12)))
    task = tasks.make(f"corpus:text={tmp_path / 'story.txt'}:vocabulary=64")
    assert {task.corpus.vocabulary[mark] for mark in task.marks} == {".", "?"}


@pytest.mark.parametrize("base", ["bipe", "randomized", "yarn"])
def test_a_base_with_positions_of_its_own_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=f"bipe: base is '{base}', but must be an encoding that is trained on plain"):
        make(f"bipe:base={base}", SHAPE)


def test_a_task_without_segments_is_refused() -> None:
    with pytest.raises(ValueError, match="bipe: the task marks no ends of segments"):
        make("bipe", Shape(width=15, heads=3, layers=1, train_length=11))


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bipe: scale is 0\.0, but must be above 0"):
        make("bipe:scale=0", SHAPE)
