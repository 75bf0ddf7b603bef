"""Variable tracking: a value is passed from variable to variable, scattered over the text.

    text ... VAR K = 41257 ... VAR R = VAR K ... VAR D = VAR R ... text ...
    The value of VAR D is  41257 | 80633 | ...

Four chains of four variables lie in a document, their assignments in order but scattered at random over the whole text.
Each variable of one chain is asked for; the grid is by how many times its value was passed on. The candidates are the
values of the four chains and four that the document does not have.
Chance: 1 / 8.
Source: Hsieh et al. 2024 (RULER), https://arxiv.org/abs/2404.06654, section 3.2.
Convention: RULER asks for the names of all variables that hold a value. Here the value of one is asked for, so that the
answer is chosen among candidates.
"""

import random
from string import ascii_uppercase

from benchmark.checkpoints.tasks.retrieval import CANDIDATES, Asked, Fact, Question, Retrieval, shuffled
from benchmark.checkpoints.tasks.task import Ranges

CHAINS, CHAIN = 4, 4


class VariableTracking(Retrieval):
    """Variables are letters, values numbers of five digits."""

    name = "variable-tracking"
    title = "Variable tracking"
    definition = "values are passed from variable to variable, scattered over a text; the value of one is asked for"
    source = "https://arxiv.org/abs/2404.06654"
    shortcut = "any value in the text"
    fitting = 4

    def __init__(self, *, text: str = "sanguo") -> None:
        pass

    def axes(self) -> dict[str, Ranges]:
        return {"times passed on": tuple((each, each) for each in range(CHAIN))}

    def ask(self, draw: random.Random, *, chinese: bool) -> Asked:
        values = [str(number) for number in draw.sample(range(10_000, 100_000), CANDIDATES)]
        names = iter(draw.sample(ascii_uppercase, CHAINS * CHAIN))
        chains = [[next(names) for _ in range(CHAIN)] for _ in range(CHAINS)]
        facts = []
        for chain, value in zip(chains, values, strict=False):
            given = [value, *(f"VAR {name}" for name in chain[:-1])]
            places = sorted(draw.random() for _ in chain)
            for name, own, depth in zip(chain, given, places, strict=True):
                facts.append(Fact(depth=depth, words=f"\nVAR {name} = {own}\n"))
        questions = []
        for field, name in enumerate(chains[0]):
            candidates, right = shuffled(draw, values[0], values[1:])
            asked = f"变量 VAR {name} 的值是" if chinese else f"The value of VAR {name} is"
            options = [each if chinese else f" {each}" for each in candidates]
            questions.append(Question(words=f"\n{asked}", candidates=options, right=right, field=field))
        intro = "请记住下面的文字里的变量。\n" if chinese else "Remember the variables in this text.\n"
        return Asked(intro=intro, facts=facts, questions=questions)
