"""Bytes that a KV cache holds beyond keys and values: known for encodings that keep a known number of numbers."""

import pytest
import torch
from planted import choice_of
from torch import Tensor, nn

from benchmark.checks.kept import BYTES, bytes_kept
from benchmark.checks.subject import QUICK, Subject
from benchmark.encodings import CATALOGUE
from benchmark.encodings.encoding import Encoding, Shape, Site


class Reads(Encoding):
    """Two numbers per head of each token enter the scores of every later one: as a product, or as a sum so far."""

    per_layer = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.look = nn.Linear(shape.width, 2 * shape.heads)

    def seen(self, site: Site) -> Tensor:
        """[B, H, K, 2]."""
        return self.look(site.hidden).unflatten(-1, (-1, 2)).transpose(1, 2)

    def bias(self, site: Site) -> Tensor:
        both = self.seen(site)
        return both[:, :, site.first_query :] @ both.transpose(-1, -2)


class ReadsASum(Reads):
    """All that went before enters as one number."""

    def bias(self, site: Site) -> Tensor:
        total = self.seen(site).mean(-1).cumsum(2)[:, :, site.first_query :, None]
        return total * site.distance.sqrt().nan_to_num(0)


class ReadsForAllHeads(Encoding):
    """Seven numbers that the heads share."""

    def bias(self, site: Site) -> Tensor:
        seen = site.hidden[..., :7]
        return (seen[:, site.first_query :] @ seen.mT)[:, None]


class AddsUp(Reads):
    """A running sum per head and channel turns queries and keys: rotated keys are kept, the sum once for a row."""

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        steps = self.seen(site).sum(-1, keepdim=True).sigmoid() ** torch.arange(1, 1 + q.shape[-1] // 2)
        angles = steps.cumsum(-2)
        return self.turned(q, angles[:, :, site.first_query :]), self.turned(k, angles)

    def turned(self, x: Tensor, angle: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()), dim=-1)

    def bias(self, site: Site) -> None:
        return None


class TurnsByWhatItReads(Reads):
    """Rotated keys can be kept in place of the keys: one number per head says how far a token turns."""

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        angle = self.seen(site).sum(-1, keepdim=True)
        own = angle[:, :, site.first_query :]
        return self.turned(q, own), self.turned(k, angle)

    def turned(self, x: Tensor, angle: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()), dim=-1)

    def bias(self, site: Site) -> None:
        return None


class WidensByWhatItReads(TurnsByWhatItReads):
    """Its keys have one and a half times the channels."""

    def turned(self, x: Tensor, angle: Tensor) -> Tensor:
        whole = super().turned(x, angle)
        return torch.cat((whole, whole[..., : x.shape[-1] // 2] * angle), dim=-1)


class LooksBack(Reads):
    """Keys that change as the row goes on: nothing rotated can be kept, and the number that turns them must be."""

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        far = self.seen(site).sum(-1, keepdim=True)
        return q, k * (far - far[:, :, -1:]).sigmoid()

    def bias(self, site: Site) -> None:
        return None


LAYERS, HEADS, WIDTH = QUICK.layers, QUICK.heads, QUICK.width


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (Reads, 2 * HEADS),
        (ReadsASum, 0),
        (ReadsForAllHeads, 7),
        (AddsUp, 0),
        (TurnsByWhatItReads, 0),
        (WidensByWhatItReads, WIDTH // 2),
        (LooksBack, HEADS),
    ],
)
def test_as_many_numbers_are_kept_as_later_queries_need(kind: type[Encoding], numbers: int) -> None:
    assert bytes_kept(Subject(choice=choice_of(kind))) == BYTES * LAYERS * numbers


@pytest.mark.parametrize(("name", "numbers"), [("rope", 0), ("pope", 0), ("cope", 0), ("fox", HEADS)])
def test_a_registered_encoding_keeps_what_its_formula_says(name: str, numbers: int) -> None:
    assert bytes_kept(Subject(choice=CATALOGUE.choice(name))) == BYTES * LAYERS * numbers


def test_nothing_can_be_kept_where_longer_rows_change_earlier_outputs() -> None:
    assert bytes_kept(Subject(choice=CATALOGUE.choice("ntk-dynamic"))) is None
