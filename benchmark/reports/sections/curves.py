"""The figures of a report, each with its caption, its records, its numbers, and an interactive twin for the curves."""

from collections.abc import Iterator

from benchmark.metrics import METRICS
from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.crowd import MANY, crowded
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import unit
from benchmark.reports.page.numbers import point_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.sections.curve_exhibits import curve_alt, curve_caption, curve_numbers, interactive_curves
from benchmark.reports.words import t

LEARNED = 0.9  # an accuracy at L below which a task counts as not learned


def section(selection: Selection, styles: Styles) -> Section:
    """Extrapolation curves, a figure a task."""
    lines: tuple[str, ...] = (
        t(
            "Each model was trained on lengths up to L, the upright line, and measured beyond it. Line: mean over "
            "seeds; band: 95 % interval. In the interactive page, point at a value to read it and to bring its curve "
            "forward, press a name below the figure to hide or show it, drag to zoom."
        ),
    )
    if any(panel.headline["encoding"].nunique() > MANY for panel in selection.panels):
        lines += (crowded(),)
    lines += tuple(line for panel in selection.panels for line in _unlearned(panel))
    exhibits = tuple(_curve(panel, styles, selection.reference) for panel in selection.panels)
    return Section(id="curves", title=t("Extrapolation"), lines=lines, exhibits=exhibits)


def _unlearned(panel: Panel) -> Iterator[str]:
    """A warning where nobody has learned a task at L, so that its curve past L says little."""
    at_trained = panel.points[panel.points["length"] == panel.train_length]["mean"]
    if not METRICS[panel.metric].bounded or at_trained.empty or round(at_trained.max(), 2) >= LEARNED:
        return
    yield t(
        "On {task} no encoding reaches {learned:g} at L (the best mean is {best:.2f}): what its curve shows past L "
        "says little of positions.",
        task=panel.task,
        learned=LEARNED,
        best=at_trained.max(),
    )
    if panel.unlearned:
        yield t("That is known of {task}: {why}.", task=panel.task, why=panel.unlearned)


def _curve(panel: Panel, styles: Styles, reference: str) -> Exhibit:
    points = panel.points
    weighted = emphasised(styles, points, reference)
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
