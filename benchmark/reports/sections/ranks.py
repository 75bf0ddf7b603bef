"""The section "Mean ranks over tasks": Friedman's test over tasks, with Nemenyi's critical difference.

Convention: if Friedman's test shows no difference at all, no pair is told apart. With two encodings there is only
Nemenyi's test.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.rank_line import Ranked
from benchmark.reports.draw.rank_line import ranks as draw_ranks
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.fields import name_field
from benchmark.reports.page.overview import Overview, no_common_place, other_leagues
from benchmark.reports.page.page import Section
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import qualified, spelled
from benchmark.reports.stats.points import arranged
from benchmark.reports.stats.ranks import Friedman, MeanRank, friedman, indistinct_runs, mean_costs, mean_ranks
from benchmark.reports.words import listed, sentences, t


def section(overview: Overview, styles: Styles) -> Section:
    """Mean ranks over tasks with the critical difference, at the farthest place and at L."""
    exhibits = tuple(
        exhibit
        for place in reversed(overview.places)
        for exhibit in _exhibit(overview, place, styles, folded=place != overview.places[-1])
    )
    lines = tuple(_lines(overview, drawn=bool(exhibits)))
    return Section(id="ranks", title=t("Mean ranks over tasks"), lines=lines, exhibits=exhibits)


def _lines(overview: Overview, *, drawn: bool) -> Iterator[str]:
    if not overview.places:
        yield no_common_place()
        return
    yield t(
        "On each task, the best mean over seeds has rank 1, and equal means share the middle rank. The blocks of this "
        "test are tasks, not seeds: more seeds make the ranks on a task more reliable, but only more tasks give the "
        "test more power. Two mean ranks differ significantly if they are at least the critical difference (CD) apart, "
        "at the 5 % level for all pairs together."
    )
    yield from _variants(overview)
    yield from other_leagues(overview)
    if not drawn:
        yield t("Mean ranks need at least two tasks, and two encodings with a value on each of them.")


def _variants(overview: Overview) -> Iterator[str]:
    """A warning if tasks are variants of one another: the test assumes that tasks are independent."""
    families = Counter(re.split(r"[:\s]", task, maxsplit=1)[0] for task in overview.tasks)
    for name, count in sorted(families.items()):
        if count > 1:
            yield t(
                "{n} of these tasks are variants of {name} and count as {n}: the test assumes independent tasks, and "
                "is overconfident if they are not.",
                n=count,
                name=name,
            )


def _exhibit(overview: Overview, place: float, styles: Styles, *, folded: bool) -> Iterator[Exhibit]:
    table = overview.at(place)
    costs = mean_costs(table).dropna()
    known = (row for row in mean_ranks(table) if not math.isnan(row.rank))
    rows = sorted(known, key=lambda row: (row.rank, row.encoding))
    if len(rows) < 2 or costs.shape[1] < 2:
        return
    outcome = friedman(costs.to_numpy())
    critical = rows[0].critical
    # Without a significant Friedman test, one bar joins all. With two encodings, Nemenyi's test is the only one.
    tested = critical if outcome.rejects or len(rows) == 2 else math.inf
    runs = indistinct_runs([row.rank for row in rows], tested)
    title = t("Mean ranks at {place}", place=spelled(place))
    notes = (
        t("1 is best; {n} tasks; bars join encodings that do not differ significantly", n=costs.shape[1]),
        t("CD: critical difference (Nemenyi, 5 %)"),
    )
    drawn = [
        Ranked(label=qualified(row.trained_with, row.encoding, ""), encoding=row.encoding, rank=row.rank)
        for row in rows
    ]
    yield Exhibit(
        id=f"ranks-{place:g}",
        title=title,
        alt=t(
            "Diagram of the mean ranks of {n} encodings over {tasks} tasks at {place}, with bars that join encodings "
            "that do not differ significantly. The numbers are in the table below it.",
            n=len(rows),
            tasks=costs.shape[1],
            place=spelled(place),
        ),
        caption=sentences(*_caption(overview, table, rows, outcome, tested)),
        picture=render(draw_ranks(drawn, runs, critical, styles, notes), "svg"),
        format="svg",
        numbers=_numbers(costs, rows),
        folded=folded,
        models=models_behind(table),
        measured=records_behind(table),
    )


def _caption(
    overview: Overview, table: pd.DataFrame, rows: Sequence[MeanRank], outcome: Friedman, tested: float
) -> Iterator[str]:
    first, tasks, most = rows[0], rows[0].all_tasks, len(rows) - 1
    yield t(
        "{k} encodings over {tasks} tasks, ranks of means (seeds: {seeds}). A rank has no range; the critical "
        "difference takes its place.",
        k=len(rows),
        tasks=tasks,
        seeds=int(table["seed"].nunique()),
    )
    yield from _friedman(outcome, most)
    yield t(
        "CD = {critical:.2f}: only mean ranks at least this far apart differ significantly (the largest possible "
        "difference is {most}). Here, that is {apart} of {pairs} pairs.",
        critical=first.critical,
        most=most,
        apart=_pairs_apart([row.rank for row in rows], tested),
        pairs=len(rows) * most // 2,
    )
    if first.critical > most:
        yield t(
            "So few tasks cannot tell any two encodings apart, not even one that is first on every task from one that "
            "is last on every task: with {k} encodings, that takes {needed} tasks.",
            k=len(rows),
            needed=int(first.tasks_needed),
        )
    elif first.critical > most / 2:
        yield t(
            "With {tasks} tasks, this test shows almost nothing: it can only tell an encoding near the top on nearly "
            "every task from one near the bottom. Four times as many tasks would halve the critical difference.",
            tasks=tasks,
        )
    absent = sorted({name[1] for name in arranged(table)} - {row.encoding for row in rows})
    if absent:
        yield t("Not ranked, because they lack a task: {names}.", names=listed(absent))


def _friedman(outcome: Friedman, degrees: int) -> Iterator[str]:
    if pd.isna(outcome.p):
        return
    message = (
        t(
            "Friedman's test: the ranks differ (chi² = {statistic:.1f}, {degrees} degrees of freedom, p = {p:.2g}).",
            statistic=outcome.statistic,
            degrees=degrees,
            p=outcome.p,
        )
        if outcome.rejects
        else t(
            "Friedman's test: the ranks are not shown to differ at all (chi² = {statistic:.1f}, {degrees} degrees of "
            "freedom, p = {p:.2g}), so no pair is told apart.",
            statistic=outcome.statistic,
            degrees=degrees,
            p=outcome.p,
        )
    )
    yield message


def _pairs_apart(ascending: Sequence[float], critical: float) -> int:
    return sum(high - low >= critical for place, low in enumerate(ascending) for high in ascending[place + 1 :])


def _numbers(costs: pd.DataFrame, rows: Sequence[MeanRank]) -> Table:
    each = costs.rank(method="average")
    tasks = [str(task) for task in costs.columns.get_level_values("task")]
    return Table(
        caption=t("Mean rank over tasks, mean of 1 / rank, and the rank on each task; 1 is best."),
        columns=(t("encoding"), t("mean rank"), t("mean of 1 / rank"), *tasks),
        rows=tuple(
            (
                name_field(row.trained_with, row.encoding, ""),
                Field(text=f"{row.rank:.2f}"),
                Field(text=f"{row.reciprocal_rank:.2f}"),
                *(Field(text=f"{rank:g}") for rank in each.loc[[(row.trained_with, row.encoding)]].to_numpy()[0]),
            )
            for row in rows
        ),
    )
