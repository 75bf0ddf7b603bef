"""The graphs of exact claims: what a criterion's single number is read from, over a whole range.

Nothing here decides a verdict, and changing it measures no claim again. Each function computes its lines from the
registered encodings, in a second or less, whenever a page is written.
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import torch
from torch import Tensor

from benchmark.claims.measures import absolute, frequencies, precision, rotation
from benchmark.claims.measures.rotation import HEAD_WIDTH, TOKENS, WIDTHS, normal, scores, theta
from benchmark.reports.draw.graph import Graph, Line
from benchmark.reports.words import later

NEAREST = 24
POINTS = 240  # of a line over a logarithmic axis
DRAWS = 20_000  # a line needs fewer than a verdict
DISTANCE = later("distance (tokens)")


def shift() -> Graph:
    """A1: the largest change of a score against the shift, in two precisions."""
    by = [2**power for power in range(15)]

    def changes(dtype: torch.dtype) -> list[float]:
        q, k = (normal(name, TOKENS, HEAD_WIDTH).to(dtype) for name in ("q", "k"))
        still = scores(q, k, torch.arange(TOKENS))
        moved = (scores(q, k, torch.arange(TOKENS) + each) for each in by)
        return [float((each - still).abs().max() / still.abs().max()) for each in moved]

    return Graph(
        across=later("shift of all positions (tokens)"),
        up=later("largest relative change"),
        caption=later(
            "The largest change of any score, as a share of the largest. It is rounding: a finer precision shrinks it."
        ),
        lines=[Line(name=f"float{bits}", x=by, y=changes(dtype)) for bits, dtype in _PRECISIONS.items()],
        log_across=True,
        log_up=True,
    )


def products() -> Graph:
    """A3: the inner product of two sinusoidal positions against their distance, in both directions."""
    apart = torch.arange(-100, 101)
    table = absolute.embedded(torch.arange(201, dtype=torch.float64))
    return Graph(
        across=later("k (tokens)"),
        up=later("PE(p) · PE(p + k)"),
        caption=later("The inner product at p = 100: the same k tokens ahead and behind, so it tells no direction."),
        lines=[Line(name="d = 64", x=apart.tolist(), y=(table @ table[100]).tolist())],
    )


def bound() -> Graph:
    """A4: RoFormer's bound against distance, by head width."""
    distance = torch.arange(rotation.NEAR, dtype=torch.float64)
    bounds = {width: rotation.bounds(distance, width) for width in WIDTHS}
    return Graph(
        across=DISTANCE,
        up=later("bound (at distance 0: 1)"),
        caption=later("The bound falls within the first tokens. After that it wavers, and decays only as a trend."),
        lines=[_line(f"d = {width}", distance, own / own[0]) for width, own in bounds.items()],
    )


def peaks() -> Graph:
    """A5: scores of keys that are built to peak at a distance."""
    built = rotation.PEAKS[3:]
    distance = torch.tensor(sorted({*_spread(1, 8191).tolist(), *built}), dtype=torch.float64)
    power = normal("q", HEAD_WIDTH).view(2, -1).square().sum(dim=0)
    shares = {at: ((distance[:, None] - at) * theta()).cos() @ power / power.sum() for at in built}
    return Graph(
        across=DISTANCE,
        up=later("score (highest possible: 1)"),
        caption=later("One query and three keys, each built for one distance: every one scores highest there."),
        lines=[_line(f"{at:,}", distance, share) for at, share in shares.items()],
        log_across=True,
    )


def advantage() -> Graph:
    """A6: the mean of cos(m theta) against distance, by head width."""
    distance = _spread(1, frequencies.LONG - 1).double()
    return Graph(
        across=DISTANCE,
        up=later("mean of cos(distance · θ)"),
        caption=later("Above 0 (dashed), similar tokens score higher than random ones; the first zero is measured."),
        lines=[_line(f"d = {width}", distance, _cosines(distance, theta(head_width=width))) for width in WIDTHS],
        marks=(0.0,),
        log_across=True,
    )


def wavelengths() -> Graph:
    """A8: the wavelength of each pair of channels, in units of the trained length."""
    lines = {f"d = {width}, L = {length:,}": (width, length) for width, length in ((128, 4096), (64, 128))}
    return Graph(
        across=later("channel"),
        up=later("wavelength / L"),
        caption=later("Channels below the dashed line turn at least once within L; the claim counts them."),
        lines=[
            _line(name, 2 * torch.arange(width // 2), 2 * math.pi / theta(head_width=width) / length)
            for name, (width, length) in lines.items()
        ],
        marks=(1.0,),
        log_up=True,
    )


def ntk() -> Graph:
    """A10: what NTK-aware scaling and position interpolation divide each frequency by."""
    channel = 2 * torch.arange(HEAD_WIDTH // 2)
    divisors = {name: theta() / theta(f"{name}:factor={frequencies.FACTOR:g}") for name in ("ntk", "pi")}
    return Graph(
        across=later("channel"),
        up=later("frequency divided by"),
        caption=later("A factor of 4: NTK-aware scaling leaves the first frequency alone and divides the last by 4."),
        lines=[_line(name, channel, own) for name, own in divisors.items()],
        marks=(1.0, frequencies.FACTOR),
    )


def recurrence() -> Graph:
    """A11: the greatest mean cosine of all angles from each distance to the next one drawn."""
    edges = _spread(1, 8193).tolist()
    means = _cosines(torch.arange(1, 8193, dtype=torch.float64), theta())
    greatest = [float(means[low - 1 : high - 1].max()) for low, high in pairwise(edges)]
    return Graph(
        across=DISTANCE,
        up=later("greatest mean cosine"),
        caption=later(
            "Were the whole rotation periodic, the line would return to 1 (dashed). Past 64 tokens it is below .6."
        ),
        lines=[Line(name="d = 64", x=edges[:-1], y=greatest)],
        marks=(1.0,),
        log_across=True,
    )


def shift_errors() -> Graph:
    """A12: the error of a shifted score against the shift, by precision."""
    by = [2**power for power in range(15)]
    errors = [precision.shift_errors(each) for each in by]
    return Graph(
        across=later("shift of all positions (tokens)"),
        up=later("RMS change of a logit"),
        caption=later("The logits have a standard deviation of 1: only angles in bfloat16 move them much."),
        lines=[Line(name=name, x=by, y=[each[name] for each in errors]) for name in errors[0]],
        log_across=True,
        log_up=True,
    )


def distinct() -> Graph:
    """A13: how many positions are told apart, of all up to a length, by precision."""
    positions = torch.arange(512)
    told = {name: _distinct(positions.to(dtype)) for name, dtype in _FORMATS.items()}
    return Graph(
        across=later("positions"),
        up=later("distinct values among them"),
        caption=later("Above 256, bfloat16 keeps only every second position."),
        lines=[_line(name, positions + 1, own) for name, own in told.items()],
    )


def alibi() -> Graph:
    """A14: the attention of the last query by distance, for a bias from distances and from key positions."""
    weights = {name: own.flip(0)[:NEAREST] for name, own in precision.alibi_weights().items()}
    return Graph(
        across=DISTANCE,
        up=later("attention"),
        caption=later("The nearest 24 of 8,192 keys, slope .5: rounded positions share one weight among many keys."),
        lines=[_line(name, torch.arange(NEAREST), own) for name, own in weights.items()],
    )


def inversions() -> Graph:
    """A18: the share of pairs of keys that change their order, against the base, with the published values."""
    return Graph(
        across=later("base"),
        up=later("share of swapped pairs"),
        caption=later(
            "How often two random keys change their order between two distances below 1,024 (here), 8,192 or 32,768. "
            "Points: as published. The longer the context, the higher the base that it takes to stay clear of chance "
            "(.5)."
        ),
        lines=[
            *_by_base(rotation.inverted, {1024: later("here"), 8192: "8,192", 32768: "32,768"}),
            Line(name="Du et al. 2026", x=(20, 100, 1e4, 5e5), y=(0.50, 0.49, 0.38, 0.31), points=True),
        ],
        log_across=True,
    )


def swaps() -> Graph:
    """A19: the share of pairs of distances whose farther one scores higher, against the base."""
    return Graph(
        across=later("base"),
        up=later("share won by the farther key"),
        caption=later(
            "A key like the query at two distances below 1,024, 8,192 or 32,768. A base too small for the context is "
            "no better than chance (.5), and raising it helps. The claim is about the slow rise that follows."
        ),
        lines=_by_base(rotation.swapped, {context: f"{context:,}" for context in rotation.CONTEXTS}),
        log_across=True,
    )


_PRECISIONS = {64: torch.float64, 32: torch.float32}
_FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_BASES = tuple(10**power for power in (1.3, 1.7, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.7))


def _line(name: str, x: Tensor, y: Tensor) -> Line:
    return Line(name=name, x=x.tolist(), y=y.tolist())


def _by_base(share: Callable[[str, rotation.Drawn], float], names: Mapping[int, str]) -> list[Line]:
    """A share against the base, a line for each context."""
    return [
        Line(name=name, x=_BASES, y=[share(f"{base:g}", rotation.draw(context, DRAWS)) for base in _BASES])
        for context, name in names.items()
    ]


def _spread(first: int, last: int) -> Tensor:
    """Whole numbers, about evenly spread over a logarithmic axis."""
    spread = torch.logspace(math.log10(first), math.log10(last), POINTS, dtype=torch.float64).round()
    return torch.tensor(sorted({int(each) for each in spread.tolist()}))


def _cosines(distance: Tensor, frequencies: Tensor) -> Tensor:
    return (distance[:, None] * frequencies).cos().mean(dim=1)


def _distinct(values: Tensor) -> Tensor:
    """The number of distinct ones among the first n of ascending values, for each n."""
    steps = (values[1:] != values[:-1]).double()
    return torch.cat((torch.ones(1, dtype=torch.float64), 1 + steps.cumsum(0)))
