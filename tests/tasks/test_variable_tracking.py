"""Variable tracking: rows by hand, and what is drawn."""

from collections import Counter

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED
from benchmark.tasks.variable_tracking import VariableTracking

VALUES, VARIABLES, FILLER = range(4, 14), range(14, 19), range(19, 26)  # 4 marks, 10 values, 5 variables, 7 words


def make() -> VariableTracking:
    return VariableTracking(hops=2, variables=5, fillers=7)


def test_rows_by_hand() -> None:
    haystack = torch.tensor([[19, 20, 21, 22, 23, 24, 25, 19, 20, 21, 22]])
    batch = make().rows(haystack, torch.tensor([[0, 4, 8]]), torch.tensor([[9]]), torch.tensor([[17, 14, 16]]))
    assert batch.tokens.tolist() == [[0, 17, 3, 9, 22, 14, 3, 17, 19, 16, 3, 14, 1, 9, 17, 14, 16]]
    assert batch.targets.tolist() == [[UNSCORED] * 13 + [17, 14, 16, 2]]


def test_rows_drawn_are_chains_and_ask_for_all_that_hold_the_value() -> None:
    batch = make().sample(701, 13, generator("golden"))
    first = Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        told, asked = tokens[1:14], tokens[15]
        assert (tokens[0], tokens[14]) == (0, 1) and asked in VALUES
        held, rest = {}, list(told)
        for place in [place for place, token in enumerate(told) if token == 3]:
            name, _, given = told[place - 1 : place + 2]
            held[name] = held.get(given, given)  # a value, or what the variable holds that was assigned before
            rest[place - 1 : place + 2] = [None] * 3
        assert len(held) == 3 and set(held) <= set(VARIABLES) and set(held.values()) == {asked}
        assert [word for word in rest if word is not None] == [word for word in rest if word in FILLER]
        assert tokens[16:] == list(held)
        assert targets == [UNSCORED] * 15 + [*held, 2]
        first[told.index(3)] += 1
    assert sorted(first) == [1, 2, 3, 4, 5]


def test_every_choice_of_places_is_as_likely() -> None:
    """Three assignments and two words of filler have ten orders."""
    batch = make().sample(5003, 11, generator("places"))
    orders = Counter(tuple(place for place, token in enumerate(row) if token == 3) for row in batch.tokens.tolist())
    assert len(orders) == 10
    assert all(count / 5003 == pytest.approx(0.1, abs=0.02) for count in orders.values())


def test_more_hops_than_variables_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"variable-tracking: variables is 4, but must be at least hops \+ 1 = 5"):
        tasks.make("variable-tracking:variables=4")


def test_the_shortcut_is_the_variable_assigned_last() -> None:
    haystack = torch.tensor([[19, 20, 21, 22, 23, 24, 25, 19, 20, 21, 22]])
    batch = make().rows(haystack, torch.tensor([[0, 4, 8]]), torch.tensor([[9]]), torch.tensor([[17, 14, 16]]))
    assert make().shortcuts(batch)["variable assigned last"][0, -4:].tolist() == [16, 16, 16, 2]
