"""The contract of a position encoding: nine hooks, all optional.

    positions -> embed -> [ rotate -> scores / sqrt(D) -> + bias -> mask -> rescore -> mask -> weigh ] per layer

An encoding overrides the hooks it needs. The model calls all but `search` on every encoding and knows none by name; the
attention picks the fastest kernel that is exact for the hooks in use. Four base classes cover the common cases and can
be imported from here: `RelativeBias`, `Rotation` and `Wrapper` (`benchmark/encodings/bases.py`), and `Remap` with its
`Piece` (`benchmark/encodings/remap.py`).

Shapes: B batch, T tokens, H heads, Q queries, K keys, D head width, C model width. `B|1` is B or 1.
Every hook must accept zero tokens (the result is empty), a single token, and odd D.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from benchmark.encodings.bias import Bias

__all__ = [
    "Encoding",
    "Part",
    "PastEndError",
    "Piece",
    "RelativeBias",
    "Remap",
    "Rotation",
    "Shape",
    "Site",
    "Wrapper",
    "geometric",
    "past_end",
]

if TYPE_CHECKING:
    from benchmark.encodings.bases import RelativeBias, Rotation, Wrapper, geometric, past_end
    from benchmark.encodings.remap import Piece, Remap
else:

    def __getattr__(name: str) -> object:  # on first use: `bases` and `remap` themselves build on this module
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from benchmark.encodings import bases, remap

        return getattr(remap if name in ("Piece", "Remap") else bases, name)


Value = TypeVar("Value")
CONTIGUOUS = "contiguous"  # the key under which a site remembers the answer

Loss = Callable[[Tensor, float], Tensor]  # (values, trained lengths in a row) -> mean loss in nats; see `search`


class PastEndError(ValueError):
    """A position past the end of an encoding: reported as unsupported, never clamped silently."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes that an encoding may depend on. `train_length` is in tokens."""

    width: int
    heads: int
    layers: int
    train_length: int
    digits: tuple[int, ...] = ()  # token ids of the digits, where the task writes numbers
    marks: tuple[int, ...] = ()  # token ids that end a segment, such as full stops, for encodings that read `segments`

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers", "train_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be at least 1")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}: choose one that is")

    @property
    def head_width(self) -> int:
        """D, the width of one head."""
        return self.width // self.heads


@dataclass(frozen=True, kw_only=True)
class Site:
    """One attention call: queries, keys, their positions, and which keys each query may see.

    In a full pass, queries and keys are the same tokens. In decoding and in blockwise evaluation, the queries are the
    last of the keys. Positions are those that `Encoding.positions` returned, not indices.
    """

    hidden: Float[Tensor, "batch key width"]  # the input of the attention, for every key
    query_positions: Tensor  # [B|1, Q]
    key_positions: Tensor  # [B|1, K]
    mask: Bool[Tensor, "batch_or_1 1 query key"] | None = None  # as `visible`; None: every key up to the query itself
    first_query: int = 0  # index of the first query among the keys
    layer: int = 0
    shared: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)  # what `once` keeps
    between_blocks: dict[Hashable, Any] | None = field(default=None, repr=False, compare=False)  # see model/blocks.py

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
        """The site where the last `queries` tokens (default: all) attend to all tokens of `hidden` [B, K, C].

        `counted` states that positions are 0, 1, 2, .., which saves reading them back from a GPU.
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
        """True for a full causal pass: queries and keys are the same tokens, and none sees a later one."""
        return self.mask is None and self.pairs[0] == self.pairs[1]

    @property
    def visible(self) -> Bool[Tensor, "batch_or_1 1 query key"]:
        """True where a query may attend to a key; it always sees itself. One byte per pair, made on first use."""
        return self.once("visible", self._up_to_itself) if self.mask is None else self.mask

    def _up_to_itself(self) -> Tensor:
        pairs = torch.ones(self.pairs, dtype=torch.bool, device=self.key_positions.device)
        return pairs.tril_(diagonal=self.first_query)[None, None]

    @property
    def distance(self) -> Tensor:
        """Query position minus key position, [B|1, 1, Q, K]; negative for keys ahead (never visible if causal)."""
        return self.once(
            "distance", lambda: self.query_positions[:, None, :, None] - self.key_positions[:, None, None, :]
        )

    @property
    def contiguous(self) -> bool:
        """True if positions rise by one and are the same in every row: distances then form a Toeplitz matrix."""
        return self.once(CONTIGUOUS, lambda: _rise_by_one(self.key_positions))

    def once(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """`compute()`, done once per forward pass and shared by all layers: for values that depend on positions only.

        The key names everything else that the value depends on: numbers, a dtype, or `self`. Never use `id(self)`:
        Python reuses the id of a freed object, while an object in a key stays alive as long as the key.
        """
        if key not in self.shared:
            self.shared[key] = compute()
        return self.shared[key]  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Keys that a query meets with queries and keys rotated for them: their products are the scores before scaling.

    A part begins at another key for each query, and ends where the next part begins; the last ends at the query itself.
    """

    queries: Float[Tensor, "batch heads query width"]
    keys: Float[Tensor, "batch heads key width"]
    first: Int[Tensor, " query"]  # index of each query's first key; 0 in the first part


def _rise_by_one(positions: Tensor) -> bool:
    if positions.shape[0] != 1 or positions.is_floating_point():
        return False
    return bool((positions[:, 1:] - positions[:, :-1] == 1).all())


class Encoding(nn.Module):
    """A position encoding. Its class attributes state what it claims; `python -m benchmark list encodings` shows them.

    Class attributes are literals, because they are read without importing torch. `group = "content"`, or "temperature",
    puts it into a group that does not follow from the others (`RULES` in `__init__.py`). An encoding's parameters are
    keyword-only arguments of `__init__` after `shape`, each with a literal default: `rope:base=500000` sets one.
    Initial weights may be drawn in `__init__` with any torch initialiser: `make` runs it under a seed of its own.
    """

    name: ClassVar[str]  # in the registry and on the command line
    title: ClassVar[str]  # in reports
    source: ClassVar[str]  # URL of the publication
    acts: ClassVar[str]  # embedding, rotation, bias, scores, weights, positions, or nothing
    learned: ClassVar[str] = "0"  # number of learned parameters, as a formula in L, C, H, d (head width)
    past: ClassVar[str]  # what happens past the trained length, in three or four words
    adapts: ClassVar[str | None] = None  # the encoding whose trained models this one is applied to; never trained
    wraps: ClassVar[str | None] = None  # the parameter that names the encoding this one is built around
    numbers: ClassVar[bool] = False  # reads the digits of numbers: offered only to tasks that write some
    segments: ClassVar[bool] = False  # reads the marks that end segments: offered only to tasks that have some

    # A wrapper takes these from the encoding it is built around.
    relative: bool = False  # claims that scores depend on distance only; the contract test verifies it
    per_layer: bool = False  # one instance per layer, instead of one shared by all
    causal_only: bool = False  # undefined where a query sees keys ahead of it; the model refuses
    length_aware: bool = False  # treats a token differently in longer rows, so no KV cache can serve them
    max_length: int | None = None  # in tokens; evaluation past it is reported as unsupported. None: no limit

    found: Tensor  # of an encoding with a `search`: the values it works with; those to start from, until there is one

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def schedule(self, done: float) -> None:
        """Called before each training step with the share of training done, 0 <= done < 1; never at test time."""

    def positions(self, tokens: Int[Tensor, "batch time"], generator: torch.Generator | None = None) -> Tensor:
        """Position of every token, [B|1, T]. `generator` is given in training only, for encodings that sample."""
        return torch.arange(tokens.shape[1], device=tokens.device)[None]

    def embed(self, x: Float[Tensor, "batch time width"], positions: Tensor) -> Float[Tensor, "batch time width"]:
        """Token embeddings (unit variance) with position added, once, before the first layer."""
        return x

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        """Queries [B, H, Q, D] and keys [B, H, K, D], transformed by position. Both may change to one other width."""
        return q, k

    def bias(self, site: Site) -> Bias | None:
        """The term added to the scaled scores: [B|1, H|1, Q, K], a description of it, or None for no term."""
        return None

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        """The final scores [B, H, Q, K], from the scaled, biased and masked ones (-inf where not visible)."""
        return scores

    def rotated_parts(self, q: Tensor, k: Tensor, site: Site) -> Sequence[Part]:
        """The scores of `rescore` in another form, from the farthest keys to the nearest, for rotated q and k.

        Without gradients, a fused kernel then takes each part in place of `rescore`. Empty where there is no such form,
        as for every encoding whose `rescore` does more than rotate once more. Wrappers do not hand it on.
        """
        return ()

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        """Attention weights [B, H, Q, K] from the final scores, which are -inf where a key is not visible.

        Weights are in [0, 1], those of a query sum to at most 1, and a key that is not visible has none.
        """
        return scores.softmax(dim=-1)

    def search(self, loss: Loss, generator: torch.Generator) -> Tensor:
        """Values for `found` that suit a trained model; called once for each model, before it is measured.

        `loss(values, times)` is the model's mean loss with these values, on rows of `times` the trained length that no
        test asks; a gradient flows to values that require one. How often to call it is the encoding's own budget. All
        random draws come from the generator. `found` is stored with the records; it is a tensor on the CPU, not a
        buffer, so that no cast of the model rounds it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no search")
