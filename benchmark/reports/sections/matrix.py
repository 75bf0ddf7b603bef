"""The section "All encodings, all tasks": a matrix of skill, at L and far beyond it."""

from collections.abc import Iterator

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.skill_matrix import matrix as draw_matrix
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.fields import name_field, point_field
from benchmark.reports.page.overview import Overview, no_common_place, settings_left_out
from benchmark.reports.page.page import Section
from benchmark.reports.page.rows import PointRow, typed_rows
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, seeds_phrase, spelled
from benchmark.reports.stats.skill import skills
from benchmark.reports.words import joined, t


def section(overview: Overview) -> Section:
    """Encodings x tasks with skill in each field, at L and at 8 L."""
    return Section(
        id="matrix",
        title=t("All encodings, all tasks"),
        lines=tuple(_lines(overview)),
        exhibits=(_exhibit(overview),) if overview.places else (),
    )


def _lines(overview: Overview) -> Iterator[str]:
    if not overview.places:
        yield no_common_place()
        return
    yield t(
        "Skill puts all tasks on one scale: (value - floor) / (perfect - floor), which is 0 at the floor and 1 for "
        "no errors. The floor is the score of guessing or, where that is better, of the best shortcut on the same "
        "rows. For a language loss, it is the share of the loss of guessing that is gone, which is small for "
        "every encoding, so compare within a task. Encodings are ordered by mean rank over tasks at {place}.",
        place=spelled(overview.places[-1]),
    )
    yield from settings_left_out(overview)


def _exhibit(overview: Overview) -> Exhibit:
    points = skills(overview.table)
    places = joined(map(spelled, overview.places))
    return Exhibit(
        id="matrix-skill",
        title=t("Skill at {places}", places=places),
        alt=t(
            "Heatmap of skill: {encodings} encodings by {tasks} tasks, at {places}. "
            "The numbers are in the table below it.",
            encodings=len(overview.names),
            tasks=len(overview.tasks),
            places=places,
        ),
        caption=t(
            "Mean over seeds; in the table: {seeds}. Tasks: {tasks}. Encodings: {encodings}; lacking a value "
            "somewhere: {missing}. This shows which encoding does well on which task in these runs. Fields that look "
            "alike are not shown to be equal, nor are fields that differ shown to differ: see “{paired}”.",
            seeds=seeds_phrase(list(points["n"])),
            tasks=len(overview.tasks),
            encodings=len(overview.names),
            missing=_lacking(points, overview),
            paired=t("Against the reference"),
        ),
        picture=render(draw_matrix(points, overview.names, overview.tasks, overview.ranked), "svg"),
        format="svg",
        numbers=_numbers(points, overview),
        models=models_behind(overview.table),
        measured=records_behind(overview.table),
    )


def _lacking(points: pd.DataFrame, overview: Overview) -> int:
    """Number of encodings that lack a value on some task at some place."""
    fields = points.dropna(subset="mean").groupby(["trained_with", "encoding"]).size()
    return len(overview.names) - int((fields == len(overview.tasks) * len(overview.places)).sum())


def _numbers(points: pd.DataFrame, overview: Overview) -> Table:
    found = {(row.multiple, row.task, row.trained_with, row.encoding): row for row in typed_rows(points, PointRow)}
    fields = [(place, task) for place in overview.places for task in overview.tasks]
    return Table(
        caption=t("Skill, mean [lowest and highest seed]: 0 is the floor, 1 is perfect."),
        columns=(t("encoding"), *(task for _, task in fields)),
        groups=tuple(
            Group(title=t("at {place}", place=spelled(place)), span=len(overview.tasks)) for place in overview.places
        ),
        rows=tuple(
            (name_field(*name), *(_skill_field(found.get((*field, *name[:2]))) for field in fields))
            for name in overview.names
        ),
    )


def _skill_field(row: PointRow | None) -> Field:
    return point_field(row) if row else Field(text=NOTHING)
