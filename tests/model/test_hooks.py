"""Which hooks an encoding overrides, by itself or through what it wraps."""

import torch
from torch import Tensor

from benchmark.encodings.bases import RelativeBias, Rotation, Wrapper
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.hooks import Hook, overrides

SHAPE = Shape(width=6, heads=3, layers=1, train_length=5)
HOOKS: tuple[Hook, ...] = ("schedule", "positions", "embed", "rotate", "bias", "rescore")


class Rescoring(Encoding):
    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return 2 * scores


class Moving(Wrapper):
    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().positions(tokens, generator) + 1


def found(encoding: Encoding) -> list[Hook]:
    return [hook for hook in HOOKS if overrides(encoding, hook)]


def test_of_the_contract_none_of_its_own_is_found() -> None:
    assert found(Encoding(SHAPE)) == []


def test_a_base_class_and_a_class_of_ones_own_override() -> None:
    assert found(RelativeBias(SHAPE)) == ["bias"]
    assert found(Rotation(SHAPE)) == ["rotate"]
    assert found(Rescoring(SHAPE)) == ["rescore"]


def test_a_wrapper_is_seen_through_and_its_own_hooks_count_too() -> None:
    assert found(Wrapper(SHAPE, Encoding(SHAPE))) == []
    assert found(Moving(SHAPE, Wrapper(SHAPE, Rescoring(SHAPE)))) == ["positions", "rescore"]
    assert found(Wrapper(SHAPE, Moving(SHAPE, RelativeBias(SHAPE)))) == ["positions", "bias"]


def test_a_hook_set_on_the_object_counts() -> None:
    encoding = Encoding(SHAPE)
    encoding.positions = lambda tokens, generator=None: tokens
    assert found(encoding) == ["positions"]
