"""TODO."""

from collections.abc import Iterator

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.skill_matrix import matrix as draw_matrix
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import name_field, value_field
from benchmark.reports.page.overview import WIDE, Overview, Row, models_behind, no_common_place, settings_left_out
from benchmark.reports.page.page import Section
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, seeds_phrase, spelled
from benchmark.reports.stats.skill import skills
from benchmark.reports.words import joined, t


def section(overview: Overview) -> Section:
    """Encodings x tasks, skill in each field, at L and at 8 L."""
    return Section(
        id="matrix",
        title=t("All encodings, all tasks"),
        lines=tuple(_matrix_lines(overview)),
        exhibits=(_matrix(overview),) if overview.places else (),
    )


def _matrix_lines(overview: Overview) -> Iterator[str]:
    if not overview.places:
        yield no_common_place()
        return
    yield t(
        "Skill puts all tasks on one scale: (value - chance) / (perfect - chance), which is 0 for a guesser and 1 "
        "without error. Of a language loss it is the share of a guesser's nats that is gone, and small for every "
        "encoding: compare within a task. Encodings are in the order of their mean rank over tasks at {place}.",
        place=spelled(overview.places[-1]),
    )
    yield from settings_left_out(overview)


def _matrix(overview: Overview) -> Exhibit:
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
            "Mean over seeds; in the table: {seeds}. Tasks: {tasks}. Encodings: {encodings}; without a value "
            "somewhere: {missing}. It shows who is good at what in these runs. Two fields that look alike "
            "are not shown to be equal, and two that differ not to differ: that is tested under “{paired}”.",
            seeds=seeds_phrase(list(points["n"])),
            tasks=len(overview.tasks),
            encodings=len(overview.names),
            missing=_lacking(points, overview),
            paired=t("Against the reference"),
        ),
        picture=render(draw_matrix(points, overview.names, overview.tasks, overview.ranked), "svg"),
        format="svg",
        numbers=_matrix_numbers(points, overview),
        wide=min(len(overview.names), len(overview.tasks)) > WIDE,
        **models_behind(overview.table),
    )


def _lacking(points: pd.DataFrame, overview: Overview) -> int:
    """Encodings that lack a value in some task at some place."""
    fields = points.dropna(subset="mean").groupby(["trained_with", "encoding"]).size()
    return len(overview.names) - int((fields == len(overview.tasks) * len(overview.places)).sum())


def _matrix_numbers(points: pd.DataFrame, overview: Overview) -> Table:
    found = {
        (row["multiple"], row["task"], row["trained_with"], row["encoding"]): row for row in points.to_dict("records")
    }
    fields = [(place, task) for place in overview.places for task in overview.tasks]
    return Table(
        caption=t("Skill, mean [95 % interval] over seeds: 0 is a guesser, 1 is no error."),
        columns=(t("encoding"), *(task for _, task in fields)),
        groups=tuple(
            Group(title=t("at {place}", place=spelled(place)), span=len(overview.tasks)) for place in overview.places
        ),
        rows=tuple(
            (name_field(*name), *(_skill_field(found.get((*field, *name[:2]))) for field in fields))
            for name in overview.names
        ),
    )


def _skill_field(row: Row | None) -> Field:
    if row is None:
        return Field(text=NOTHING)
    return value_field(row["mean"], row["low"], row["high"], row["status"], int(row["n"]), int(row["seeds"]))
