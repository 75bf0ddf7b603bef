"""Encodings x tasks as boards of skill, one per multiple of L; the longer side runs down."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark.reports.draw.style import VALUES
from benchmark.reports.draw.tiles import Board, Labels, Scale, boards
from benchmark.reports.page.rows import PointRow, typed_rows
from benchmark.reports.phrases import NOTHING, STATUSES, qualified, spelled
from benchmark.reports.stats.estimate import Floats
from benchmark.reports.stats.points import Name
from benchmark.reports.words import language, t

NARROW = 0.1  # skills of a task that span less get a third decimal


def matrix(points: pd.DataFrame, names: Sequence[Name], tasks: Sequence[str], ranked: int) -> Figure:
    """Skill of each encoding on each task. `points`: `skill.skills` at one or two multiples of L, one setting per task.

    The first `ranked` names have a rank; a rule separates them from the rest.
    """
    upright = len(names) >= len(tasks)
    rules = (ranked,) if 0 < ranked < len(names) else ()
    encodings = tuple(qualified(*name) for name in names)
    labels = (
        Labels(rows=encodings, columns=tuple(tasks), row_rules=rules)
        if upright
        else Labels(rows=tuple(tasks), columns=encodings, column_rules=rules)
    )
    places = sorted(float(multiple) for multiple in set(points["multiple"]))
    drawn = [
        _board(points[points["multiple"] == multiple], multiple, names, tasks, upright=upright) for multiple in places
    ]
    notes = (
        t("skill: 0 is the floor, 1 is perfect; mean over seeds, no range drawn; framed: best mean on a task"),
        t("{nothing}, hatched: unsupported or missing; past the rule: no rank", nothing=NOTHING)
        if rules
        else t("{nothing}, hatched: unsupported or missing", nothing=NOTHING),
    )
    scale = Scale(colors=VALUES, low=0, high=1, label=t("skill (0 to 1); higher is better"))
    return boards(drawn, labels, scale, language().semicolon.join(notes))


def _board(
    points: pd.DataFrame, multiple: float, names: Sequence[Name], tasks: Sequence[str], *, upright: bool
) -> Board:
    found = {(row.task, row.trained_with, row.encoding): row for row in typed_rows(points, PointRow)}
    fields = [[found.get((task, *name[:2])) for task in tasks] for name in names]
    values = np.array([[math.nan if field is None else field.mean for field in row] for row in fields])
    digits = [_digits(column) for column in values.T]
    texts = [[_text(field, places) for field, places in zip(row, digits, strict=True)] for row in fields]
    best = _best(values, names)
    return Board(
        title=t("at {place}", place=spelled(multiple)),
        values=values if upright else values.T,
        texts=tuple(map(tuple, texts if upright else zip(*texts, strict=True))),
        framed=frozenset(best if upright else {(column, row) for row, column in best}),
    )


def _digits(column: Floats) -> int:
    """Decimals for the skills of a task: one more if they lie close together."""
    known = column[np.isfinite(column)]
    return 3 if known.size and np.ptp(known) < NARROW else 2


def _text(field: PointRow | None, digits: int) -> str:
    """A skill, or the reason why there is none."""
    if field is None:
        return NOTHING
    if math.isnan(field.mean):
        return STATUSES[field.status] if field.status in ("failed", "diverged") else NOTHING
    return f"{field.mean:z.{digits}f}"


def _best(values: Floats, names: Sequence[Name]) -> set[tuple[int, int]]:
    """The best mean of each task among encodings that see only positions; several if they share it."""
    own = np.where(np.array([[not league] for _, _, league in names]), values, math.nan)
    highest = np.fmax.reduce(own, axis=0)
    return {(int(row), int(column)) for row, column in zip(*np.nonzero(own == highest), strict=True)}
