"""The operations timed: three of the transformer with an encoding, on random tokens.

    forward         final hidden states of a batch, without gradients
    training_step   forward, loss at every token, backward; no optimiser, whose cost does not depend on the encoding
    decode          one new token for one row whose other tokens are in the KV cache

A batch has BATCH_TOKENS tokens, or one row if a row is longer. The vocabulary is small, so that the output layer does
not dominate the comparison. An operation ends when the device has finished it, not when it is queued.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Cache, Transformer
from benchmark.seeds import generator

OPERATIONS = ("forward", "training_step", "decode")
BATCH_TOKENS = 2048
VOCABULARY = 256
DIGITS = tuple(range(10))  # the tokens that count as digits, for an encoding that reads numbers
MARKS = tuple(range(10, 20))  # the tokens that end a segment, for an encoding that reads those

Call = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operation at a length, with a model of a size."""

    operation: str
    length: int  # tokens in a row
    shape: Shape
    device: torch.device

    @property
    def rows(self) -> int:
        """Rows in the batch; decoding uses a single one."""
        return 1 if self.operation == "decode" else max(1, BATCH_TOKENS // self.length)

    @property
    def tokens(self) -> int:
        """Tokens that one call processes."""
        return 1 if self.operation == "decode" else self.rows * self.length

    def tokens_drawn(self) -> Tensor:
        """Random tokens, [rows, length]: the same for every encoding."""
        draws = generator("timing", self.operation, self.length)
        return torch.randint(VOCABULARY, (self.rows, self.length), generator=draws).to(self.device)


def unsupported(case: Case, choice: Choice) -> str | None:
    """The reason why an encoding does not support a case; None if it does."""
    if case.operation == "training_step" and choice.entry.attributes.get("adapts") is not None:
        return "applied at test time only, never trained"
    limit = make(choice, case.shape).max_length
    if limit is not None and case.length > limit:
        return f"ends at {limit} tokens"
    return None


def prepare(case: Case, choice: Choice) -> Callable[[], Call]:
    """A function that prepares one call of the operation, which is then timed."""
    model = Transformer(VOCABULARY, case.shape, lambda shape, layer: make(choice, shape, layer=layer))
    model.initialise(0)
    model.to(case.device)
    tokens = case.tokens_drawn()
    maker = {"forward": _forward, "training_step": _training_step, "decode": _decode}[case.operation]
    ready = maker(model, tokens)

    def finishing() -> Call:
        call = ready()
        synchronise(case.device)
        return lambda: _finish(call, case.device)

    return finishing


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished its queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _finish(call: Call, device: torch.device) -> None:
    call()
    synchronise(device)


def _forward(model: Transformer, tokens: Tensor) -> Callable[[], Call]:
    model.eval()

    def call() -> None:
        with torch.inference_mode():
            model(tokens)

    return lambda: call


def _training_step(model: Transformer, tokens: Tensor) -> Callable[[], Call]:
    model.train()
    targets = tokens.roll(-1, dims=1).flatten()
    sampler = generator("timing", "positions")  # for encodings that sample positions in training

    def call() -> None:
        model.schedule(0.0)  # the mode in which an encoding spends most of its training
        logits = model.logits(model(tokens, sampler=sampler))
        F.cross_entropy(logits.flatten(0, 1), targets).backward()  # type: ignore[no-untyped-call]

    def ready() -> Call:
        model.zero_grad(set_to_none=True)
        return call

    return ready


def _decode(model: Transformer, tokens: Tensor) -> Callable[[], Call]:
    model.eval()
    full = Cache()
    with torch.inference_mode():
        if tokens.shape[1] > 1:
            model(tokens[:, :-1], cache=full)
    last = tokens[:, -1:]

    def ready() -> Call:
        # A step extends its cache with new tensors, so each call gets a copy of the same full cache.
        cache = Cache(tokens=full.tokens, layers=dict(full.layers), unmixed=dict(full.unmixed))
        return lambda: _step(model, last, cache)

    return ready


def _step(model: Transformer, token: Tensor, cache: Cache) -> None:
    with torch.inference_mode():
        model.logits(model(token, cache=cache))
