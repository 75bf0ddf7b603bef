"""The parts that tasks are made of: questions, lags, octaves, and the number of test rows."""

import pytest
import torch

from benchmark.tasks.even_pairs import EvenPairs
from benchmark.tasks.offset_recall import OffsetRecall
from benchmark.tasks.recall_mqar import RecallMqar
from benchmark.tasks.task import (
    UNSCORED,
    Batch,
    Synthetic,
    first_places,
    lags,
    octave,
    octaves,
    question,
    stratified,
)


def test_an_answer_is_scored_up_to_its_first_eos() -> None:
    batch = question(torch.tensor([[5, 6], [7, 8], [9, 9]]), torch.tensor([[5, 6, 5], [7, 2, 2], [2, 2, 2]]))
    none = UNSCORED
    assert batch.tokens.tolist() == [[0, 5, 6, 1, 5, 6, 5], [0, 7, 8, 1, 7, 2, 2], [0, 9, 9, 1, 2, 2, 2]]
    assert batch.targets.tolist() == [
        [none, none, none, 5, 6, 5, 2],
        [none, none, none, 7, 2, none, none],
        [none, none, none, 2, none, none, none],
    ]


def test_lags_by_hand() -> None:
    tokens = torch.tensor([[7, 3, 7, 7, 5, 3, 9], [2, 2, 2, 0, 0, 2, 0]])
    assert lags(tokens).tolist() == [[0, 0, 2, 1, 0, 4, 0], [0, 1, 1, 0, 1, 3, 2]]


@pytest.mark.parametrize("longest", [1, 2, 3, 5, 8, 9, 1000])
def test_every_lag_is_in_its_octave(longest: int) -> None:
    ranges = octaves(longest)
    assert ranges[:4] == ((1, 1), (2, 2), (3, 4), (5, 8))[: len(ranges)]
    for lag in range(1, longest + 1):
        first, last = ranges[octave(torch.tensor(lag))]
        assert first <= lag <= last
    assert ranges[-1][0] <= longest


@pytest.mark.parametrize(
    ("task", "length", "rows", "scored"),
    [
        (RecallMqar(), 32, 256, 1024),
        (RecallMqar(), 512, 128, 512),
        (RecallMqar(pairs=0), 32, 256, 1024),
        (RecallMqar(pairs=0), 128, 64, 1024),
        (RecallMqar(pairs=0), 512, 32, 2048),
        (OffsetRecall(), 32, 128, 3456),
        (OffsetRecall(), 128, 128, 15744),
        (OffsetRecall(), 512, 32, 16224),
    ],
    ids=lambda value: value.name if isinstance(value, Synthetic) else value,
)
def test_long_rows_are_fewer(task: Synthetic, length: int, rows: int, scored: int) -> None:
    """A task that scores many places per row needs fewer rows if they are long, but not fewer places."""
    batches = list(task.evaluation(length))
    assert sum(len(batch.tokens) for batch in batches) == rows
    assert sum(int((batch.targets != UNSCORED).sum()) for batch in batches) == scored


def test_first_places_by_hand() -> None:
    tokens = torch.tensor([[7, 3, 7, 7, 5, 3, 9], [2, 2, 2, 0, 0, 2, 0]])
    assert first_places(tokens).tolist() == [[0, 1, 0, 0, 4, 1, 6], [0, 0, 0, 3, 3, 0, 3]]


def pool_of(answers: list[int], rows: list[int]) -> Batch:
    """Rows told apart by their first token, with the given answers."""
    tokens = torch.tensor([[row, 1] for row in rows])
    return Batch(tokens=tokens, targets=torch.tensor([[UNSCORED, answer] for answer in answers]))


def test_stratified_rows_are_different_in_order_and_have_all_answers_equally_often() -> None:
    """Of 27 different rows with the answer 3 and 11 with 4, at most a third: 9 and 4, so 4 of each."""
    rows = [row % 38 for row in range(100)]
    pool = pool_of([4 if row < 11 else 3 for row in rows], rows)
    kept = stratified(pool, 1000)
    assert kept.tokens[:, 0].tolist() == [0, 1, 2, 3, 11, 12, 13, 14]
    assert kept.targets[:, 1].tolist() == [4] * 4 + [3] * 4
    assert stratified(pool, 3).tokens[:, 0].tolist() == [0, 1, 11, 12]


def test_a_rare_answer_does_not_hold_the_others_down() -> None:
    """Of 60, 60 and 9 rows, a third is 20, 20 and 3: the rare answer has 3 rows, the others share the rest."""
    rows = list(range(129))
    pool = pool_of([5 if row < 9 else 3 + row % 2 for row in rows], rows)
    assert stratified(pool, 1000).targets[:, 1].bincount().tolist() == [0, 0, 0, 20, 20, 3]
    assert stratified(pool, 30).targets[:, 1].bincount().tolist() == [0, 0, 0, 14, 14, 3]


@pytest.mark.parametrize(("length", "rows"), [(20, 1000), (77, 1000), (197, 400), (640, 128), (6400, 128)])
def test_one_question_a_row_takes_many_rows_if_they_are_short(length: int, rows: int) -> None:
    assert EvenPairs().test_rows(length) == rows
