"""The parts that tasks are made of: questions, lags, octaves, and the number of test rows."""

import pytest
import torch

from benchmark.tasks.offset_recall import OffsetRecall
from benchmark.tasks.recall_mqar import RecallMqar
from benchmark.tasks.task import UNSCORED, Synthetic, lags, octave, octaves, question


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
        (RecallMqar(), 512, 256, 1024),
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
