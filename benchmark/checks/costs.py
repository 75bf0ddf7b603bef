"""The cost of an encoding, as facts: its parameters, its operations, and the attention kernel it gets."""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from benchmark.checks.outcome import Finding, fact
from benchmark.checks.subject import Subject, outputs, rows
from benchmark.encodings import CATALOGUE
from benchmark.encodings.encoding import Shape
from benchmark.model import parts
from benchmark.model.transformer import Transformer

LENGTHS = (64, 1024)
KERNELS = {
    "fused": "fused causal",
    "masked": "fused, with the bias as its mask",
    "parts": "fused, in parts that are merged",
    "eager": "eager: the scores themselves, in plain operations",
}


def parameters(subject: Subject) -> Finding:
    """The encoding's weights in a model of the subject's size."""
    size = subject.size
    own = sum(weight.numel() for weight in subject.model(size).encodings.parameters())
    return fact(f"{own:,} own, in {size.layers} layers of width {size.width} trained to {size.train_length} tokens")


def operations(subject: Subject) -> Finding:
    """Operations of a forward pass at the subject's size, with eager attention, beyond those without an encoding."""
    said = []
    for length in LENGTHS:
        model = subject.long_model(length)
        if length <= (model.encoding.max_length or length):
            own, without = _operations(model, length), _without_any(subject.size, length)
            said.append(f"{own / without - 1:+.1%} at {length:,} tokens ({(own - without) / 1e6:+,.1f} million)")
    return fact(f"{', '.join(said)} compared with a forward pass without an encoding; only matrix products are counted")


def more_operations(subject: Subject, length: int) -> float | None:
    """The share by which an encoding adds to the operations of a row past its trained length; None if it refuses it."""
    model = subject.model(subject.size)
    if length > (model.encoding.max_length or length):
        return None
    return _operations(model, length) / _without_any(subject.size, length) - 1


@cache
def _without_any(size: Shape, length: int) -> int:
    """The operations of the same model without an encoding."""
    return _operations(Subject(choice=CATALOGUE.choice("none"), size=size).long_model(length), length)


def _operations(model: Transformer, length: int) -> int:
    """Floating-point operations of a forward pass over one row."""
    # no_grad and not inference_mode, which hides the products from the counter.
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        outputs(model, rows(length)[:1], eager=True)
    return int(counter.get_total_flops())


class Watch(TorchFunctionMode):
    """Records how the fused kernel is called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is F.scaled_dot_product_attention:
            self.seen.append("masked" if (kwargs or {}).get("attn_mask") is not None else "fused")
        elif getattr(function, "__name__", None) == parts.KERNEL:
            self.seen.append("parts")
        return function(*args, **(kwargs or {}))


@torch.no_grad()
def kernels(subject: Subject) -> list[str]:
    """The attention kernels of the layers in a full causal pass, of KERNELS, each once."""
    model, tokens = subject.model(), rows()
    with Watch() as watch:
        outputs(model, tokens)
    return [*dict.fromkeys(watch.seen)] or ["eager"]


def kernel(subject: Subject) -> Finding:
    """The attention kernel of each layer in a full causal pass."""
    return fact(" and ".join(KERNELS[each] for each in kernels(subject)))
