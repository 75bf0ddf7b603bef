"""State tracking: the groups' laws, words by hand, and running products one by one."""

import pytest
import torch

from benchmark.seeds import generator
from benchmark.tasks.state_tracking import StateTracking, running_products

SIZES = {"S3": 6, "A5": 60}


@pytest.mark.parametrize("over", SIZES)
def test_the_table_is_that_of_a_group(over: str) -> None:
    table, elements = StateTracking(over=over).table, torch.arange(SIZES[over])
    assert table.shape == (SIZES[over], SIZES[over])
    assert torch.equal(table[0], elements) and torch.equal(table[:, 0], elements)
    assert torch.equal(table.sort(dim=0).values, elements[:, None].expand_as(table))
    assert torch.equal(table.sort(dim=1).values, elements.expand_as(table))
    assert torch.equal(table[table], table[:, table])  # (a b) c = a (b c)
    assert not torch.equal(table, table.T)


def test_the_orders_of_their_elements_identify_the_groups() -> None:
    """S3 has 1, 3 and 2 elements of order 1, 2 and 3; A5 has 1, 15, 20 and 24 of order 1, 2, 3 and 5."""
    for over, wanted in (("S3", [1, 3, 2, 0]), ("A5", [1, 15, 20, 24])):
        table = StateTracking(over=over).table
        power, orders = torch.arange(len(table)), torch.zeros(len(table), dtype=torch.int64)
        for order in range(1, 6):
            orders[(power == 0) & (orders == 0)] = order
            power = table[power, torch.arange(len(table))]
        assert [int((orders == order).sum()) for order in (1, 2, 3, 5)] == wanted


def test_a_word_by_hand() -> None:
    """Images of 0 1 2: element 2 is 1 0 2, 1 is 0 2 1, 5 is 2 1 0; so the products are 102, 201, 021, 201."""
    task = StateTracking()
    assert running_products(torch.tensor([[2, 1, 5, 5]]), task.table).tolist() == [[2, 4, 1, 4]]


@pytest.mark.parametrize("over", SIZES)
@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 101])
def test_targets_are_what_the_permutations_make_of_a_hand_of_cards(over: str, length: int) -> None:
    task = StateTracking(over=over)
    batch = task.sample(20, length, generator("golden"))
    for word, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        images = tuple(range(len(task.elements[0])))
        for element, target in zip(word, targets, strict=True):
            images = tuple(task.elements[element][image] for image in images)
            assert task.elements[target] == images


def test_a_prefix_of_a_problem_is_a_problem() -> None:
    batch, task = StateTracking().sample(5, 11, generator("test")), StateTracking()
    assert torch.equal(running_products(batch.tokens[:, :7], task.table), batch.targets[:, :7])
