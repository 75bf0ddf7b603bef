"""Passkey: numbers are hidden in the text, each as the pass key of something, and asked for.

    text ... The pass key of the red door is 48213. ... text ...
    The pass key of the red door is  48213 | 90172 | ...

Five keys lie in a document, one in each fifth of its text, and each is asked for. The candidates are those five and
three that the document does not have.
Chance: 1 / 8.
Source: Mohtashami and Jaggi 2023, https://arxiv.org/abs/2305.16300 (one key in repeated filler, answered by sampling).
Convention: several keys, so that one reading of a document serves every depth; the filler is real text.
"""

import random

from benchmark.checkpoints.tasks.retrieval import CANDIDATES, DEPTHS, Asked, Fact, Question, Retrieval, depths, shuffled

DIGITS = 5
PLACES = (
    "red door",
    "old bridge",
    "iron gate",
    "north tower",
    "blue chest",
    "stone well",
    "glass house",
    "west wing",
)
CHINESE_PLACES = ("红色的门", "古老的桥", "铁门", "北塔", "蓝色的箱子", "石井", "玻璃房", "西边的地窖")


class Passkey(Retrieval):
    """Keys are numbers of five digits."""

    name = "passkey"
    title = "Passkey"
    definition = "five pass keys are hidden in a text, and each is asked for; the right one must be the most likely"
    source = "https://arxiv.org/abs/2305.16300"
    shortcut = "any key in the text"
    fitting = 5

    def __init__(self, *, text: str = "sanguo") -> None:
        pass

    def ask(self, draw: random.Random, *, chinese: bool) -> Asked:
        keys = [str(number) for number in draw.sample(range(10 ** (DIGITS - 1), 10**DIGITS), CANDIDATES)]
        places = draw.sample(CHINESE_PLACES if chinese else PLACES, DEPTHS)
        facts, questions = [], []
        for field, (depth, place) in enumerate(zip(depths(draw), places, strict=True)):
            key = keys[field]
            candidates, right = shuffled(draw, key, [other for other in keys if other != key])
            told = f"{place}的口令是" if chinese else f"The pass key of the {place} is"
            end, gap = ("。", "") if chinese else (".", " ")
            facts.append(Fact(depth=depth, words=f"\n{told}{gap}{key}{end}\n"))
            options = [f"{gap}{each}" for each in candidates]
            questions.append(Question(words=f"\n{told}", candidates=options, right=right, field=field))
        intro = "下面的文字里藏着几个口令，请记住它们。\n" if chinese else "Remember the pass keys in this text.\n"
        return Asked(intro=intro, facts=facts, questions=questions)
