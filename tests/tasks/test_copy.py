"""Copy: golden examples."""

from benchmark import tasks
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED


def test_copy_by_hand() -> None:
    batch = tasks.make("copy:symbols=5").sample(6, 3, generator("golden"))
    for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
        bos, a, b, c, sep, *again = tokens
        assert (bos, sep, again) == (0, 1, [a, b, c])
        assert targets == [UNSCORED] * 4 + [a, b, c, 2]
        assert all(3 <= symbol < 8 for symbol in (a, b, c))
