"""The hooks that an encoding overrides. Only these, and what the hooks return, decide which kernel runs."""

from typing import Literal

from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding

Hook = Literal["schedule", "positions", "embed", "rotate", "bias", "rescore", "weigh"]


def overrides(encoding: Encoding, hook: Hook) -> bool:
    """True if an encoding has a hook of its own, or wraps an encoding that has."""
    while _own(encoding, hook) is getattr(Wrapper, hook):
        encoding = encoding.inner  # type: ignore[assignment]  # only a Wrapper has a Wrapper's hook
    return _own(encoding, hook) is not getattr(Encoding, hook)


def needs_scores(encoding: Encoding) -> bool:
    """True if an encoding works on the scores themselves, which no fused kernel hands out."""
    return overrides(encoding, "rescore") or overrides(encoding, "weigh")


def offers_parts(encoding: Encoding) -> bool:
    """True if an encoding may give its scores as parts, and does nothing else to scores."""
    offers = type(encoding).rotated_parts is not Encoding.rotated_parts
    return offers and not overrides(encoding, "bias") and not overrides(encoding, "weigh")


def _own(encoding: Encoding, hook: Hook) -> object:
    """The function behind a hook: of the class, or set on the object itself."""
    bound = getattr(encoding, hook)
    return getattr(bound, "__func__", bound)
