"""A fixture for the tests of single tasks."""

from collections.abc import Callable

import pytest

from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Task

Problems = Callable[[Task, int, int], list[tuple[list[int], list[int]]]]


@pytest.fixture
def problems() -> Problems:
    """Random problems of a task as (prompt, answer), each row held to the form BOS prompt SEP answer EOS."""

    def draw(task: Task, rows: int, length: int) -> list[tuple[list[int], list[int]]]:
        batch = task.sample(rows, length, generator("golden", length))
        return [_taken_apart(*row) for row in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True)]

    return draw


def _taken_apart(tokens: list[int], targets: list[int]) -> tuple[list[int], list[int]]:
    sep = tokens.index(1)
    prompt, answer = tokens[1:sep], [target for target in targets if target != UNSCORED][:-1]
    filled = len(tokens) - sep - 1 - len(answer)
    assert tokens == [0, *prompt, 1, *answer] + [2] * filled
    assert targets == [UNSCORED] * sep + [*answer, 2] + [UNSCORED] * filled
    assert not {0, 1, 2} & {*prompt, *answer}
    return prompt, answer
