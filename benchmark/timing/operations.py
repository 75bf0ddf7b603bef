"""What is timed: three operations of the transformer with an encoding, on random tokens.

    forward         final hidden states of a batch, without gradients
    training_step   forward, loss at every token, backward; no optimiser, whose cost is no encoding's
    decode          one new token for one row whose other tokens are in the cache

A batch has BATCH_TOKENS tokens, or one row where a row is longer. The vocabulary is small, so that the output layer
does not drown what is to be compared. The operations end when the device has finished, not when it was asked.
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
DIGITS = tuple(range(10))  # of these tokens, for an encoding that reads numbers

Call = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operation at a length, for a model of a size."""

    operation: str
    length: int  # tokens in a row
    shape: Shape
    device: torch.device

    @property
    def rows(self) -> int:
        """Rows in the batch; decoding follows a single one."""
        return 1 if self.operation == "decode" else max(1, BATCH_TOKENS // self.length)

    @property
    def tokens(self) -> int:
        """Tokens that one call works on."""
        return 1 if self.operation == "decode" else self.rows * self.length

    def tokens_drawn(self) -> Tensor:
        """Random tokens, [rows, length]: the same for every encoding."""
        draws = generator("timing", self.operation, self.length)
        return torch.randint(VOCABULARY, (self.rows, self.length), generator=draws).to(self.device)


def unsupported(case: Case, choice: Choice) -> str | None:
    """Why an encoding cannot do a case, or None if it can."""
    if case.operation == "training_step" and choice.entry.attributes.get("adapts") is not None:
        return "applied at test time only, never trained"
    limit = make(choice, case.shape).max_length
    if limit is not None and case.length > limit:
        return f"ends at {limit} tokens"
    return None


def prepare(case: Case, choice: Choice) -> Callable[[], Call]:
    """A function that makes ready one call of the operation, which is then timed."""
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
    """Wait until the device has done what it was asked."""
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
        model.schedule(0.0)  # what an encoding does for most of its training
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
        # A step extends the cache it is given, by new tensors: each call gets the same full one.
        cache = Cache(tokens=full.tokens, layers=dict(full.layers))
        return lambda: _step(model, last, cache)

    return ready


def _step(model: Transformer, token: Tensor, cache: Cache) -> None:
    with torch.inference_mode():
        model.logits(model(token, cache=cache))
