"""The section "What these results show": the findings of every task, in words."""

from benchmark.reports.page.fields import nothing_to_compare, panel_heading
from benchmark.reports.page.findings import findings
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Findings in words."""
    if not selection.compared:
        return Section(id="verdict", title=t("What these results show"), lines=(nothing_to_compare(selection),))
    found = findings(selection)
    return Section(
        id="verdict",
        title=t("What these results show"),
        terms=tuple((panel_heading(panel), found[panel.task, panel.setting]) for panel in selection.panels),
    )
