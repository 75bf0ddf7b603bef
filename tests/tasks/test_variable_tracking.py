"""Variable tracking: rows by hand, and what is drawn."""

from collections import Counter, defaultdict

import pytest
import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch
from benchmark.tasks.variable_tracking import VariableTracking

VALUES, VARIABLES, FILLER = range(4, 14), range(14, 21), range(21, 26)  # 4 marks, 10 values, 7 variables, 5 words


def make() -> VariableTracking:
    return VariableTracking(chains=2, hops=2, variables=7, fillers=5)


def by_hand() -> Batch:
    """Two chains, 9 -> 17 -> 14 -> 16 (asked for) and 5 -> 20 -> 15 -> 18; the second starts first and ends last."""
    haystack = torch.tensor([[21, 22, 23, 24, 25] * 4])
    starts = torch.tensor([[[3, 7, 13], [0, 10, 17]]])
    return make().rows(haystack, starts, torch.tensor([[9, 5]]), torch.tensor([[[17, 14, 16], [20, 15, 18]]]))


def test_rows_by_hand() -> None:
    told = [20, 3, 5, 17, 3, 9, 22, 14, 3, 17, 15, 3, 20, 16, 3, 14, 22, 18, 3, 15]
    assert by_hand().tokens.tolist() == [[0, *told, 1, 9, 17, 14, 16]]
    assert by_hand().targets.tolist() == [[UNSCORED] * 22 + [17, 14, 16, 2]]


def test_rows_drawn_are_chains_and_ask_for_all_that_hold_one_value() -> None:
    batch = make().sample(701, 19, generator("golden"))
    first = Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        told, asked = tokens[1:20], tokens[21]
        assert (tokens[0], tokens[20]) == (0, 1) and asked in VALUES
        held, rest = {}, list(told)
        for place in [place for place, token in enumerate(told) if token == 3]:
            name, _, given = told[place - 1 : place + 2]
            held[name] = held.get(given, given)  # a value, or what the variable holds that was assigned before
            rest[place - 1 : place + 2] = [None] * 3
        holders = defaultdict(list)
        for name, value in held.items():
            holders[value].append(name)
        assert set(held) <= set(VARIABLES) and set(holders) <= set(VALUES)
        assert sorted(map(len, holders.values())) == [3, 3]
        assert [word for word in rest if word is not None] == [word for word in rest if word in FILLER]
        assert tokens[22:] == holders[asked]
        assert targets == [UNSCORED] * 21 + [*holders[asked], 2]
        first[told.index(3)] += 1
    assert sorted(first) == [1, 2]


def test_every_choice_of_places_is_as_likely() -> None:
    """Four assignments and one word of filler have five orders, and the chain asked for six pairs of places."""
    task = VariableTracking(chains=2, hops=1, variables=4, fillers=5)
    batch = task.sample(6007, 13, generator("places"))
    orders, pairs = Counter(), Counter()
    for row in batch.tokens.tolist():
        places = [place for place, token in enumerate(row) if token == 3]
        orders[tuple(places)] += 1
        pairs[tuple(rank for rank, place in enumerate(places) if row[place - 1] in row[-2:])] += 1
    for counts, ways in ((orders, 5), (pairs, 6)):
        assert len(counts) == ways
        assert all(count / 6007 == pytest.approx(1 / ways, abs=0.02) for count in counts.values())


def test_more_hops_than_variables_are_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"variables is 9, but must be at least chains \* \(hops \+ 1\) = 10"):
        tasks.make("variable-tracking:variables=9")


def test_there_are_as_many_chains_as_values_at_most() -> None:
    with pytest.raises(ValueError, match="chains is 11, but must be from 1 to 10"):
        tasks.make("variable-tracking:chains=11:variables=60")


def test_shortcuts_by_hand() -> None:
    """After 9 comes the variable that is given it; after 17, 14 and 16 whichever is assigned next."""
    rules = make().shortcuts(by_hand())
    assert rules["variables in order of assignment"][0, -4:].tolist() == [17, 14, 15, 2]
    assert rules["variable assigned last"][0, -4:].tolist() == [18, 18, 18, 2]


def test_the_order_of_assignment_solves_one_chain_but_not_two() -> None:
    """The first and EOS are right; each gap is empty in C(9, 4) of C(10, 5) orders, half of them."""
    rule, right = "variables in order of assignment", []
    for chains in (1, 2):
        task = tasks.make(f"variable-tracking:chains={chains}")
        batch = task.sample(2003, 48, generator("order", chains))
        asked = batch.targets != UNSCORED
        right.append(float((task.shortcuts(batch)[rule] == batch.targets)[asked].double().mean()))
    assert right[0] == 1
    assert right[1] == pytest.approx((1 + 4 / 2 + 1) / 6, abs=0.02)
