"""Multi-query associative recall: golden examples, lags, the places of questions, and rows as zoology draws them."""

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch


def test_recall_mqar_by_hand() -> None:
    task = tasks.make("recall-mqar:pairs=3:keys=4:values=3")
    batch = task.sample(200, 24, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        shown = dict(zip(tokens[0:6:2], tokens[1:6:2], strict=True))
        assert len(shown) == task.shown(24) == 3  # keys are distinct
        assert set(shown) <= {1, 2, 3, 4} and set(shown.values()) <= {5, 6, 7}
        assert targets[:6] == [UNSCORED] * 6
        asked = [(token, target) for token, target in zip(tokens[6:], targets[6:], strict=True) if token != 0]
        assert sorted(asked) == sorted(shown.items())  # every key once, with its value
        assert [target for token, target in zip(tokens[6:], targets[6:], strict=True) if token == 0] == [UNSCORED] * 15


@pytest.mark.parametrize(("pairs", "shown"), [(4, [4, 4, 4, 4]), (0, [1, 4, 16, 64])])
def test_the_load_grows_with_the_length_only_if_asked_for(pairs: int, shown: list[int]) -> None:
    task = tasks.make(f"recall-mqar:pairs={pairs}")
    for length, expected in zip((12, 32, 128, 1024), shown, strict=True):
        batch = task.sample(3, length, generator("load"))
        assert (batch.targets != UNSCORED).sum(dim=1).tolist() == [expected] * 3
        assert (batch.tokens > 0).sum(dim=1).tolist() == [3 * expected] * 3  # a key, a value, a question


def test_the_shortest_row_is_full() -> None:
    for item, length in (("recall-mqar", 12), ("recall-mqar:zoology=true", 16), ("recall-mqar:pairs=0", 3)):
        task = tasks.make(item)
        assert task.shortest() == length
        batch = task.sample(5, length, generator("full"))
        assert bool(((batch.targets != UNSCORED).sum(dim=1) == task.shown(length)).all())


def test_rows_as_zoology_draws_them() -> None:
    """Distinct values, random tokens between the questions, and questions at every second place."""
    task = tasks.make("recall-mqar:zoology=true:pairs=5:keys=6:values=5")
    batch, filler = task.sample(300, 40, generator("zoology")), set()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        shown = dict(zip(tokens[0:10:2], tokens[1:10:2], strict=True))
        assert len(shown) == 5 and set(shown) <= set(range(1, 7)) and sorted(shown.values()) == [7, 8, 9, 10, 11]
        asked = {place for place, target in enumerate(targets) if target != UNSCORED}
        assert all(place >= 10 and place % 2 == 0 for place in asked)
        assert sorted((tokens[place], targets[place]) for place in asked) == sorted(shown.items())
        filler |= {tokens[place] for place in range(10, 40) if place not in asked}
    assert filler == set(range(12))


def test_the_shortcut_names_a_value_shown() -> None:
    task = tasks.make("recall-mqar:pairs=2")
    batch = task.sample(200, 16, generator("shortcut"))
    (answers,) = task.shortcuts(batch).values()
    assert answers.tolist() == [[row[3]] * 16 for row in batch.tokens.tolist()]


def test_questions_are_grouped_by_lag() -> None:
    # Key 2 is asked for at a lag of 5, and key 4 at a lag of 4. The 2 at place 4 is filler, as zoology draws it.
    tokens = torch.tensor([[2, 5, 4, 6, 2, 2, 4, 0]])
    batch = Batch(tokens=tokens, targets=torch.tensor([[UNSCORED] * 5 + [5, 6, UNSCORED]]))
    groups = tasks.make("recall-mqar:pairs=2").groups(batch, 8)
    assert groups[0, [5, 6]].tolist() == [3, 2]  # 5 to 8, and 3 to 4


def test_near_questions_are_likelier() -> None:
    """Gaps follow gap ** (power - 1): the first of 24 places is asked about twice as often as the second."""
    task = tasks.make("recall-mqar:pairs=1:keys=1")
    batch = task.sample(20000, 26, generator("gaps"))
    places = (batch.targets != UNSCORED).double().mean(dim=0)[2:]
    weights = torch.arange(1, 25, dtype=torch.float64) ** (0.01 - 1)
    torch.testing.assert_close(places, weights / weights.sum(), atol=0.015, rtol=0)
