"""Needle by association: rows by hand, what is drawn, where facts stand, and the associations."""

from collections import Counter

import torch

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.needle_latent import NeedleLatent
from benchmark.tasks.task import UNSCORED

WORDS, PARTNERS, VALUES, FILLER = range(5), range(5, 10), range(10, 13), range(13, 20)


def make() -> NeedleLatent:
    return NeedleLatent(facts=3, words=5, values=3, fillers=7)


def test_rows_by_hand() -> None:
    task = make()
    filler = torch.tensor([[13, 14, 15, 16, 17, 18, 19, 13]])
    batch = task.rows(filler, torch.tensor([[5, 0, 3]]), torch.tensor([[4, 0, 2]]), torch.tensor([[10, 12, 11]]))
    first, second, third = task.partners[torch.tensor([0, 2, 4])].tolist()
    assert batch.tokens.tolist() == [[first, 12, 15, second, 11, third, 10, 13, 4, 0, 2]]
    assert batch.targets.tolist() == [[UNSCORED] * 8 + [10, 12, 11]]


def test_every_word_has_one_partner_the_same_in_every_task() -> None:
    partners = make().partners.tolist()
    assert sorted(partners) == list(PARTNERS)
    assert partners == make().partners.tolist()
    assert tasks.make("needle-latent:words=64").partners.tolist() != list(range(64, 128))


def test_rows_drawn_name_only_partners() -> None:
    task = make()
    batch, found = task.sample(701, 9, generator("golden")), Counter()
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        text, asked = tokens[:9], tokens[9:]
        assert len(set(asked)) == 3 and set(asked) <= set(WORDS) and not set(text) & set(WORDS)
        assert targets[:9] == [UNSCORED] * 9
        rest = set(range(9))
        for word, value in zip(asked, targets[9:], strict=True):
            start = text.index(int(task.partners[word]))
            assert text[start + 1] == value and value in VALUES
            rest -= {start, start + 1}
            found[start] += 1
        assert len(rest) == 3 and all(text[place] in FILLER for place in rest)
    assert sorted(found) == list(range(8))


def test_facts_fill_the_shortest_row_and_are_all_placements_alike() -> None:
    """Two facts in five places can stand at (0, 2), (0, 3) and (1, 3)."""
    assert make().shortest() == 6
    task = NeedleLatent(facts=2, words=5, values=3, fillers=7)
    text = task.sample(3000, 5, generator("placements")).tokens[:, :5]
    starts = Counter(tuple(i for i, token in enumerate(row) if token in PARTNERS) for row in text.tolist())
    assert set(starts) == {(0, 2), (0, 3), (1, 3)} and min(starts.values()) > 900


def test_depth_is_where_the_fact_asked_for_stands() -> None:
    task = make()
    filler = torch.full((1, 21), 13)
    batch = task.rows(filler, torch.tensor([[19, 0, 9]]), torch.tensor([[4, 0, 2]]), torch.tensor([[10, 12, 11]]))
    assert task.groups(batch, 21)[0, 21:].tolist() == [9, 0, 4]


def test_the_shortcut_names_the_last_value() -> None:
    task = make()
    filler = torch.full((1, 9), 13)
    batch = task.rows(filler, torch.tensor([[6, 0, 3]]), torch.tensor([[4, 0, 2]]), torch.tensor([[10, 12, 11]]))
    assert task.shortcuts(batch)["last value shown"].tolist() == [[10] * 12]
