"""The section "What these results show": the findings of every task, in words.

Findings are against one reference, chosen beforehand: `--reference`, or rope if it was run.
"""

from collections.abc import Iterator

from benchmark.reports.page.fields import nothing_to_compare, panel_heading
from benchmark.reports.page.findings import findings
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.stats.against_reference import league_of
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Findings in words, at most two sentences per task."""
    if not selection.compared:
        return Section(id="verdict", title=t("What these results show"), lines=(nothing_to_compare(selection),))
    found = findings(selection.shown, selection.reference)
    panels = [panel for panel in selection.panels if (panel.task, panel.setting) in found]
    return Section(
        id="verdict",
        title=t("What these results show"),
        lines=(
            t(
                "The reference is {reference}. “Best mean” is not a test result. “Ruled out as the best” is: with 95 % "
                "confidence, the remaining encodings include a best one. “Better” and “worse” rest on paired tests "
                "over seeds, at the 5 % level for all comparisons of a task together; “equivalent” is tested as well. "
                "What is not shown to differ is not thereby equal.",
                reference=selection.reference,
            ),
            *_other_leagues(selection),
        ),
        terms=tuple((panel_heading(panel), found[panel.task, panel.setting]) for panel in panels),
    )


def _other_leagues(selection: Selection) -> Iterator[str]:
    if len(league_of(selection.shown, selection.reference)) < len(selection.shown):
        yield t("Encodings of another league than the reference's are left out here.")
