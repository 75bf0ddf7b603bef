"""The sections that say how sure we are: findings in words, and the tests and length summaries that they rest on.

Everything is against one reference, which is chosen before looking: `--reference`, rope where it was run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.reports import lengths
from benchmark.reports.crowd import MANY
from benchmark.reports.evidence import Evidence, Panel
from benchmark.reports.findings import findings
from benchmark.reports.paired import MARGINS, league_of
from benchmark.reports.parts import Cell, Group, Section, Table
from benchmark.reports.sections import name_cell, place, unit, value_cell
from benchmark.reports.statistics import NOTHING, arranged, seeds_of
from benchmark.reports.words import Phrases, later, t

WORDS = Phrases(  # verdicts, for people
    {
        "better": later("better"),
        "worse": later("worse"),
        "equivalent": later("equivalent"),
        "unmeasured": later("not shown"),
        "one seed": later("one seed"),
    }
)
LEAST_P = 1e-4  # smaller ones are not told apart

Row = Mapping[Any, Any]


def verdict(evidence: Evidence) -> Section:
    """Findings in words, at most two sentences a task."""
    if not evidence.compared:
        return Section(id="verdict", title=t("What these results show"), lines=(_nothing(evidence),))
    found = findings(evidence.shown, evidence.reference)
    panels = [panel for panel in evidence.panels if (panel.task, panel.setting) in found]
    return Section(
        id="verdict",
        title=t("What these results show"),
        lines=(
            t(
                "The reference is {reference}. “Best mean” is no test. “Ruled out as the best” is: with 95 % a best "
                "one is among those that are left. “Better” and “worse” are shown seed by seed, at the 5 % level for "
                "all comparisons of a task together; “equivalent” is shown too. What is not shown is not thereby "
                "equal.",
                reference=evidence.reference,
            ),
            *_other_leagues(evidence),
        ),
        terms=tuple((_heading(panel), found[panel.task, panel.setting]) for panel in panels),
    )


def paired(evidence: Evidence) -> Section:
    """Each encoding against the reference at L and at the longest length, and how far it carries; a table a task."""
    if not evidence.compared:
        return Section(id="paired", title=t("Against the reference"), lines=(_nothing(evidence),))
    return Section(
        id="paired",
        title=t("Against the reference"),
        lines=(
            t(
                "Differences to {reference}, seed by seed, with the 95 % interval of each alone. p is of sign flips, "
                "and corrected for all comparisons of its column (Holm). The longest usable length is the last up to "
                "which a loss stays within {percent:.0f} % of that at L, or an accuracy keeps {share:g} of it: the "
                "median over seeds. The area is the mean value over all octaves from L to the longest length.",
                reference=evidence.reference,
                percent=100 * (lengths.LOSS_HOLDS - 1),
                share=lengths.ACCURACY_HOLDS,
            ),
        ),
        tables=tuple(
            _table(panel, evidence.reference, rows_of(panel, evidence.tests), rows_of(panel, evidence.reach))
            for panel in evidence.panels
        ),
    )


def _nothing(evidence: Evidence) -> str:
    if not evidence.panels:
        return t("Nothing was measured, so nothing can be said.")
    if not evidence.reference:
        return t("Every result is of an encoding that was applied at test time alone: there is no reference.")
    return t(
        "{reference}, the reference, has no result among those shown: nothing is compared with it.",
        reference=evidence.reference,
    )


def _other_leagues(evidence: Evidence) -> Iterator[str]:
    if len(league_of(evidence.shown, evidence.reference)) < len(evidence.shown):
        yield t("Encodings of another league than the reference's are not spoken of here.")


def rows_of(panel: Panel, table: pd.DataFrame) -> Sequence[Row]:
    """The rows of a table that are of a panel's task and setting."""
    return table[(table["task"] == panel.task) & (table["setting"] == panel.setting)].to_dict("records")


def _table(panel: Panel, reference: str, tests: Sequence[Row], reach: Sequence[Row]) -> Table:
    """A row an encoding, the reference first, then the best difference at the longest length first."""
    ends = sorted({panel.train_length, panel.lengths[-1]})
    by_place = {(row["trained_with"], row["encoding"], row["length"]): row for row in tests}
    by_name = {(row["trained_with"], row["encoding"]): row for row in reach}
    names = sorted(
        arranged(panel.headline), key=lambda name: _order(name[:2], reference, by_place.get((*name[:2], ends[-1])))
    )
    families = sorted({int(row["family"]) for row in tests if row["family"]})
    return Table(
        title=_heading(panel),
        folded=len(names) > MANY,
        caption=_table_caption(panel, reference, families),
        columns=(
            t("encoding"),
            *(column for _ in ends for column in (t("difference"), "p", t("verdict"))),
            *(t("usable"), t("area")),
        ),
        groups=(
            *(Group(title=place(panel, length), span=3) for length in ends),
            Group(title=t("how far"), span=2, detail=t("longest usable length, area")),
        ),
        words=frozenset({3 * index + 3 for index in range(len(ends))}),
        rows=tuple(
            (
                name_cell(*name),
                *(
                    cell
                    for length in ends
                    for cell in _difference(by_place.get((*name[:2], length)), own=name[:2] == (reference, reference))
                ),
                *reach_cells(by_name.get(name[:2]), len(panel.seeds)),
            )
            for name in names
        ),
    )


def _heading(panel: Panel) -> str:
    return t("{task}, L = {length}", task=panel.task, length=panel.train_length)


def _table_caption(panel: Panel, reference: str, families: Sequence[int]) -> str:
    margin = MARGINS.get(panel.metric)
    facts = {"metric": unit(panel), "reference": reference, "families": t(" or ").join(map(str, families)) or "0"}
    if margin is None:
        return t(
            "{metric}: difference to {reference}, best at the longest length first; Holm over {families} comparisons. "
            "Lengths in tokens.",
            **facts,
        )
    return t(
        "{metric}: difference to {reference}, best at the longest length first; Holm over {families} comparisons; "
        "equivalent: within {margin:g}. Lengths in tokens.",
        **facts,
        margin=margin,
    )


def _order(name: tuple[str, str], reference: str, row: Row | None) -> tuple[bool, bool, float]:
    if row is None or math.isnan(row["difference"]):
        return name != (reference, reference), True, 0.0
    return True, False, row["difference"] * (1 if row["lower_is_better"] else -1)


def _difference(row: Row | None, *, own: bool) -> tuple[Cell, Cell, Cell]:
    if row is None or row["n"] == 0:
        absent = t("reference") if own else t("no common seed") if row is not None else NOTHING
        return Cell(text=NOTHING), Cell(text=NOTHING), Cell(text=absent)
    outcome = str(row["verdict"])
    interval = () if math.isnan(row["low"]) else (f"[{row['low']:+.3f}, {row['high']:+.3f}]",)
    return (
        Cell(text=f"{row['difference']:+.3f}", details=interval),
        Cell(text=probability(row["p_holm"]), details=(seeds_of(row["n"]),)),
        Cell(text=WORDS.get(outcome, outcome), details=(row["note"],) if row["note"] else ()),
    )


def probability(value: float) -> str:
    """A p value, for people."""
    return f"< {LEAST_P:g}" if value < LEAST_P else f"{value:.2g}"


def reach_cells(row: Row | None, seeds: int) -> tuple[Cell, Cell]:
    """The longest usable length and the area, of a row of `lengths.over_seeds`."""
    if row is None:
        return Cell(text=NOTHING), Cell(text=NOTHING)
    area = value_cell(row["area"], row["area_low"], row["area_high"], "ok", int(row["area_n"]), seeds)
    return _usable(row, seeds), area


def _usable(row: Row, seeds: int) -> Cell:
    """The median; "at least" where that is as far as was tested."""
    if not row["n"]:
        return Cell(text=NOTHING)
    known = () if math.isnan(row["usable_low"]) else (f"[{row['usable_low']:g}, {row['usable_high']:g}]",)
    learned = (t("learned by {n} of {all}", n=row["learned"], all=row["n"]),) if row["learned"] < row["n"] else ()
    fewer = (t("{n} of {all} seeds", n=row["n"], all=seeds),) if row["n"] < seeds else ()
    at_limit = "≥ " if row["usable"] == row["longest"] else ""
    return Cell(text=f"{at_limit}{row['usable']:g}", details=(*known, *learned, *fewer))
