"""The section "Against the reference": differences with tests, and how far each encoding carries, one table per task.

The reference is chosen beforehand: `--reference`, or rope if it was run.
"""

import math
from collections.abc import Sequence

from benchmark.metrics import ACCURACY_HOLDS, LOSS_HOLDS, METRICS
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.page.fields import (
    name_field,
    nothing_to_compare,
    panel_heading,
    place,
    probability,
    reach_fields,
    rows_of,
    unit,
)
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, seeds_of
from benchmark.reports.stats.against_reference import PairedTest
from benchmark.reports.stats.points import arranged
from benchmark.reports.stats.reach import Reach
from benchmark.reports.words import Phrases, later, t

VERDICTS = Phrases(
    {
        "better": later("better"),
        "worse": later("worse"),
        "equivalent": later("equivalent"),
        "unmeasured": later("not shown"),
        "one seed": later("one seed"),
    }
)


def section(selection: Selection) -> Section:
    """Each encoding against the reference at L and the longest length, and how far it carries; one table per task."""
    if not selection.compared:
        return Section(id="paired", title=t("Against the reference"), lines=(nothing_to_compare(selection),))
    return Section(
        id="paired",
        title=t("Against the reference"),
        lines=(
            t(
                "Paired differences from {reference}, each with its own 95 % interval. p comes from a sign-flip test "
                "and is corrected for all comparisons in its column (Holm). The longest usable length is the last one "
                "up to which a loss stays within {percent:.0f} % of its value at L, or an accuracy keeps {share:g} of "
                "its value at L (median over seeds). The area is the mean value over all octaves from L to the longest "
                "length.",
                reference=selection.reference,
                percent=100 * (LOSS_HOLDS - 1),
                share=ACCURACY_HOLDS,
            ),
        ),
        tables=tuple(
            _table(panel, selection.reference, rows_of(panel, selection.tests), rows_of(panel, selection.reach))
            for panel in selection.panels
        ),
    )


def _table(panel: Panel, reference: str, tests: Sequence[PairedTest], reach: Sequence[Reach]) -> Table:
    """One row per encoding: the reference first, then by difference at the longest length, best first."""
    ends = sorted({panel.train_length, panel.lengths[-1]})
    by_place = {(row.trained_with, row.encoding, row.length): row for row in tests}
    by_name = {(row.trained_with, row.encoding): row for row in reach}
    names = sorted(
        arranged(panel.headline), key=lambda name: _order(name[:2], reference, by_place.get((*name[:2], ends[-1])))
    )
    families = sorted({row.family for row in tests if row.family})
    return Table(
        title=panel_heading(panel),
        folded=len(names) > MANY,
        caption=_caption(panel, reference, families),
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
                name_field(*name),
                *(
                    field
                    for length in ends
                    for field in _difference(by_place.get((*name[:2], length)), own=name[:2] == (reference, reference))
                ),
                *reach_fields(by_name.get(name[:2]), len(panel.seeds)),
            )
            for name in names
        ),
    )


def _caption(panel: Panel, reference: str, families: Sequence[int]) -> str:
    margin = METRICS[panel.metric].margin
    facts = {"metric": unit(panel), "reference": reference, "families": t(" or ").join(map(str, families)) or "0"}
    if math.isnan(margin):
        return t(
            "{metric}: difference from {reference}, best at the longest length first; Holm over {families} "
            "comparisons. Lengths in tokens.",
            **facts,
        )
    return t(
        "{metric}: difference from {reference}, best at the longest length first; Holm over {families} comparisons; "
        "equivalent: within {margin:g}. Lengths in tokens.",
        **facts,
        margin=margin,
    )


def _order(name: tuple[str, str], reference: str, row: PairedTest | None) -> tuple[bool, bool, float]:
    if row is None or math.isnan(row.difference):
        return name != (reference, reference), True, 0.0
    return True, False, row.difference * (1 if row.lower_is_better else -1)


def _difference(row: PairedTest | None, *, own: bool) -> tuple[Field, Field, Field]:
    if row is None or row.n == 0:
        absent = t("reference") if own else t("no common seed") if row is not None else NOTHING
        return Field(text=NOTHING), Field(text=NOTHING), Field(text=absent)
    interval = () if math.isnan(row.low) else (f"[{row.low:+.3f}, {row.high:+.3f}]",)
    return (
        Field(text=f"{row.difference:+.3f}", details=interval),
        Field(text=probability(row.p_holm), details=(seeds_of(row.n),)),
        Field(text=VERDICTS[row.verdict], details=(row.note,) if row.note else ()),
    )
