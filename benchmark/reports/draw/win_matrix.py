"""Win rates: a board of how often the row's encoding does better than the column's on a common seed."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from benchmark.reports.draw.tiles import Board, Labels, Scale, boards
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.phrases import NOTHING, qualified
from benchmark.reports.stats.points import Name
from benchmark.reports.stats.win_rates import WinRate
from benchmark.reports.words import language, t


def wins(pairs: Sequence[WinRate], names: Sequence[Name]) -> Figure:
    """`pairs`: the win rates at one multiple of L; `names` in the order of rows and columns."""
    places = {name[:2]: place for place, name in enumerate(names)}
    values = np.full((len(names), len(names)), math.nan)
    partial, dotted = set(), set()
    for pair in pairs:
        place = places[pair.trained_with, pair.encoding], places[pair.other_trained_with, pair.other]
        values[place] = pair.probability
        dotted |= {place} if pair.told_apart else set()
        partial |= {place} if 0 < pair.tasks < pair.all_tasks else set()
    small = len(names) > MANY
    labels = tuple(qualified(*name) for name in names)
    board = Board(
        title="",
        values=values,
        texts=() if small else tuple(tuple(_text(value) for value in row) for row in values),
        dotted=frozenset(dotted),
        partial=frozenset(partial),
    )
    scale = Scale(colors="PuOr_r", low=0, high=1, label=t("share of seeds on which\nthe row does better; 0.5: neither"))
    notes = (
        t("dot: shown to do better on most seeds of these tasks; hatched: the same encoding, or no common task")
        if dotted
        else t("no pair has a dot (shown to do better on most seeds); hatched: the same encoding, or no common task"),
        *((t("white stripes: based on fewer tasks than the others"),) if partial else ()),
    )
    return boards([board], Labels(rows=labels, columns=labels), scale, language().semicolon.join(notes))


def _text(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.2f}"
