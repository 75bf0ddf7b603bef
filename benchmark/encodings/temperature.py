"""The base class of wrappers that sharpen or flatten the attention of another encoding, and what wrappers share."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from benchmark.encodings import build
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Shape, Site


def trained(name: str, base: str, shape: Shape) -> Encoding:
    """The encoding that the wrapper `name` is built around; a ValueError unless it is one that is used in training."""
    inner = build(base, shape)
    if inner.adapts is not None:
        raise ValueError(f"{name}: base is {base}, but must be an encoding that is used in training")
    return inner


def take_over(module: Wrapper, state: dict[str, Any], prefix: str, *_: object) -> None:
    """Load the weights of a model trained with the inner encoding into the inner encoding: a hook before loading."""
    theirs = {f"{prefix}{name}" for name in module.inner.state_dict()}
    if theirs == {name for name in state if name.startswith(prefix)}:
        for name in theirs:
            state[f"{prefix}inner.{name.removeprefix(prefix)}"] = state.pop(name)


class Temperature(Wrapper):
    """An encoding around one that is used in training, whose queries it multiplies by a factor: define `factor`.

    Queries are scaled after the inner rotation. A bias is added to the scaled product and not scaled itself, and
    `rescore` sees scaled queries.
    """

    acts: ClassVar[str] = "rotation"
    group: ClassVar[str | None] = "temperature"
    wraps: ClassVar[str | None] = "base"

    def __init__(self, shape: Shape, base: str) -> None:
        super().__init__(shape, trained(self.name, base, shape))

    def factor(self, site: Site, dtype: torch.dtype) -> Tensor | None:
        """The factor of each query in the given dtype, [B|1, H|1, Q|1]; None for 1."""
        raise NotImplementedError(f"{type(self).__name__} must define factor(site, dtype)")

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        q, k = super().rotate(q, k, site)
        factor = self.factor(site, torch.promote_types(q.dtype, torch.float32))
        return (q if factor is None else (q * factor[..., None]).to(q.dtype)), k
