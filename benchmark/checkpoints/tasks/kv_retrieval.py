"""Key-value retrieval with look-alike keys: which value a record has.

    text ... Record 4871 has the value 60352. ... Record 4781 has the value 15590. ...
    Record 4871 has the value  60352 | 15590 | ...

Four records lie in each fifth of a text; their keys are orders of the same four digits, and differ from each other in
nothing else. One of each fifth is asked for. The candidates are its value, those of its three look-alikes, and four of
other records.
Chance: 1 / 8.
Source: Liu et al. 2023, https://arxiv.org/abs/2307.03172, section 3 (keys and values that are random from end to end).
Convention: look-alike keys, so that a rough match of the key does not do; the filler is real text.
"""

import random
from itertools import permutations

from benchmark.checkpoints.tasks.retrieval import CANDIDATES, DEPTHS, Asked, Fact, Question, Retrieval, shuffled

ALIKE = 4  # records of a fifth
DIGITS = "123456789"


class KvRetrieval(Retrieval):
    """Keys have four digits, values five."""

    name = "kv-retrieval"
    title = "Key-value retrieval"
    definition = "twenty records with look-alike keys are hidden in a text; the value of one must be the most likely"
    source = "https://arxiv.org/abs/2307.03172"
    shortcut = "any value under those digits"
    fitting = 4
    version = 3  # 2: keys of all depths share their digits; 3: see Retrieval

    def __init__(self, *, text: str = "sanguo") -> None:
        pass

    def ask(self, draw: random.Random, *, chinese: bool) -> Asked:
        values = iter(str(number) for number in draw.sample(range(10_000, 100_000), ALIKE * DEPTHS))
        # A value for each key, by fifth; no two fifths use the same digits.
        fifths: list[dict[str, str]] = []
        for digits in _different(draw, DEPTHS):
            keys = draw.sample(["".join(order) for order in permutations(digits)], ALIKE)
            fifths.append({key: next(values) for key in keys})
        end, gap = ("。", "") if chinese else (".", " ")

        def told(key: str) -> str:
            return f"第{key}号记录的值是" if chinese else f"Record {key} has the value"

        facts, questions = [], []
        for field, records in enumerate(fifths):
            for key, value in records.items():
                facts.append(Fact(depth=(field + draw.random()) / DEPTHS, words=f"\n{told(key)}{gap}{value}{end}\n"))
            key = draw.choice(list(records))
            alike = [value for other, value in records.items() if other != key]
            rest = [value for other in fifths if other is not records for value in other.values()]
            wrong = [*alike, *draw.sample(rest, CANDIDATES - ALIKE)]
            candidates, right = shuffled(draw, records[key], wrong)
            options = [f"{gap}{each}" for each in candidates]
            questions.append(Question(words=f"\n{told(key)}", candidates=options, right=right, field=field))
        intro = "下面的文字里藏着一些记录，请记住它们。\n" if chinese else "Remember the records in this text.\n"
        return Asked(intro=intro, facts=facts, questions=questions)


def _different(draw: random.Random, count: int) -> list[str]:
    """So many different sets of four digits."""
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(sorted(draw.sample(DIGITS, 4))))
    sets = sorted(found)
    draw.shuffle(sets)  # or early keys would have lower digits
    return sets
