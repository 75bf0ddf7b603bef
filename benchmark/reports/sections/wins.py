"""The section "Who beats whom": how often one encoding does better than another on a common seed, over all tasks.

Convention: only encodings of one league, at multiples of L that all tasks share.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.win_matrix import wins as draw_wins
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.fields import name_field
from benchmark.reports.page.overview import Overview, no_common_place, other_leagues
from benchmark.reports.page.page import Section
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, qualified, spelled
from benchmark.reports.stats.points import Name
from benchmark.reports.stats.ranks import ranked
from benchmark.reports.stats.verdict import fewest_seeds
from benchmark.reports.stats.win_rates import WinRate, win_rates
from benchmark.reports.words import listed, sentences, t


def section(overview: Overview) -> Section:
    """Win rates of all pairs of encodings, at the farthest place and at L."""
    exhibits = tuple(
        exhibit
        for place in reversed(overview.places)
        for exhibit in _exhibit(overview, place, folded=place != overview.places[-1])
    )
    lines = tuple(_lines(overview, drawn=bool(exhibits)))
    return Section(id="wins", title=t("Who beats whom"), lines=lines, exhibits=exhibits)


def _lines(overview: Overview, *, drawn: bool) -> Iterator[str]:
    if not overview.places:
        yield no_common_place()
        return
    yield t(
        "How often the row's encoding does better than the column's on a common seed: the share of seeds, averaged "
        "over the tasks; a tie counts as half. 0.5 is no difference. It says how often, not by how much."
    )
    yield from other_leagues(overview)
    if not drawn:
        yield t("Fewer than two encodings share a task, so there is nothing to compare.")


def _exhibit(overview: Overview, place: float, *, folded: bool) -> Iterator[Exhibit]:
    table = overview.at(place)
    pairs = win_rates(table)
    met = [pair for pair in pairs if pair.tasks]
    known = {(pair.trained_with, pair.encoding) for pair in met}
    names = [name for name in overview.names if name[:2] in known]
    if len(names) < 2:
        return
    title = t("How often the row does better at {place}", place=spelled(place))
    yield Exhibit(
        id=f"wins-{place:g}",
        title=title,
        alt=t(
            "Heatmap of how often the row's encoding does better than the column's at {place}, for {n} encodings. The "
            "numbers are in the table below it.",
            place=spelled(place),
            n=len(names),
        ),
        caption=sentences(*_caption(overview, table, pairs, names)),
        picture=render(draw_wins(met, names), "svg"),
        format="svg",
        numbers=_numbers(met, names),
        folded=folded,
        models=models_behind(table),
        measured=records_behind(table),
    )


def _caption(overview: Overview, table: pd.DataFrame, pairs: Sequence[WinRate], names: Sequence[Name]) -> Iterator[str]:
    count = len(names) * (len(names) - 1) // 2
    tasks = len(overview.tasks)
    seeds = int(table["seed"].nunique())
    yield t(
        "Tasks: {tasks}. Paired seeds: {seeds}. Pairs of encodings: {pairs}.", tasks=tasks, seeds=seeds, pairs=count
    )
    fewest = fewest_seeds(len(names))
    if max(pair.decided for pair in pairs) < fewest:
        yield t(
            "No pair has a dot: among {n} encodings, that takes at least {fewest} common seeds, over all tasks.",
            n=len(names),
            fewest=fewest,
        )
    else:
        yield t(
            "Pairs with a dot: {apart}. Of such a pair, one is shown to do better on most seeds of these tasks, taken "
            "together. The chance of any false dot in this figure is at most 5 %. A dot says nothing of other tasks.",
            apart=sum(pair.told_apart for pair in pairs) // 2,
        )
    yield from _gaps(overview, pairs, names)


def _gaps(overview: Overview, pairs: Sequence[WinRate], names: Sequence[Name]) -> Iterator[str]:
    partial = [pair for pair in pairs if 0 < pair.tasks < pair.all_tasks]
    if partial:
        lacking = sorted(set(_lacking(overview, names, partial[0].multiple)))
        yield t(
            "The grid is incomplete: {n} pairs (striped) are based on fewer tasks than the others and cannot be "
            "compared with them. Encodings that lack a task: {names}.",
            n=len(partial) // 2,
            names=listed(lacking),
        )
    absent = [name[1] for name in overview.names if name[2] == overview.league and name not in names]
    if absent:
        yield t("Left out, because they have no value here: {names}.", names=listed(absent))


def _lacking(overview: Overview, names: Sequence[Name], place: float) -> Iterator[str]:
    have = ranked(overview.at(place), place)
    return (name[1] for name in names if name[:2] not in have)


def _numbers(pairs: Sequence[WinRate], names: Sequence[Name]) -> Table:
    found = {(pair.trained_with, pair.encoding, pair.other_trained_with, pair.other): pair for pair in pairs}
    return Table(
        caption=t(
            "Share of common seeds on which the row's encoding does better than the column's, averaged over tasks; "
            "below it, on how many seeds of all tasks, and the number of tasks if not all."
        ),
        columns=(t("encoding"), *(qualified(*name) for name in names)),
        rows=tuple(
            (name_field(*own), *(_win_field(found.get((*own[:2], *other[:2]))) for other in names)) for own in names
        ),
    )


def _counts(pair: WinRate) -> str:
    if equal := pair.common - pair.decided:
        return t("{wins} of {n}, {equal} equal", wins=pair.wins, n=pair.common, equal=equal)
    return t("{wins} of {n}", wins=pair.wins, n=pair.common)


def _win_field(pair: WinRate | None) -> Field:
    if pair is None:
        return Field(text=NOTHING)
    counts = (_counts(pair),) if pair.common else ()
    fewer = (t("{n} of {all} tasks", n=pair.tasks, all=pair.all_tasks),) if pair.tasks < pair.all_tasks else ()
    return Field(text=f"{pair.probability:.2f}", details=(*counts, *fewer))
