"""The contract of a position encoding: its hooks, all optional.

    positions -> embed -> [ rotate -> scores / sqrt(D) -> + bias -> mask -> rescore -> mask -> softmax ] a layer

An encoding overrides the hooks it needs and leaves the rest. The model calls every hook on every encoding and
knows none by name; the attention picks the fastest kernel that is exact for the hooks in use.

Shapes: B batch, T tokens, H heads, Q queries, K keys, D head width, C model width. `B|1` is B or 1.
No tokens give empty outputs, one token is a length like any other, and D may be odd: every hook accepts them.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

Value = TypeVar("Value")
Pairwise = Callable[[Tensor, Tensor, Tensor], Tensor]  # (head, query, key), counted from 0, -> the bias there
CONTIGUOUS = "contiguous"  # the name under which a site keeps whether its positions are


class PastEndError(ValueError):
    """A position past the end of an encoding: the measurement is reported as unsupported, never clamped in silence."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What an encoding may size itself by. `train_length` is in tokens."""

    width: int
    heads: int
    layers: int
    train_length: int
    digits: tuple[int, ...] = ()  # token ids of the digits, where the task writes numbers

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers", "train_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be at least 1")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}: choose one that is")

    @property
    def head_width(self) -> int:
        """D, the width of one head."""
        return self.width // self.heads


@dataclass(frozen=True, kw_only=True)
class Site:
    """One attention call: who asks (queries), who is asked (keys), and who may see whom.

    In a full pass queries and keys are the same tokens; in decoding and in blocked evaluation the queries are the
    tail of the keys. Positions are those that `Encoding.positions` gave, not indices.
    """

    hidden: Float[Tensor, "batch key width"]  # the layer's input after its norm, of every key
    query_positions: Tensor  # [B|1, Q]
    key_positions: Tensor  # [B|1, K]
    mask: Bool[Tensor, "batch_or_1 1 query key"] | None = None  # as `visible`; None: every key up to the query itself
    first_query: int = 0  # index of the first query among the keys
    layer: int = 0
    shared: dict[Hashable, object] = field(default_factory=dict, repr=False, compare=False)
    between_blocks: dict[Hashable, object] | None = field(default=None, repr=False, compare=False)  # None: no blocks

    @classmethod
    def of(
        cls,
        hidden: Tensor,
        positions: Tensor,
        *,
        queries: int | None = None,
        causal: bool = True,
        counted: bool = False,
    ) -> "Site":
        """The site at which the last `queries` tokens (default: all) look at all tokens of `hidden` [B, K, C].

        Positions known to be `counted`, 0, 1, 2, .., need not be looked at: on a GPU that would mean waiting for it.
        """
        keys = hidden.shape[1]
        count = keys if queries is None else queries
        everything = hidden.new_ones(1, 1, 1, 1, dtype=torch.bool)
        return cls(
            hidden=hidden,
            query_positions=positions[:, keys - count :],
            key_positions=positions,
            mask=None if causal else everything.expand(1, 1, count, keys),
            first_query=keys - count,
            shared={CONTIGUOUS: True} if counted else {},
        )

    @property
    def pairs(self) -> tuple[int, int]:
        """Q and K."""
        return self.query_positions.shape[1], self.key_positions.shape[1]

    @property
    def causal(self) -> bool:
        """Whether queries and keys are the same tokens, and none sees a later one: a mask that kernels know."""
        return self.mask is None and self.pairs[0] == self.pairs[1]

    @property
    def visible(self) -> Bool[Tensor, "batch_or_1 1 query key"]:
        """True where a query may attend to a key; it always sees itself. A byte a pair, made when it is asked for."""
        return self.once("visible", self._up_to_itself) if self.mask is None else self.mask

    def _up_to_itself(self) -> Tensor:
        pairs = torch.ones(self.pairs, dtype=torch.bool, device=self.key_positions.device)
        return pairs.tril_(diagonal=self.first_query)[None, None]

    def once(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """`compute()`, done once a forward pass and shared by all its layers: for what positions alone decide."""
        if key not in self.shared:
            self.shared[key] = compute()
        return self.shared[key]  # type: ignore[return-value]

    def once_for_blocks(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """`compute()`, done once where queries go in blocks: for what the keys of one attention call decide.

        The first block to ask sees every key that later ones see; those see a prefix of them, so that what is kept
        must serve a prefix too.
        """
        if self.between_blocks is None:
            return compute()
        if key not in self.between_blocks:
            self.between_blocks[key] = compute()
        return self.between_blocks[key]  # type: ignore[return-value]

    @property
    def distance(self) -> Tensor:
        """Query position minus key position, [B|1, 1, Q, K]; negative for keys ahead (never visible if causal)."""
        return self.once("distance", lambda: self._distance())

    def _distance(self) -> Tensor:
        return self.query_positions[:, None, :, None] - self.key_positions[:, None, None, :]

    @property
    def contiguous(self) -> bool:
        """Whether positions rise by one and are the same in every row: then distances form a Toeplitz matrix."""
        return self.once(CONTIGUOUS, lambda: _steps_by_one(self.key_positions))

    def at_layer(self, layer: int, hidden: Tensor) -> "Site":
        """The same positions and the same shared values, seen from another layer."""
        return replace(self, layer=layer, hidden=hidden)

    def block(self, start: int, stop: int) -> "Site":
        """The queries `start` to `stop` alone, with the keys that they can see if no mask says which."""
        keys = self.first_query + stop if self.mask is None else self.key_positions.shape[1]
        return replace(
            self,
            hidden=self.hidden[:, :keys],
            query_positions=self.query_positions[:, start:stop],
            key_positions=self.key_positions[:, :keys],
            mask=None if self.mask is None else self.mask[:, :, start:stop],
            first_query=self.first_query + start,
            shared={CONTIGUOUS: True} if self.shared.get(CONTIGUOUS) else {},
        )


def _steps_by_one(positions: Tensor) -> bool:
    if positions.shape[0] != 1 or positions.is_floating_point():
        return False
    return bool((positions[:, 1:] - positions[:, :-1] == 1).all())


def past_end(positions: Tensor, end: int) -> int | None:
    """The farthest position, if it is at `end` or past it.

    None, too, while a training step is recorded on a GPU, which cannot wait for the answer: the step was taken once
    before that, and of positions that are sampled the GPU itself refuses what is past a table.
    """
    if not positions.numel() or (positions.is_cuda and torch.cuda.is_current_stream_capturing()):
        return None
    last = int(positions.max())
    return last if last >= end else None


class Encoding(nn.Module):
    """A position encoding. The class attributes say what it claims; `python -m benchmark list encodings` shows them.

    Class attributes are plain literals, so that they can be read without importing torch. Parameters of an encoding
    are keyword-only arguments of `__init__` after `shape`, each with a literal default: `rope:base=500000` sets one.
    Weights may be drawn in `__init__` with any torch initialiser: `make` runs it under a seed of its own.
    """

    name: ClassVar[str]  # the name in the registry and on the command line
    title: ClassVar[str]  # for people
    source: ClassVar[str]  # where the idea was published, an URL
    acts: ClassVar[str]  # embedding, rotation, bias, scores, positions, or nothing
    learned: ClassVar[str] = "0"  # number of learned parameters, as a formula in L, C, H, d (head width)
    past: ClassVar[str]  # what happens past the trained length, in three or four words
    adapts: ClassVar[str | None] = None  # applied at test time to a model trained with that encoding; never trained
    wraps: ClassVar[str | None] = None  # the parameter that names another encoding, which this one is built around
    numbers: ClassVar[bool] = False  # reads the digits of numbers: offered only to tasks that write some

    # An encoding around another takes these from it, when it is built.
    relative: bool = False  # claims that scores depend on distance only; the contract test holds it to that
    per_layer: bool = False  # one instance a layer, or one shared by all
    causal_only: bool = False  # True: not defined where a query sees keys ahead of it; the model refuses
    length_aware: bool = False  # what it does to a token depends on how many there are: no cache serves longer rows
    max_length: int | None = None  # tokens; None: defined everywhere. Past it, evaluation reports "unsupported"

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def schedule(self, done: float) -> None:
        """Told before each training step what share of training is done, 0 <= done < 1; never told at test time."""

    def positions(self, tokens: Int[Tensor, "batch time"], generator: torch.Generator | None = None) -> Tensor:
        """Position of every token, [B|1, T]. `generator` is given in training only, for encodings that sample."""
        return torch.arange(tokens.shape[1], device=tokens.device)[None]

    def embed(self, x: Float[Tensor, "batch time width"], positions: Tensor) -> Float[Tensor, "batch time width"]:
        """Token embeddings (unit variance) with position added, once, before the first layer."""
        return x

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        """Queries [B, H, Q, D] and keys [B, H, K, D], transformed by their positions. Both may change width alike."""
        return q, k

    def bias(self, site: Site) -> Tensor | None:
        """What is added to the scaled scores, [B|1, H|1, Q, K]; None if there is nothing to add."""
        return None

    def diagonals(self, site: Site) -> Tensor | None:
        """The bias by distance, [H, Q + K - 1] from the farthest key behind to the farthest ahead.

        None unless that is the whole of it: only an encoding whose `bias` is laid out from it gives one.
        """
        return None

    def pairwise(self, site: Site) -> Pairwise | None:
        """The bias of a head at one pair of a query and a key, for a kernel on a GPU that makes it as it goes.

        None unless that is the whole of `bias`, and the same in every row. What it is given are whole numbers that
        torch's compiler follows: it uses torch's operations alone, on them and on tensors that it reads one element of.
        """
        return None

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        """The final scores [B, H, Q, K] from the scaled, biased and masked ones (-inf where not visible)."""
        return scores

    @property
    def counts_from_zero(self) -> bool:
        """Whether positions are 0, 1, 2, .. in every row, whatever the tokens: `positions` is not overridden."""
        return getattr(self.positions, "__func__", None) is Encoding.positions

    @property
    def biases(self) -> bool:
        """Whether a bias is added: then the kernel needs it as a mask."""
        return type(self).bias is not Encoding.bias

    @property
    def rescores(self) -> bool:
        """Whether the scores themselves are needed, which no fused kernel can give."""
        return type(self).rescore is not Encoding.rescore


class RelativeBias(Encoding):
    """An encoding whose bias depends on distance alone: give `at`, and the rest is done once a forward pass.

    For T tokens in a row there are only 2T - 1 distances: `at` is called on those and laid out as a Toeplitz matrix,
    which all layers share (when the encoding itself is shared).
    """

    acts: ClassVar[str] = "bias"
    relative: bool = True

    def at(self, distance: Tensor) -> Tensor:
        """The bias of every head at each distance: any shape [...] in, [H, ...] out. Float32 inside."""
        raise NotImplementedError(f"{type(self).__name__} must define at(distance)")

    def bias(self, site: Site) -> Tensor:
        """[B|1, H, Q, K], computed once a forward pass."""
        return site.once(("bias", id(self)), lambda: self._lay_out(site))

    def diagonals(self, site: Site) -> Tensor | None:
        """[H, Q + K - 1], computed once a forward pass; None where rows differ, or a subclass biases otherwise."""
        if type(self).bias is not RelativeBias.bias or not site.contiguous or 0 in site.pairs:
            return None
        return site.once(("diagonals", id(self)), lambda: self._along(site))

    def pairwise(self, site: Site) -> Pairwise | None:
        """What the diagonals hold: as long as they are known."""
        diagonals = self.diagonals(site)
        if diagonals is None:
            return None
        # A tensor: a number would be part of the kernel, which would be compiled anew for every length.
        last = torch.tensor(site.pairs[0] - 1, device=diagonals.device)
        return lambda head, query, key: diagonals[head, last - query + key]

    def _along(self, site: Site) -> Tensor:
        queries, keys = site.pairs
        farthest, nearest = site.first_query + queries - 1, site.first_query - keys + 1
        return self.at(torch.arange(farthest, nearest - 1, -1, device=site.key_positions.device))

    def _lay_out(self, site: Site) -> Tensor:
        if not site.contiguous:
            return self.at(site.distance[:, 0]).transpose(0, 1)
        if 0 in site.pairs:
            return site.hidden.new_zeros(1, self.shape.heads, *site.pairs)
        # Row r of the unfolded view holds the distances from the farthest less r down: the last query comes first.
        return self._along(site).unfold(-1, site.pairs[1], 1).flip(-2)[None]


class Rotation(Encoding):
    """An encoding that turns pairs of channels of queries and keys by position times frequency: give `theta`.

    The first r channels are turned, r twice the number of frequencies; the others stay. Pairs are half-split, x[k] with
    x[k + r/2] as in GPT-NeoX and Llama, or x[2k] with x[2k + 1] where `interleaved`. Cosines and sines are computed
    once a forward pass and shared by all layers (when the encoding itself is shared).
    """

    acts: ClassVar[str] = "rotation"
    relative: bool = True
    interleaved: bool = False
    temperature: float = 1.0  # multiplies cosines and sines: scores grow by its square

    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        """Radians a position that each pair turns by, of the dtype and on the site's device.

        [r/2], or [B|1, 1, 1, r/2] where rows differ.
        """
        raise NotImplementedError(f"{type(self).__name__} must define theta(dtype, site)")

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        cos, sin = site.once(("rotation", id(self), q.dtype), lambda: self.table(site, q.dtype))
        own = slice(site.first_query, site.first_query + q.shape[-2])
        return self.turn(q, cos[..., own, :], sin[..., own, :]), self.turn(k, cos, sin)

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of every angle of every key, each [B|1, 1, K, r/2]."""
        # At least float32: a bfloat16 angle at position 4096 is wrong by whole turns.
        exact = torch.promote_types(dtype, torch.float32)
        angles = site.key_positions[:, None, :, None].to(exact) * self.theta(exact, site)
        cos, sin = angles.cos(), angles.sin()
        if self.temperature != 1.0:
            cos, sin = cos * self.temperature, sin * self.temperature
        return cos.to(dtype), sin.to(dtype)

    def turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotate the pairs of the first r channels of x [B, H, T, D] by angles [B|1, H|1, T, r/2]; leave the others."""
        rotated = 2 * cos.shape[-1]
        if rotated == 0:
            return x
        moving, still = x[..., :rotated], x[..., rotated:]
        if self.interleaved:
            a, b = moving[..., 0::2], moving[..., 1::2]
            turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)
        elif cos.requires_grad or sin.requires_grad:
            a, b = moving.chunk(2, dim=-1)
            turned = torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
        else:
            turned = _HalfTurn.apply(moving, cos, sin)  # type: ignore[no-untyped-call]
        return torch.cat((turned, still), dim=-1) if still.shape[-1] else turned


class _HalfTurn(torch.autograd.Function):
    """Half-split pairs turned by fixed angles in three passes, and their gradient by the opposite angles in three more.

    Left to autograd, the same takes seven each way, and was a fifth of a small model's training step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        half = cos.shape[-1]
        turned = x * torch.cat((cos, cos), dim=-1)
        turned[..., :half].addcmul_(x[..., half:], sin, value=-1)
        turned[..., half:].addcmul_(x[..., :half], sin)
        return turned

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _HalfTurn.apply(gradient, cos, -sin), None, None  # type: ignore[no-untyped-call]


def geometric(base: float | Tensor, rotated: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """RoPE's frequencies base ** (-2k / width) for k = 0 .. rotated/2 - 1, fastest first, [rotated/2].

    A base of each row, [B, 1, 1, 1], gives frequencies of each row, [B, 1, 1, rotated/2].
    """
    return base ** (-torch.arange(0, rotated, 2, dtype=dtype, device=device) / width)


class Wrapper(Encoding):
    """An encoding around another: what it does not override is the inner one's, claims and weights included."""

    def __init__(self, shape: Shape, inner: Encoding) -> None:
        super().__init__(shape)
        self.inner = inner
        self.relative = inner.relative
        self.per_layer = inner.per_layer
        self.causal_only = inner.causal_only
        self.length_aware = inner.length_aware
        self.max_length = inner.max_length

    def schedule(self, done: float) -> None:
        self.inner.schedule(done)

    @property
    def counts_from_zero(self) -> bool:
        own = getattr(self.positions, "__func__", None)
        return own is Wrapper.positions and self.inner.counts_from_zero

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.inner.positions(tokens, generator)

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return self.inner.embed(x, positions)

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return self.inner.rotate(q, k, site)

    def bias(self, site: Site) -> Tensor | None:
        return self.inner.bias(site)

    def diagonals(self, site: Site) -> Tensor | None:
        return self.inner.diagonals(site) if type(self).bias is Wrapper.bias else None

    def pairwise(self, site: Site) -> Pairwise | None:
        return self.inner.pairwise(site) if type(self).bias is Wrapper.bias else None

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return self.inner.rescore(scores, q, k, site)

    @property
    def biases(self) -> bool:
        return self.inner.biases

    @property
    def rescores(self) -> bool:
        return self.inner.rescores
