"""The sections that say how sure we are: findings in words, and the tests and length summaries that they rest on.

Everything is against one reference, which is chosen before looking: `--reference`, rope where it was run.
"""

from collections.abc import Iterator

from benchmark.reports.page.fields import nothing_to_compare, panel_heading
from benchmark.reports.page.findings import findings
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.stats.against_reference import league_of
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Findings in words, at most two sentences a task."""
    if not selection.compared:
        return Section(id="verdict", title=t("What these results show"), lines=(nothing_to_compare(selection),))
    found = findings(selection.shown, selection.reference)
    panels = [panel for panel in selection.panels if (panel.task, panel.setting) in found]
    return Section(
        id="verdict",
        title=t("What these results show"),
        lines=(
            t(
                "The reference is {reference}. “Best mean” is no test. “Ruled out as the best” is: with 95 % a best "
                "one is among those that are left. “Better” and “worse” are shown seed by seed, at the 5 % level for "
                "all comparisons of a task together; “equivalent” is shown too. What is not shown is not thereby "
                "equal.",
                reference=selection.reference,
            ),
            *_other_leagues(selection),
        ),
        terms=tuple((panel_heading(panel), found[panel.task, panel.setting]) for panel in panels),
    )


def _other_leagues(selection: Selection) -> Iterator[str]:
    if len(league_of(selection.shown, selection.reference)) < len(selection.shown):
        yield t("Encodings of another league than the reference's are not spoken of here.")
