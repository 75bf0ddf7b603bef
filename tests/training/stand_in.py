"""A stand-in for a GPU without float64, such as Apple's, on any machine.

A tensor "on" it is a wrapper that claims the device `meta` and holds an ordinary tensor. `Device` intercepts every
operation below autograd: where an argument is on the device, or a new tensor is asked for there, the result is too, and
one in float64 is refused as `mps` refuses it. `.cpu()` unwraps; mixing the two devices is an error, as on a real one.
"""

from contextlib import ExitStack, nullcontext
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")
CPU = torch.device("cpu")
MATH = 0  # the attention kernel made of plain operations; the fused ones are chosen by device
aten = torch.ops.aten


class OnDevice(Tensor):
    """A tensor on the stand-in device."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "OnDevice":
        if held.dtype == torch.float64:
            raise TypeError("float64 on a device that has none")
        own = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )
        own.held = held
        return own

    @classmethod
    def __torch_dispatch__(
        cls, operation: Any, types: Any, arguments: Any = (), options: dict[str, Any] | None = None
    ) -> Any:
        return computed(operation, arguments, options or {})


class Device(TorchDispatchMode):
    """The machine that has the stand-in device, and counts its operations."""

    operations = 0

    def __enter__(self) -> "Device":
        self.patched = ExitStack()
        made = torch.tensor
        # The first fails on wrappers, the second knows no such device, the third makes tensors out of sight.
        self.patched.enter_context(patch.object(torch, "inference_mode", torch.no_grad))
        self.patched.enter_context(patch.object(torch, "autocast", lambda *_, **__: nullcontext()))
        self.patched.enter_context(
            patch.object(torch, "tensor", lambda data, device=CPU, **options: made(data, **options).to(device))
        )
        return super().__enter__()

    def __exit__(self, *reason: Any) -> None:
        super().__exit__(*reason)
        self.patched.close()

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: Any = (), options: dict[str, Any] | None = None
    ) -> Any:
        self.operations += any(isinstance(each, OnDevice) for each in tree_flatten((arguments, options))[0])
        return computed(operation, arguments, options or {})


def computed(operation: Any, arguments: Any, options: dict[str, Any]) -> Any:
    """The result of an operation, on the device if it belongs there."""
    given = [each for each in tree_flatten((arguments, options))[0] if isinstance(each, Tensor)]
    there = any(isinstance(each, OnDevice) for each in given)
    asked = options.get("device")
    if operation is aten._fused_sdp_choice.default:
        return MATH
    moves = operation in (aten._to_copy.default, aten.copy_.default)
    strangers = [each for each in given if not isinstance(each, OnDevice) and each.dim()]
    if there and strangers and not moves and operation not in INDEXING:
        raise RuntimeError(f"{operation}: tensors on two devices")
    result = operation(
        *tree_map(_held, arguments), **{**tree_map(_held, options), **({} if asked is None else {"device": CPU})}
    )
    if operation is aten.copy_.default or _in_place(operation):
        return arguments[0]
    onto = there if asked is None else asked == DEVICE
    return tree_map(lambda each: OnDevice(each) if isinstance(each, Tensor) else each, result) if onto else result


INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}


def _in_place(operation: Any) -> bool:
    name: str = operation._schema.name
    return name.endswith("_") and not name.endswith("__")


def _held(each: Any) -> Any:
    return each.held if isinstance(each, OnDevice) else each


def moved(module: nn.Module) -> nn.Module:
    """A module with its parameters and buffers on the device; float64 is refused."""
    for part in module.modules():
        for name, weight in part._parameters.items():
            if weight is not None:
                part._parameters[name] = nn.Parameter(OnDevice(weight.detach()), requires_grad=weight.requires_grad)
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = OnDevice(buffer)
    return module
