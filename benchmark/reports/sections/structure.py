"""The section "Position structure": how each encoding's scores depend on distance, without any content."""

from collections.abc import Sequence
from itertools import groupby

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.structure import structure as draw_structure
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import listing
from benchmark.reports.page.numbers import structure_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import slug
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import listed, t


def section(probes: Sequence[Probe]) -> Section:
    """Each encoding's position structure: the score of a fixed query and key by distance, one figure per task."""
    lines: tuple[str, ...] = (
        t(
            "How the encoding itself treats distance: the score of one fixed query and key, with no difference in "
            "content, as the distance between them grows."
        ),
    )
    if not probes:
        lines = (t("No model was probed, so there is no position structure to show."),)
    groups = groupby(probes, key=lambda probe: (probe.task, probe.setting))
    exhibits = tuple(_exhibit(list(group)) for _, group in groups)
    return Section(id="structure", title=t("Position structure"), lines=lines, exhibits=exhibits)


def _exhibit(probes: Sequence[Probe]) -> Exhibit:
    first, distances = probes[0], max(probe.structure.shape[-1] for probe in probes)
    names = listed(probe.encoding for probe in probes)
    seeds = listing(probe.seed for probe in probes)
    return Exhibit(
        id=f"structure-{slug(first.task)}-{first.train_length}",
        title=t("Score by distance · {task}, L = {length}", task=first.task, length=first.train_length),
        alt=t(
            "Line charts of the score at distances 0 to {last}, one for each of {encodings}, with one line per head.",
            last=distances - 1,
            encodings=names,
        ),
        caption=t("First layer; one seed each ({seeds}), so there is no range.", seeds=seeds),
        models=tuple(sorted(probe.train_key for probe in probes)),
        measured=len(probes),
        picture=render(draw_structure(probes), "svg"),
        format="svg",
        data=structure_data(probes),
    )
