"""The hooks that an encoding overrides, itself or through the encoding that it wraps."""

import torch
from torch import Tensor

from benchmark.encodings.bases import RelativeBias, Rotation, Wrapper
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.hooks import Hook, needs_scores, overrides

SHAPE = Shape(width=6, heads=3, layers=1, train_length=5)
HOOKS: tuple[Hook, ...] = ("schedule", "positions", "embed", "rotate", "bias", "rescore", "weigh")


class Rescoring(Encoding):
    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return 2 * scores


class Weighing(Encoding):
    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return scores.sigmoid()


class Moving(Wrapper):
    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().positions(tokens, generator) + 1


def found(encoding: Encoding) -> list[Hook]:
    return [hook for hook in HOOKS if overrides(encoding, hook)]


def test_the_contracts_own_hooks_do_not_count() -> None:
    assert found(Encoding(SHAPE)) == []


def test_hooks_of_a_base_class_and_of_a_users_class_count() -> None:
    assert found(RelativeBias(SHAPE)) == ["bias"]
    assert found(Rotation(SHAPE)) == ["rotate"]
    assert found(Rescoring(SHAPE)) == ["rescore"]
    assert found(Weighing(SHAPE)) == ["weigh"]


def test_a_wrapper_is_seen_through_and_its_own_hooks_count_too() -> None:
    assert found(Wrapper(SHAPE, Encoding(SHAPE))) == []
    assert found(Moving(SHAPE, Wrapper(SHAPE, Rescoring(SHAPE)))) == ["positions", "rescore"]
    assert found(Wrapper(SHAPE, Moving(SHAPE, RelativeBias(SHAPE)))) == ["positions", "bias"]


def test_a_hook_set_on_the_object_counts() -> None:
    encoding = Encoding(SHAPE)
    encoding.positions = lambda tokens, generator=None: tokens
    assert found(encoding) == ["positions"]


def test_scores_are_needed_by_a_hook_that_changes_them_and_by_one_that_weighs_them() -> None:
    assert needs_scores(Rescoring(SHAPE))
    assert needs_scores(Wrapper(SHAPE, Weighing(SHAPE)))
    assert not needs_scores(Rotation(SHAPE))
    assert not needs_scores(Wrapper(SHAPE, RelativeBias(SHAPE)))
