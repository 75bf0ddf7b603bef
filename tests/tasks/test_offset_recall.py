"""Offset recall: golden examples."""

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_offset_recall_by_hand() -> None:
    batch = tasks.make("offset-recall:back=2:symbols=4").sample(6, 5, generator("golden"))
    for (a, b, c, _, _), targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        assert targets == [UNSCORED, UNSCORED, a, b, c]
