"""Multi-query associative recall: golden examples, lags, and where questions are asked."""

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch


def test_recall_mqar_by_hand() -> None:
    task = tasks.make("recall-mqar:keys=4:values=3")
    batch = task.sample(200, 24, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        shown = dict(zip(tokens[0:6:2], tokens[1:6:2], strict=True))
        assert len(shown) == task.pairs(24) == 3  # keys are distinct
        assert set(shown) <= {1, 2, 3, 4} and set(shown.values()) <= {5, 6, 7}
        assert targets[:6] == [UNSCORED] * 6
        asked = [(token, target) for token, target in zip(tokens[6:], targets[6:], strict=True) if token != 0]
        assert sorted(asked) == sorted(shown.items())  # every key once, with its value
        assert [target for token, target in zip(tokens[6:], targets[6:], strict=True) if token == 0] == [UNSCORED] * 15


def test_questions_are_grouped_by_lag() -> None:
    # Key 2 is asked for at a lag of 5, and key 4 at a lag of 4.
    tokens = torch.tensor([[2, 5, 0, 4, 6, 2, 0, 4]])
    batch = Batch(tokens=tokens, targets=torch.tensor([[UNSCORED] * 5 + [5, UNSCORED, 6]]))
    groups = tasks.make("recall-mqar").groups(batch, 8)
    assert groups[0, [5, 7]].tolist() == [3, 2]  # 5 to 8, and 3 to 4


def test_near_questions_are_likelier() -> None:
    """Gaps follow gap ** (power - 1): the first of 24 places is asked about twice as often as the second."""
    task = tasks.make("recall-mqar:keys=1")
    batch = task.sample(20000, 26, generator("gaps"))
    places = (batch.targets != UNSCORED).double().mean(dim=0)[2:]
    weights = torch.arange(1, 25, dtype=torch.float64) ** (0.01 - 1)
    torch.testing.assert_close(places, weights / weights.sum(), atol=0.015, rtol=0)
