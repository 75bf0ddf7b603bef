"""The metrics: what each is called, how to read it, and how it follows from the sums that a measurement stores.

Every part of the project asks here. A new metric that can be computed from the stored sums is one entry of METRICS,
plus the translation of its label in benchmark/reports/locale/.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

ACCURACY_HOLDS = 0.9  # an accuracy is usable down to this fraction of its value at L
LOSS_HOLDS = 1.05  # a loss is usable up to this multiple of its value at L
MARGIN = 0.02  # smaller differences do not matter, in an accuracy or in a loss in nats
LARGEST_EXPONENT = 700.0  # math.exp overflows above it


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Totals over the places and rows that count; NaN or 0 for what was not measured."""

    loss: float = math.nan  # nats, over scored places
    correct: float = math.nan  # scored places whose target was the most likely token
    places: int = 0  # scored places
    exact: float = math.nan  # rows without an error
    rows: int = 0  # rows with a scored place
    characters_per_token: float | None = None  # None for a task without a text
    window_loss: float = math.nan  # nats, of the text in disjoint windows
    window_places: int = 0
    crop_loss_per_token: float = math.nan  # nats, of the same targets after exactly L tokens each
    far_loss: float = math.nan  # nats, of the targets that need far context
    far_places: int = 0

    @property
    def loss_per_token(self) -> float:
        """Mean loss of a scored place, in nats."""
        return ratio(self.loss, self.places)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric. Label and unit are English; reports translate them."""

    label: str
    unit: str  # "" if the label says it
    lower_is_better: bool
    of: Callable[[Sums], float]  # NaN if the sums lack what it needs
    places: Callable[[Sums], int] = lambda sums: sums.places  # scored places behind it
    bounded: bool = False  # lies in [0, 1]
    perfect: float = math.nan  # its value without any error; NaN: undefined, so there is no skill either
    margin: float = math.nan  # two values closer than this are equivalent; NaN: never
    holds: float = math.nan  # a length is usable up to (a loss) or down to this multiple of the value at L; NaN: never
    headline: bool = False  # a task may name it as its own metric
    of_texts: bool = True
    of_synthetic: bool = True
    optional: bool = False  # without its sums, left out of a table rather than shown as missing


def ratio(total: float, count: float) -> float:
    """The mean of `count` items that add up to `total`; NaN if there are none."""
    return float(total) / count if count else math.nan


def _perplexity(sums: Sums) -> float:
    loss = sums.loss_per_token
    return math.inf if loss > LARGEST_EXPONENT else math.exp(loss)


def _bits_per_character(sums: Sums) -> float:
    return ratio(sums.loss_per_token / math.log(2), sums.characters_per_token or 0)


METRICS: dict[str, Metric] = {
    "token_accuracy": Metric(
        label="token accuracy",
        unit="0 to 1",
        lower_is_better=False,
        of=lambda sums: ratio(sums.correct, sums.places),
        bounded=True,
        perfect=1.0,
        margin=MARGIN,
        holds=ACCURACY_HOLDS,
        headline=True,
    ),
    "exact_match": Metric(
        label="exact match",
        unit="0 to 1",
        lower_is_better=False,
        of=lambda sums: ratio(sums.exact, sums.rows),
        bounded=True,
        perfect=1.0,
        margin=MARGIN,
        holds=ACCURACY_HOLDS,
        headline=True,
        of_texts=False,  # no row of prose is ever predicted exactly
    ),
    "loss_nats": Metric(
        label="loss",
        unit="nats per token",
        lower_is_better=True,
        of=lambda sums: sums.loss_per_token,
        perfect=0.0,
        margin=MARGIN,
        holds=LOSS_HOLDS,
        headline=True,
    ),
    "perplexity": Metric(  # does not hold: 5 % more perplexity is far less than 5 % more loss
        label="perplexity",
        unit="per token",
        lower_is_better=True,
        of=_perplexity,
        perfect=1.0,
        of_synthetic=False,
    ),
    "bits_per_character": Metric(
        label="bits per character",
        unit="",
        lower_is_better=True,
        of=_bits_per_character,
        perfect=0.0,
        holds=LOSS_HOLDS,
        of_synthetic=False,
    ),
    "window_loss_nats": Metric(
        label="loss in windows",
        unit="nats per token",
        lower_is_better=True,
        of=lambda sums: ratio(sums.window_loss, sums.window_places),
        places=lambda sums: sums.window_places,
        of_synthetic=False,
        optional=True,
    ),
    "over_crop_nats": Metric(
        label="loss, less that after L tokens",
        unit="nats",
        lower_is_better=True,
        of=lambda sums: sums.loss_per_token - sums.crop_loss_per_token,
        of_synthetic=False,
        optional=True,
    ),
    "far_loss_nats": Metric(
        label="loss on far-context tokens",
        unit="nats per token",
        lower_is_better=True,
        of=lambda sums: ratio(sums.far_loss, sums.far_places),
        places=lambda sums: sums.far_places,
        of_synthetic=False,
        optional=True,
    ),
}


def headlines(*, language: bool) -> tuple[str, ...]:
    """The metrics that a task, over texts or not, may name as its own."""
    return tuple(
        name
        for name, metric in METRICS.items()
        if metric.headline and (metric.of_texts if language else metric.of_synthetic)
    )
