"""The section "Encoding × length": one heatmap per task, with the same values as its extrapolation curve."""

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import listing, unit
from benchmark.reports.page.numbers import point_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Encodings x lengths, one figure per task."""
    lines = (t("The same values as the curves, at a glance. “—” means unsupported or missing."),)
    exhibits = []
    for panel in selection.panels:
        points = panel.points
        exhibits.append(
            Exhibit(
                id=f"heatmap-{panel.id}",
                title=panel.title,
                alt=t(
                    "Heatmap of {metric} on {task}: encodings in rows, lengths in columns. The numbers are in the "
                    "table of its extrapolation curve.",
                    metric=unit(panel),
                    task=panel.task,
                ),
                caption=t(
                    "L = {length}; mean over seeds {seeds}, no range drawn.",
                    length=panel.train_length,
                    seeds=listing(panel.seeds),
                ),
                models=panel.models,
                measured=panel.measured,
                picture=render(length_heatmap(panel.headline), "svg"),
                format="svg",
                data=point_data(points),
            )
        )
    return Section(id="heatmaps", title=t("Encoding × length"), lines=lines, exhibits=tuple(exhibits))
