"""The section "Extrapolation": the headline metric of every task against length, one figure per task."""

from collections.abc import Iterator

from benchmark.metrics import METRICS
from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import MANY, Exhibit
from benchmark.reports.page.fields import unit
from benchmark.reports.page.numbers import point_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.phrases import DOTS
from benchmark.reports.sections.curve_exhibits import curve_alt, curve_caption, curve_numbers, interactive_curves
from benchmark.reports.words import t

LEARNED = 0.9  # accuracy at L below which a task counts as not learned


def section(selection: Selection, styles: Styles) -> Section:
    """Extrapolation curves, one figure per task."""
    lines: tuple[str, ...] = (
        t(
            "Each model was trained on lengths up to L (the vertical line) and measured beyond it. Line: mean over "
            "seeds; band: from the lowest to the highest seed; dots: each seed, where there are at most {dots}. In "
            "the interactive page, point at a value to read it and highlight its curve, press a name below the figure "
            "to hide or show its curve, and drag to zoom.",
            dots=DOTS,
        ),
    )
    if any(selection.favourites(panel) for panel in selection.panels):
        lines += (
            t("A broad green line lies behind each encoding that is best, or among the best, at the longest length."),
        )
    if any(panel.headline["encoding"].nunique() > MANY for panel in selection.panels):
        lines += (_crowded(),)
    lines += tuple(line for panel in selection.panels for line in _unlearned(panel))
    exhibits = tuple(_exhibit(selection, panel, styles) for panel in selection.panels)
    return Section(id="curves", title=t("Extrapolation"), lines=lines, exhibits=exhibits)


def _crowded() -> str:
    """How to read a figure with many encodings."""
    return t(
        "With more than {many} encodings, the classic ones, the reference and the best at the longest length are drawn "
        "bold; the others are thin and grey, with neither band nor dots. Point at any curve to read its range.",
        many=MANY,
    )


def _unlearned(panel: Panel) -> Iterator[str]:
    """A warning if no encoding has learned a task at L, so that its curve past L says little."""
    at_trained = panel.points[panel.points["length"] == panel.train_length]["mean"]
    if not METRICS[panel.metric].bounded or at_trained.empty or round(at_trained.max(), 2) >= LEARNED:
        return
    yield t(
        "On {task}, no encoding reaches {learned:g} at L (the best mean is {best:.2f}), so its curve past L says "
        "little about positions.",
        task=panel.task,
        learned=LEARNED,
        best=at_trained.max(),
    )
    if panel.unlearned:
        yield t("This is known for {task}: {why}.", task=panel.task, why=panel.unlearned)


def _exhibit(selection: Selection, panel: Panel, styles: Styles) -> Exhibit:
    points = panel.points
    weighted = emphasised(styles, points, selection.reference, selection.favourites(panel))
    names = sorted(set(points["encoding"]))
    return Exhibit(
        id=f"curve-{panel.id}",
        title=panel.title,
        alt=curve_alt(panel, unit(panel), names),
        caption=curve_caption(panel, points),
        models=panel.models,
        measured=panel.measured,
        picture=render(extrapolation(panel.headline, weighted), "svg"),
        format="svg",
        interactive=interactive_curves(panel, points, unit(panel), weighted),
        numbers=curve_numbers(panel, points, unit(panel)),
        data=point_data(points),
    )
