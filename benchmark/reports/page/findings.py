"""Findings: what the one rule shows on a task, in a sentence."""

from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.phrases import spelled
from benchmark.reports.words import listed, t


def findings(selection: Selection) -> dict[tuple[str, str], str]:
    """Per (task, setting): who may be the best at the longest length."""
    return {(panel.task, panel.setting): _finding(selection, panel) for panel in selection.panels}


def _finding(selection: Selection, panel: Panel) -> str:
    length = panel.lengths[-1]
    names = listed(who.encoding for who in selection.verdict(panel, length).candidates)
    return t("May be the best at {place}: {names}.", place=spelled(length / panel.train_length), names=names)
