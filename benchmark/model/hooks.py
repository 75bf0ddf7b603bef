"""Which hooks an encoding overrides: the only thing besides what hooks return that chooses a kernel."""

from typing import Literal

from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding

Hook = Literal["schedule", "positions", "embed", "rotate", "bias", "rescore"]


def overrides(encoding: Encoding, hook: Hook) -> bool:
    """True if an encoding has a hook of its own, or wraps an encoding that has."""
    while _own(encoding, hook) is getattr(Wrapper, hook):
        encoding = encoding.inner  # type: ignore[assignment]  # only a Wrapper has a Wrapper's hook
    return _own(encoding, hook) is not getattr(Encoding, hook)


def _own(encoding: Encoding, hook: Hook) -> object:
    """The function behind a hook: of the class, or set on the object itself."""
    bound = getattr(encoding, hook)
    return getattr(bound, "__func__", bound)
