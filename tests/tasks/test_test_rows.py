"""Tasks that score many places of a long row ask fewer of those, and no fewer places."""

import pytest

from benchmark.tasks.offset_recall import OffsetRecall
from benchmark.tasks.recall_mqar import RecallMqar
from benchmark.tasks.task import UNSCORED, Synthetic


@pytest.mark.parametrize(
    ("task", "length", "rows", "scored"),
    [
        (RecallMqar(), 32, 128, 512),
        (RecallMqar(), 128, 128, 2048),
        (RecallMqar(), 256, 64, 2048),
        (RecallMqar(), 512, 32, 2048),
        (RecallMqar(), 4096, 32, 2048),
        (OffsetRecall(), 32, 128, 3456),
        (OffsetRecall(), 128, 128, 15744),
        (OffsetRecall(), 512, 32, 16224),
    ],
    ids=lambda value: value.name if isinstance(value, Synthetic) else value,
)
def test_long_rows_are_fewer(task: Synthetic, length: int, rows: int, scored: int) -> None:
    batches = list(task.evaluation(length))
    assert sum(len(batch.tokens) for batch in batches) == rows
    assert sum(int((batch.targets != UNSCORED).sum()) for batch in batches) == scored
