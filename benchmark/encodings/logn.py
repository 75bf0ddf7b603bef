"""Log-length scaling: queries past the trained length grow with the logarithm of the number of keys they see.

    q[p] *= max(1, ln(p + 1) / ln L)        p: the query's position, L: the trained length in tokens

Source: Su 2021, https://kexue.fm/archives/8823; applied at test time as in Qwen, https://arxiv.org/abs/2309.16609.
Convention: wraps any encoding that is used in training (`base`) and takes over its weights. Queries are scaled after
the inner rotation; a bias is added to the scaled product and not scaled itself, and `rescore` sees scaled queries.
Factors are float32. L = 1 counts as 2, since ln 1 is 0. In bidirectional attention, a query counts as if it saw p + 1
keys.
"""

import math
from typing import Any

import torch
from torch import Tensor

from benchmark.encodings import build
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Shape, Site


class LogN(Wrapper):
    """No parameters and no training: for a model trained with the inner encoding."""

    name = "logn"
    title = "Log-length scaling"
    source = "https://kexue.fm/archives/8823"
    acts = "rotation"
    learned = "as its base"
    past = "as its base, sharper"
    group = "temperature"
    adapts = "rope"
    wraps = "base"

    def __init__(self, shape: Shape, *, base: str = "rope") -> None:
        inner = build(base, shape)
        if inner.adapts is not None:
            raise ValueError(f"logn: base is {base}, but must be an encoding that is used in training")
        super().__init__(shape, inner)
        self.relative = False  # the factor depends on the absolute position
        self.trained = max(2, shape.train_length)
        self.register_load_state_dict_pre_hook(take_over)  # type: ignore[no-untyped-call]

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        q, k = self.inner.rotate(q, k, site)
        exact = torch.promote_types(q.dtype, torch.float32)
        factor = site.once(("logn", self.trained, exact), lambda: self.factor(site.query_positions.to(exact)))
        return (q * factor[:, None, :, None]).to(q.dtype), k

    def factor(self, positions: Tensor) -> Tensor:
        """The factor that multiplies each query, [B|1, Q]."""
        beyond = ((positions + 1) / self.trained).clamp(min=1)
        return 1 + beyond.log() / math.log(self.trained)


def take_over(module: LogN, state: dict[str, Any], prefix: str, *_: object) -> None:
    """Load the weights of a model trained with the inner encoding into the inner encoding."""
    theirs = {f"{prefix}{name}" for name in module.inner.state_dict()}
    if theirs == {name for name in state if name.startswith(prefix)}:
        for name in theirs:
            state[f"{prefix}inner.{name.removeprefix(prefix)}"] = state.pop(name)
