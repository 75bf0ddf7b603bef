"""The section "Against the reference": what the one rule shows, and how far each encoding carries, a table per task.

The reference is chosen beforehand: `--reference`, or rope if it was run.
"""

import math

from benchmark.metrics import ACCURACY_HOLDS, LOSS_HOLDS, METRICS
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.page.fields import (
    name_field,
    nothing_to_compare,
    panel_heading,
    place,
    reach_fields,
    rows_of,
    unit,
)
from benchmark.reports.page.outcomes import outcome
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING
from benchmark.reports.stats.points import by_quality
from benchmark.reports.stats.verdict import Who
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Each encoding against the reference at L and the longest length, and how far it carries; one table per task."""
    if not selection.compared:
        return Section(id="paired", title=t("Against the reference"), lines=(nothing_to_compare(selection),))
    return Section(
        id="paired",
        title=t("Against the reference"),
        lines=(
            t(
                "The difference is the median over common seeds of each encoding's value less that of {reference}: "
                "[its 95 % interval] from 6 seeds on; with fewer, the lowest and the highest difference. “Does better "
                "on most seeds” and “does worse on most seeds” are shown: the chance that any such statement of a "
                "column is false is at most 5 %, over all pairs of encodings. An interval is of one difference alone, "
                "so it may exclude 0 where these seeds decide nothing yet. “Not decided” does not mean equal.",
                reference=selection.reference,
            ),
            t(
                "The longest usable length is the last one up to which a loss stays within {percent:.0f} % of its "
                "value at L, or an accuracy keeps {share:g} of its value at L (median over seeds [95 % interval]). The "
                "area is the mean value over all octaves from L to the longest length.",
                percent=100 * (LOSS_HOLDS - 1),
                share=ACCURACY_HOLDS,
            ),
        ),
        tables=tuple(_table(selection, panel) for panel in selection.panels),
    )


def _table(selection: Selection, panel: Panel) -> Table:
    """One row per encoding, by its mean at the longest length, best first."""
    ends = sorted({panel.train_length, panel.lengths[-1]})
    reach = {(row.trained_with, row.encoding): row for row in rows_of(panel, selection.reach)}
    names = by_quality(panel.headline)
    return Table(
        title=panel_heading(panel),
        folded=len(names) > MANY,
        caption=_caption(panel, selection.reference),
        columns=(
            t("encoding"),
            *(column for _ in ends for column in (t("difference"), t("verdict"))),
            *(t("usable"), t("area")),
        ),
        groups=(
            *(Group(title=place(panel, length), span=2) for length in ends),
            Group(title=t("how far"), span=2, detail=t("longest usable length, area")),
        ),
        words=frozenset({2 * index + 2 for index in range(len(ends))}),
        rows=tuple(
            (
                name_field(*name),
                *(field for length in ends for field in _fields(selection, panel, length, Who(*name[:2]))),
                *reach_fields(reach.get(name[:2]), len(panel.seeds)),
            )
            for name in names
        ),
    )


def _caption(panel: Panel, reference: str) -> str:
    margin = METRICS[panel.metric].margin
    facts = {"metric": unit(panel), "reference": reference}
    if math.isnan(margin):
        return t(
            "{metric}: difference from {reference}; best mean at the longest length first. Lengths in tokens.", **facts
        )
    return t(
        "{metric}: difference from {reference}; best mean at the longest length first. Alike: within {margin:g}. "
        "Lengths in tokens.",
        **facts,
        margin=margin,
    )


def _fields(selection: Selection, panel: Panel, length: int, who: Who) -> tuple[Field, Field]:
    reference = Who(selection.reference, selection.reference)
    if who == reference:
        return Field(text=NOTHING), Field(text=t("reference"))
    found = outcome(selection, panel, length, who, reference)
    if not found.counted:
        return Field(text=NOTHING), Field(text=found.words)
    spread = (found.spread,) if found.spread else ()
    return (
        Field(text=f"{found.difference:+z.3f}", details=spread),
        Field(text=found.words, details=(found.counted, *found.remarks)),
    )
