"""The tutorial's own experiment: one attention layer learns to reconstruct its input words.

    x = E[word]                          fixed random vectors of unit variance
    y = attention(encoding.embed(x))     bidirectional; every word sees itself
    loss = mean((y - x) ** 2)            output against the embedded words, without positions

The word vectors are not trained: otherwise the loss could fall to zero by making them all equal. Predicting zeros costs
1. An epoch is one step on the mean loss over the passages.

It shows what attention looks like, and whether it depends only on distance. It cannot show that an encoding
extrapolates, since it never sees longer or held-out text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape, Site
from benchmark.errors import UsageError
from benchmark.model.attention import Attention
from benchmark.seeds import generator
from benchmark.tasks.corpus import TUTORIAL_PASSAGES
from benchmark.tasks.corpus.words import cut

WIDTH, HEADS = 32, 4
LEARNING_RATE = 0.01  # Adam's
SHIFT = 100  # tokens by which all positions are shifted, to see if attention changes


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The attention of every head in one passage."""

    title: str
    words: tuple[str, ...]
    attention: Float[Tensor, "heads time time"]


@dataclass(frozen=True, kw_only=True)
class TutorialResult:
    """The result of the experiment."""

    losses: list[float]  # before each epoch's step, and after the last one: epochs + 1 values
    passages: list[Seen]
    shift_change: float | None  # largest change of a weight under a shift of all positions by SHIFT; None: impossible
    causal: bool  # the encoding is not defined for later keys, so words see none

    @property
    def to_itself(self) -> list[float]:
        """The mean weight of a word on itself, by head."""
        own = [seen.attention.diagonal(dim1=-2, dim2=-1) for seen in self.passages]
        return torch.cat(own, dim=-1).mean(dim=-1).tolist()

    @property
    def by_chance(self) -> float:
        """The mean weight of a word on itself under uniform attention."""
        lengths = [len(seen.words) for seen in self.passages]
        shares = [1 / (place + 1 if self.causal else length) for length in lengths for place in range(length)]
        return sum(shares) / len(shares)


class Reconstruction(nn.Module):
    """One attention layer, over words with fixed vectors."""

    embedding: Tensor

    def __init__(self, vocabulary: int, longest: int, choice: Choice, seed: int) -> None:
        super().__init__()
        shape = Shape(width=WIDTH, heads=HEADS, layers=1, train_length=longest)
        self.encoding = make(choice, shape, seed=seed)
        self.attention = Attention(shape)
        draws = generator("tutorial", "words", seed)
        self.register_buffer("embedding", torch.randn(vocabulary, WIDTH, generator=draws))
        for name, weight in self.attention.named_parameters():
            start = torch.randn(weight.shape, generator=generator("tutorial", "weight", seed, name))
            weight.data.copy_(start / weight.shape[-1] ** 0.5)

    def forward(
        self, tokens: Tensor, *, shift: int = 0, sampler: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The output [1, T, C] and the attention weights [1, H, T, T] for a row of tokens [1, T]."""
        positions = self.encoding.positions(tokens, sampler) + shift
        x = self.encoding.embed(F.embedding(tokens, self.embedding), positions)
        site = Site.of(x, positions, causal=self.encoding.causal_only)
        out, weights = self.attention(*self.attention.project(x), site, self.encoding, weights=True)
        return out, weights

    def loss(self, tokens: Tensor, sampler: torch.Generator | None = None) -> Tensor:
        """Mean squared error against the embedded words, without positions."""
        return F.mse_loss(self(tokens, sampler=sampler)[0], F.embedding(tokens, self.embedding))


def passages() -> dict[str, list[str]]:
    """The words of each passage, by title."""
    return {title: cut(text) for title, text in TUTORIAL_PASSAGES.items()}


def experiment(choice: Choice, passages: Mapping[str, Sequence[str]], *, epochs: int, seed: int) -> TutorialResult:
    """Train on the passages (title -> words), and record what the heads attend to."""
    vocabulary = {word: number for number, word in enumerate(sorted({w for words in passages.values() for w in words}))}
    rows = [torch.tensor([[vocabulary[word] for word in words]]) for words in passages.values()]
    longest = max(map(len, passages.values()))
    if choice.entry.attributes.get("adapts") is not None:
        raise UsageError(f"{choice.label} is applied at test time only, and never trained: choose another encoding")
    if CATALOGUE.reads_digits(choice):
        raise UsageError(
            f"{choice.label} reads the digits of numbers, and the passages contain none: choose another encoding"
        )
    if CATALOGUE.reads_marks(choice):
        raise UsageError(
            f"{choice.label} reads the marks that end segments, which the tutorial does not give: "
            "choose another encoding"
        )
    model = Reconstruction(len(vocabulary), longest, choice, seed)
    limit = model.encoding.max_length
    if limit is not None and limit < longest:
        raise UsageError(f"{choice.label} ends at {limit} tokens, but the longest passage has {longest} words")
    losses = train(model, rows, epochs, seed)
    with torch.inference_mode():
        attention = [model(row)[1][0] for row in rows]
        change = None if limit is not None and limit < longest + SHIFT else largest_change(model, rows, attention)
    seen = zip(passages.items(), attention, strict=True)
    return TutorialResult(
        losses=losses,
        passages=[Seen(title=title, words=tuple(words), attention=weights) for (title, words), weights in seen],
        shift_change=change,
        causal=model.encoding.causal_only,
    )


def train(model: Reconstruction, rows: Sequence[Tensor], epochs: int, seed: int) -> list[float]:
    """The mean loss over the passages before each epoch and after the last; leaves the model in evaluation mode."""
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    losses = []
    model.train()
    for epoch in range(epochs):
        model.encoding.schedule(epoch / epochs)
        sampler = generator("tutorial", "positions", seed, epoch)
        loss = torch.stack([model.loss(row, sampler) for row in rows]).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    model.eval()
    with torch.inference_mode():
        losses.append(float(torch.stack([model.loss(row) for row in rows]).mean()))
    return losses


def largest_change(model: Reconstruction, rows: Sequence[Tensor], attention: Sequence[Tensor]) -> float:
    """The largest change of any attention weight when all positions shift by SHIFT tokens."""
    moved = (model(row, shift=SHIFT)[1][0] for row in rows)
    return max(float((after - before).abs().max()) for after, before in zip(moved, attention, strict=True))
