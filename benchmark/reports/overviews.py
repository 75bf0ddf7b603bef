"""The sections over all tasks together: the matrix of skill, who beats whom, and mean ranks.

All three stand at multiples of L that every task has, on one setting a task: the one that was run last.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from benchmark.reports import aggregate, figures, rank_test
from benchmark.reports.across_tasks import mean_costs, mid_ranks
from benchmark.reports.charts.matrix import matrix as draw_matrix
from benchmark.reports.charts.ranks import Ranked
from benchmark.reports.charts.ranks import ranks as draw_ranks
from benchmark.reports.charts.wins import wins as draw_wins
from benchmark.reports.evidence import Evidence, task_name
from benchmark.reports.figures import Style
from benchmark.reports.paired import LEVEL
from benchmark.reports.pairwise import FEWEST_TASKS, pairwise
from benchmark.reports.parts import Cell, Exhibit, Group, Section, Table
from benchmark.reports.places import near_and_far, spelled
from benchmark.reports.rank_test import Friedman, friedman
from benchmark.reports.sections import name_cell, value_cell
from benchmark.reports.skills import Name, by_rank, ranked, skills
from benchmark.reports.statistics import NOTHING, arranged, qualified, seeds_phrase
from benchmark.reports.words import joined, listed, sentences, t

WIDE = 6  # columns of each board that can be shrunk to the width of a phone

Styles = Mapping[str, Style]
Row = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The headline values that can be compared over tasks."""

    table: pd.DataFrame  # of one setting a task, at the places
    places: tuple[float, ...]  # multiples of L that all tasks have
    left_out: int  # settings that are shown elsewhere, and not counted here

    @classmethod
    def of(cls, evidence: Evidence) -> "Overview":
        """Of the settings that a report shows, the newest of each task."""
        headline = evidence.shown[evidence.shown["headline"]]
        newest = aggregate.newest_setting(headline)
        places = near_and_far(newest)
        return cls(
            table=newest[newest["multiple"].isin(places)],
            places=places,
            left_out=int(headline["setting"].nunique() - newest["setting"].nunique()),
        )

    @cached_property
    def tasks(self) -> list[str]:
        """Every task."""
        return sorted(set(self.table["task"]))

    @cached_property
    def names(self) -> list[Name]:
        """Every encoding, by its mean rank at the farthest place."""
        return by_rank(self.table, self.places[-1])

    @cached_property
    def ranked(self) -> int:
        """How many of them have a rank, within the league of all that see positions alone."""
        have = ranked(self.table, self.places[-1])
        return sum(name[:2] in have for name in self.names if name[2] == self.league)

    @cached_property
    def league(self) -> str:
        """The league that is compared: of those that see positions alone, where there are some."""
        return str(min(set(self.table["league"])))

    def at(self, multiple: float) -> pd.DataFrame:
        """The rows of that league at a place."""
        here = self.table["multiple"] == multiple
        return self.table[here & (self.table["league"] == self.league)]

    @property
    def others(self) -> list[str]:
        """Encodings of other leagues."""
        return sorted(set(self.table[self.table["league"] != self.league]["encoding"]))


def _behind(table: pd.DataFrame) -> dict[str, Any]:
    """The models and the number of records that a figure is drawn from."""
    return {"models": tuple(sorted(set(table["train_key"]))), "measured": int(table["eval_key"].nunique())}


def _settings_left_out(overview: Overview) -> Iterator[str]:
    if overview.left_out:
        yield t(
            "Of each task the setting that was run last counts here; {n} other settings are shown above and not here.",
            n=overview.left_out,
        )


def _leagues(overview: Overview) -> Iterator[str]:
    if overview.others:
        yield t(
            "Not among those compared, because they read digits and so are told more than positions: {names}.",
            names=listed(overview.others),
        )


def _no_common_place() -> str:
    return t("No task was measured, or the tasks share no multiple of their trained lengths: nothing can be shown.")


def matrix(overview: Overview) -> Section:
    """Encodings x tasks, skill in each field, at L and at 8 L."""
    return Section(
        id="matrix",
        title=t("All encodings, all tasks"),
        lines=tuple(_matrix_lines(overview)),
        exhibits=(_matrix(overview),) if overview.places else (),
    )


def _matrix_lines(overview: Overview) -> Iterator[str]:
    if not overview.places:
        yield _no_common_place()
        return
    yield t(
        "Skill puts all tasks on one scale: (value - chance) / (perfect - chance), which is 0 for a guesser and 1 "
        "without error. Of a language loss it is the share of a guesser's nats that is gone, and small for every "
        "encoding: compare within a task. Encodings are in the order of their mean rank over tasks at {place}.",
        place=spelled(overview.places[-1]),
    )
    yield from _settings_left_out(overview)


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
        picture=figures.render(draw_matrix(points, overview.names, overview.tasks, overview.ranked), "svg"),
        format="svg",
        numbers=_matrix_numbers(points, overview),
        wide=min(len(overview.names), len(overview.tasks)) > WIDE,
        **_behind(overview.table),
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
            (name_cell(*name), *(_skill_cell(found.get((*field, *name[:2]))) for field in fields))
            for name in overview.names
        ),
    )


def _skill_cell(row: Row | None) -> Cell:
    if row is None:
        return Cell(text=NOTHING)
    return value_cell(row["mean"], row["low"], row["high"], row["status"], int(row["n"]), int(row["seeds"]))


def wins(overview: Overview) -> Section:
    """Who beats whom, at the farthest place and at L."""
    exhibits = tuple(
        exhibit
        for place in reversed(overview.places)
        for exhibit in _wins(overview, place, folded=place != overview.places[-1])
    )
    lines = tuple(_wins_lines(overview, drawn=bool(exhibits)))
    return Section(id="wins", title=t("Who beats whom"), lines=lines, exhibits=exhibits)


def _wins_lines(overview: Overview, *, drawn: bool) -> Iterator[str]:
    if not overview.places:
        yield _no_common_place()
        return
    yield t(
        "The probability that a seed of the row does better than a seed of the column, on a task drawn at random "
        "from these; a tie counts a half. .5 is no difference. It says how often, and not by how much."
    )
    yield from _leagues(overview)
    if not drawn:
        yield t("Fewer than two encodings have a common task: there is nobody to beat.")


def _wins(overview: Overview, place: float, *, folded: bool) -> Iterator[Exhibit]:
    table = overview.at(place)
    pairs = pairwise(table)
    met = pairs[pairs["tasks"] > 0]
    names = [name for name in overview.names if name[:2] in set(zip(met["trained_with"], met["encoding"], strict=True))]
    if len(names) < 2:
        return
    title = t("Probability of doing better at {place}", place=spelled(place))
    yield Exhibit(
        id=f"wins-{place:g}",
        title=title,
        alt=t(
            "Heatmap of the probability that the encoding of the row beats that of the column at {place}, for {n} "
            "encodings. The numbers are in the table below it.",
            place=spelled(place),
            n=len(names),
        ),
        caption=sentences(*_wins_caption(overview, table, pairs, names)),
        picture=figures.render(draw_wins(met, names, title), "svg"),
        format="svg",
        numbers=_wins_numbers(met, names),
        folded=folded,
        wide=True,
        **_behind(table),
    )


def _wins_caption(overview: Overview, table: pd.DataFrame, pairs: pd.DataFrame, names: Sequence[Name]) -> Iterator[str]:
    count = len(names) * (len(names) - 1) // 2
    tasks = len(overview.tasks)
    seeds = int(table["seed"].nunique())
    yield t(
        "Tasks: {tasks}. Paired seeds: {seeds}. Pairs of encodings: {pairs}.", tasks=tasks, seeds=seeds, pairs=count
    )
    if tasks < FEWEST_TASKS or seeds < FEWEST_TASKS:
        yield t("No pair has a dot: that takes an interval to trust, and so two tasks, and two seeds in each.")
    else:
        yield t(
            "Dots: the 95 % interval (bootstrap of the seeds within each task) of {apart} pairs leaves .5 out. It is "
            "of each pair alone: of {pairs} pairs about {luck} would have a dot by luck, did none differ.",
            apart=int(pairs["told_apart"].sum()) // 2,
            pairs=count,
            luck=math.ceil(LEVEL * count),
        )
        yield t("The interval is about other seeds on these tasks: of other tasks a dot says nothing.")
    yield from _incomplete(overview, pairs, names)


def _incomplete(overview: Overview, pairs: pd.DataFrame, names: Sequence[Name]) -> Iterator[str]:
    partial = pairs[(pairs["tasks"] > 0) & (pairs["tasks"] < pairs["all_tasks"])]
    if not partial.empty:
        lacking = sorted(set(_lack(overview, names, float(partial["multiple"].iloc[0]))))
        yield t(
            "The grid is incomplete: {n} pairs (striped) are over fewer tasks than the others, and cannot be compared "
            "with them. These lack a task: {names}.",
            n=len(partial) // 2,
            names=listed(lacking),
        )
    absent = [name[1] for name in overview.names if name[2] == overview.league and name not in names]
    if absent:
        yield t("Without any value here, and left out: {names}.", names=listed(absent))


def _lack(overview: Overview, names: Sequence[Name], place: float) -> Iterator[str]:
    have = ranked(overview.at(place), place)
    return (name[1] for name in names if name[:2] not in have)


def _wins_numbers(pairs: pd.DataFrame, names: Sequence[Name]) -> Table:
    found = {
        (row["trained_with"], row["encoding"], row["other_trained_with"], row["other"]): row
        for row in pairs.to_dict("records")
    }
    return Table(
        caption=t(
            "Probability that a seed of the row does better than a seed of the column [95 % bootstrap interval], and "
            "over how many tasks where they are not all."
        ),
        columns=(t("encoding"), *(qualified(*name) for name in names)),
        rows=tuple(
            (name_cell(*own), *(_win_cell(found.get((*own[:2], *other[:2]))) for other in names)) for own in names
        ),
    )


def _win_cell(row: Row | None) -> Cell:
    if row is None:
        return Cell(text=NOTHING)
    interval: tuple[str, ...] = () if pd.isna(row["low"]) else (f"[{row['low']:.2f}, {row['high']:.2f}]",)
    fewer = t("{n} of {all} tasks", n=row["tasks"], all=row["all_tasks"])
    return Cell(
        text=f"{row['probability']:.2f}", details=(*interval, *((fewer,) if row["tasks"] < row["all_tasks"] else ()))
    )


def ranks(overview: Overview, styles: Styles) -> Section:
    """Mean ranks over tasks with the critical difference, at the farthest place and at L."""
    exhibits = tuple(
        exhibit
        for place in reversed(overview.places)
        for exhibit in _ranks(overview, place, styles, folded=place != overview.places[-1])
    )
    lines = tuple(_ranks_lines(overview, drawn=bool(exhibits)))
    return Section(id="ranks", title=t("Mean ranks over tasks"), lines=lines, exhibits=exhibits)


def _ranks_lines(overview: Overview, *, drawn: bool) -> Iterator[str]:
    if not overview.places:
        yield _no_common_place()
        return
    yield t(
        "In each task the best mean over seeds has rank 1, and equal ones share the middle rank. The blocks of this "
        "test are tasks, and not seeds: more seeds make the ranks of a task surer, and only more tasks make the test "
        "say more. Two mean ranks are told apart where they lie at least the critical difference (CD) apart, at the "
        "5 % level for all pairs together."
    )
    yield from _variants(overview)
    yield from _leagues(overview)
    if not drawn:
        yield t("Mean ranks need two tasks, and two encodings that have a value in each of them.")


def _variants(overview: Overview) -> Iterator[str]:
    """Tasks of one name are not independent, as the test takes them to be."""
    families = Counter(task_name(task) for task in overview.tasks)
    for name, count in sorted(families.items()):
        if count > 1:
            yield t(
                "{n} of these tasks are variants of {name}, and count as {n}: the test takes tasks for independent, "
                "and is too sure where they are not.",
                n=count,
                name=name,
            )


def _ranks(overview: Overview, place: float, styles: Styles, *, folded: bool) -> Iterator[Exhibit]:
    table = overview.at(place)
    costs = mean_costs(table).dropna()
    known = mid_ranks(table).dropna(subset="rank").sort_values(["rank", "encoding"])
    if len(known) < 2 or costs.shape[1] < 2:
        return
    outcome = friedman(costs.to_numpy())
    rows = known.to_dict("records")
    critical = float(rows[0]["critical"])
    # All are joined where the ranks are not shown to differ at all: two encodings have no test but Nemenyi's.
    tested = critical if outcome.rejects or len(rows) == 2 else math.inf
    runs = rank_test.joined([row["rank"] for row in rows], tested)
    title = t("Mean ranks at {place}", place=spelled(place))
    notes = (
        t("1 is the best; {n} tasks; bars join encodings that are not told apart", n=costs.shape[1]),
        t("CD: critical difference (Nemenyi, 5 %)"),
    )
    drawn = [
        Ranked(
            label=qualified(row["trained_with"], row["encoding"], ""), encoding=row["encoding"], rank=float(row["rank"])
        )
        for row in rows
    ]
    yield Exhibit(
        id=f"ranks-{place:g}",
        title=title,
        alt=t(
            "Diagram of the mean ranks of {n} encodings over {tasks} tasks at {place}, with bars that join those that "
            "are not told apart. The numbers are in the table below it.",
            n=len(rows),
            tasks=costs.shape[1],
            place=spelled(place),
        ),
        caption=sentences(*_ranks_caption(overview, table, rows, outcome, tested)),
        picture=figures.render(draw_ranks(drawn, runs, critical, styles, title, notes), "svg"),
        format="svg",
        numbers=_ranks_numbers(costs, rows),
        folded=folded,
        wide=True,
        **_behind(table),
    )


def _ranks_caption(
    overview: Overview, table: pd.DataFrame, rows: Sequence[Row], outcome: Friedman, tested: float
) -> Iterator[str]:
    first, tasks, most = rows[0], int(rows[0]["all_tasks"]), len(rows) - 1
    yield t(
        "{k} encodings over {tasks} tasks, ranks of means (seeds: {seeds}). A rank has no interval, the critical "
        "difference takes its place.",
        k=len(rows),
        tasks=tasks,
        seeds=int(table["seed"].nunique()),
    )
    yield from _friedman_words(outcome, most)
    yield t(
        "CD = {critical:.2f}: told apart are only mean ranks that lie so far from each other, of {most} at most. Here "
        "that are {apart} of {pairs} pairs.",
        critical=first["critical"],
        most=most,
        apart=_pairs_apart([row["rank"] for row in rows], tested),
        pairs=len(rows) * most // 2,
    )
    if first["critical"] > most:
        yield t(
            "So few tasks can tell nobody apart, not even a first in every task from a last in every task: with {k} "
            "encodings that takes {needed} tasks.",
            k=len(rows),
            needed=int(first["tasks_needed"]),
        )
    elif first["critical"] > most / 2:
        yield t(
            "With {tasks} tasks this test tells almost nothing: only who is near the top in nearly every task is told "
            "from who is near the bottom. Four times as many tasks would halve the critical difference.",
            tasks=tasks,
        )
    absent = sorted({name[1] for name in arranged(table)} - {row["encoding"] for row in rows})
    if absent:
        yield t("Without a rank, because they lack a task: {names}.", names=listed(absent))


def _friedman_words(outcome: Friedman, degrees: int) -> Iterator[str]:
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
            "freedom, p = {p:.2g}), so that no pair is told apart.",
            statistic=outcome.statistic,
            degrees=degrees,
            p=outcome.p,
        )
    )
    yield message


def _pairs_apart(ascending: Sequence[float], critical: float) -> int:
    return sum(high - low >= critical for place, low in enumerate(ascending) for high in ascending[place + 1 :])


def _ranks_numbers(costs: pd.DataFrame, rows: Sequence[Row]) -> Table:
    each = costs.rank(method="average")
    tasks = [str(task) for task in costs.columns.get_level_values("task")]
    return Table(
        caption=t("Mean rank over tasks, mean of 1 / rank, and the rank in each task; 1 is the best."),
        columns=(t("encoding"), t("mean rank"), t("mean of 1 / rank"), *tasks),
        rows=tuple(
            (
                name_cell(row["trained_with"], row["encoding"], ""),
                Cell(text=f"{row['rank']:.2f}"),
                Cell(text=f"{row['reciprocal_rank']:.2f}"),
                *(Cell(text=f"{rank:g}") for rank in each.loc[(row["trained_with"], row["encoding"])]),
            )
            for row in rows
        ),
    )
