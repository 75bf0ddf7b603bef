"""Results in a notebook: a summary as HTML, the verdict in words and in numbers, and a figure for each task.

The sentences, tables and figures are those of the report; HTML is escaped by Jinja2, and has no colours of its own,
so it follows the theme of the notebook.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from benchmark.errors import UsageError, unknown
from benchmark.files import write_atomically
from benchmark.reports.draw.canvas import PRINTED, look, printed, render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.draw.style import palette
from benchmark.reports.page.findings import findings
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.sections import summary
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.points import by_quality
from benchmark.reports.stats.verdict import Who
from benchmark.reports.write.templating import environment
from benchmark.results.store import Store

NOTHING = "Nothing was measured."


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What results show: the report's sentences by task, and a table of every length with the marks behind them."""

    sentences: Mapping[str, str]
    table: pd.DataFrame

    def __str__(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in self.sentences.items()) or NOTHING

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(terms=list(self.sentences.items()), nothing=NOTHING)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Figures by name, which a notebook shows one below the other; matplotlib's, so they can still be changed."""

    figures: Mapping[str, Figure]

    def __repr__(self) -> str:
        return f"Plot({', '.join(self.figures)})"

    def _repr_html_(self) -> str:
        pictures = [base64.b64encode(render(figure, "svg")).decode() for figure in self.figures.values()]
        return _html(pictures=dict(zip(self.figures, pictures, strict=True)), nothing=NOTHING)

    def save(self, folder: str | Path, kind: str = "pdf") -> list[Path]:
        """Write each figure into a folder: as pdf, svg (with text that can be edited) or png (300 dots per inch)."""
        if kind not in PRINTED:
            raise unknown("format", str(kind), PRINTED)
        paths = [Path(folder) / f"{name}.{kind}" for name in self.figures]
        for path, figure in zip(paths, self.figures.values(), strict=True):
            write_atomically(path, printed(figure, kind))
        return paths


def overview(store: Store, failures: Sequence[str]) -> str:
    """The findings, the summary table and what failed, as HTML."""
    if next(store.records(), None) is None:
        return _html(nothing=f"No results in {str(store.root)!r} yet.", failures=failures)
    selection = Selection.of(store)
    tables = summary.section(selection).tables
    return _html(terms=findings(selection), tables=tables, failures=failures, nothing=NOTHING)


def verdict(store: Store) -> Findings:
    """What the results show, as the report says it."""
    selection = Selection.of(store)
    rows = [row for panel in selection.panels for length in panel.lengths for row in _marks(selection, panel, length)]
    return Findings(sentences=dict(findings(selection)), table=pd.DataFrame(rows))


def plot(store: Store, kind: str, tasks: Sequence[str]) -> Plot:
    """A figure for each of some tasks, or for all."""
    if kind not in DRAWN:
        raise unknown("kind of plot", kind, DRAWN)
    selection = Selection.of(store)
    known = {panel.task for panel in selection.panels}
    for task in tasks:
        if task not in known:
            raise unknown("task", task, known, "It must be a task that was measured.")
    chosen = [panel for panel in selection.panels if not tasks or panel.task in tasks]
    if not chosen:
        raise UsageError(f"nothing was measured in {str(store.root)!r}: python -m benchmark status says why")
    return Plot(figures={f"{kind}-{panel.id}": DRAWN[kind](selection, panel) for panel in chosen})


def _curves(selection: Selection, panel: Panel) -> Figure:
    styles = palette(selection.encodings, selection.reference)
    weighted = emphasised(styles, panel.points, selection.reference, selection.favourites(panel))
    return _titled(extrapolation(panel.headline, weighted), panel)


def _heatmap(selection: Selection, panel: Panel) -> Figure:
    return _titled(length_heatmap(panel.headline), panel)


def _titled(figure: Figure, panel: Panel) -> Figure:
    """A figure of the report with the title that its heading has there."""
    with look():
        figure.suptitle(drawable(panel.title), x=0.01, ha="left", fontsize=11)
    return figure


DRAWN: Mapping[str, Callable[[Selection, Panel], Figure]] = {"curves": _curves, "heatmap": _heatmap}


def _marks(selection: Selection, panel: Panel, length: int) -> Iterator[dict[str, Any]]:
    """One row for each encoding at one length of a task, the best first."""
    here = panel.headline[panel.headline["length"] == length]
    for trained_with, encoding, league in by_quality(here):
        judged, who = selection.verdict(panel, length, league), Who(trained_with, encoding)
        own = here[(here["trained_with"] == trained_with) & (here["encoding"] == encoding)]
        value, mark = mean_and_range(list(own["value"])), judged.mark(who)
        yield {
            "task": panel.task,
            "metric": panel.metric,
            "train_length": panel.train_length,
            "length": length,
            "multiple": length / panel.train_length,
            "encoding": encoding,
            "trained_with": trained_with,
            "league": league,
            "mean": value.value,
            "lowest": value.low,
            "highest": value.high,
            "seeds": value.n,
            "verdict": mark,
            "more_seeds": judged.more_seeds if mark in ("untested", "among the best") else 0,
        }


def _html(**given: Any) -> str:
    template = environment().get_template("notebook.html.j2")
    return template.render(**{"terms": (), "tables": (), "failures": (), "pictures": {}, **given})
