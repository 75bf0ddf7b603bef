"""The gain of each target from far context, against a slow count in plain Python; and small cases by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from benchmark.tasks.corpus.far import gain


def probability(
    train: Sequence[int], context: Sequence[int], before: Sequence[int], target: int, vocabulary: int
) -> float:
    """The estimate by definition, counting with lists of followers; `before` are the two tokens before the target."""
    estimate = 1 / vocabulary
    for order in (1, 2, 3):
        history = list(before[len(before) - order + 1 :])
        for seen in (train, context) if order < 3 else (train,):
            followers = [
                seen[place + order - 1]
                for place in range(len(seen) - order + 1)
                if list(seen[place : place + order - 1]) == history
            ]
            if followers:
                different = len(set(followers))
                estimate = (followers.count(target) + different * estimate) / (len(followers) + different)
    return estimate


@pytest.mark.parametrize(("vocabulary", "near", "far"), [(3, 2, 5), (7, 11, 53), (29, 1, 97)])
def test_gains_are_those_of_a_slow_count(vocabulary: int, near: int, far: int) -> None:
    rng = np.random.default_rng(vocabulary)
    train, text = rng.integers(0, vocabulary, 211), rng.integers(0, vocabulary, 173)
    targets = rng.integers(far, len(text), 31)
    expected = []
    for target in targets:
        low, high = (
            probability(
                train.tolist(),
                text[target - context : target].tolist(),
                text[target - 2 : target].tolist(),
                int(text[target]),
                vocabulary,
            )
            for context in (near, far)
        )
        expected.append(math.log(high / low))
    found = gain(train, text, targets, vocabulary, near=near, far=far)
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    assert np.ptp(found) > 0.2


def test_a_pair_of_words_seen_only_far_back_makes_the_gain() -> None:
    train = np.arange(2, 100).repeat(3)
    filler = [np.arange(10 + 20 * part, 30 + 20 * part) for part in range(3)]
    text = np.concatenate(([0, 1], *filler, [0, 1], [5]))
    pair, single = gain(train, text, np.array([63, 64]), 100, near=11, far=63)
    assert pair > 2 and abs(single) < 1
    assert gain(train, text, np.array([63]), 100, near=11, far=61)[0] < 0.1  # the pair lies 62 and 63 tokens back


def test_the_same_context_gives_no_gain() -> None:
    text = np.random.default_rng(5).integers(0, 13, 101)
    assert not gain(text, text, np.arange(40, 101), 13, near=37, far=37).any()
