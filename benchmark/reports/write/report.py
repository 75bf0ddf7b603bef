"""The report: pure functions from records on disk to index.html, and to report.md with its figures and data.

Everything in it comes from the records: the same records give the same bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.files import write_atomically
from benchmark.reports.compare.snapshot import FILE, Snapshot
from benchmark.reports.draw.canvas import Prints, printing
from benchmark.reports.draw.interactive import series
from benchmark.reports.draw.style import palette
from benchmark.reports.page.exhibit import MANY, Exhibit
from benchmark.reports.page.overview import Overview
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.sections import (
    against,
    attention,
    cost,
    cost_quality,
    curves,
    grids,
    heatmaps,
    language,
    matrix,
    mechanism,
    profiles,
    ranks,
    reading,
    robustness,
    run,
    stretch,
    structure,
    summary,
    troubles,
    verdict,
    wins,
)
from benchmark.reports.tables.measurements import all_trainings
from benchmark.reports.tables.probes import all_probes
from benchmark.reports.tables.timings import timing_table
from benchmark.reports.words import joined, speaking, t
from benchmark.reports.write.html import render
from benchmark.reports.write.markdown import render as markdown_render
from benchmark.results.store import Store

# Sections by id that say nothing of a checkpoint: of other settings, of what training cost, and of probes.
ABOUT_TRAINING = ("robustness", "tradeoffs", "attention", "structure", "cost")


More = Callable[[Selection], Section | None]


@dataclass(frozen=True, kw_only=True)
class ReportPaths:
    """Where a report was written, and what it says first: (need or task, sentences)."""

    html: Path
    markdown: Path
    data: Path
    figures: tuple[Path, ...]
    findings: tuple[tuple[str, str], ...]
    holds: tuple[tuple[str, str], ...]  # whether the order of a task's encodings holds in its other settings
    printed: tuple[Path, ...] = ()  # the figures for print


def write_report(
    store: Store,
    out: Path,
    *,
    command: str | None = None,
    reference: str | None = None,
    language: str | None = None,
    figures: str | None = None,
    claims: More | None = None,
) -> ReportPaths:
    """Write the report of a store into a folder, in one of words.LANGUAGES, or else in the language of its context.

    `command` runs its cells again, for readers to copy; `reference` is the encoding that others are compared with.
    With `figures`, one of canvas.PRINTED, the figures are also written for print, into figures/<that name>.
    `claims` makes the section on published claims, which builds on reports and is not known here.
    """
    with speaking(language, documents=of_checkpoints(store)):
        if figures is None:
            return write(build(store, command, reference, claims), out)
        with printing(figures) as prints:
            page = build(store, command, reference, claims)
        return replace(write(page, out), printed=_write_prints(page, prints, out / "figures" / figures))


def write(page: Page, out: Path) -> ReportPaths:
    """Write both forms of a page, its figures and its data."""
    pictures = [exhibit for section in page.sections for exhibit in section.pictures]
    paths = ReportPaths(
        html=out / "index.html",
        markdown=out / "report.md",
        data=out / FILE,
        figures=tuple(out / "figures" / exhibit.file for exhibit in pictures),
        findings=_terms(page, "stretch") or _terms(page, "verdict"),
        holds=_terms(page, "robustness"),
    )
    _write_pictures(pictures, paths.figures)
    write_atomically(paths.markdown, markdown_render(page).encode())
    write_atomically(paths.data, page.data.encode())
    write_atomically(paths.html, render(page).encode())
    return paths


def of_checkpoints(store: Store) -> bool:
    """True if everything in a store is of checkpoints: nothing was trained, and the units are documents."""
    trainings = all_trainings(store)
    return bool(trainings) and all(record.spec.checkpoint is not None for record in trainings)


def _terms(page: Page, name: str) -> tuple[tuple[str, str], ...]:
    return next((section.terms for section in page.sections if section.id == name), ())


def build(store: Store, command: str | None = None, reference: str | None = None, claims: More | None = None) -> Page:
    """The report as data, for any way of writing it."""
    selection = Selection.of(store, reference)
    styles = palette(selection.encodings, selection.reference)
    own = selection.own_settings
    shown = (
        replace(probe, setting=own[probe.setting, probe.trained_with])
        for probe in all_probes(selection.store)
        if (probe.setting, probe.trained_with) in own
    )
    probes = sorted(shown, key=lambda probe: (probe.task, probe.setting, probe.text, probe.encoding))
    timing_problems: list[str] = []
    overview = Overview.of(selection)
    timings = timing_table(store.files, timing_problems)
    sections = with_unique_ids(
        stretch.section(selection),
        verdict.section(selection, styles),
        summary.section(selection),
        robustness.section(selection, styles),
        claims(selection) if claims else None,
        curves.section(selection, styles),
        matrix.section(overview),
        wins.section(overview),
        ranks.section(overview, styles),
        cost_quality.section(selection, timings, styles),
        against.section(selection),
        language.section(selection, styles),
        heatmaps.section(selection),
        grids.section(selection, styles),
        attention.section(probes),
        structure.section(probes),
        mechanism.section(selection, styles),
        cost.section(selection, timings),
        profiles.section(selection, styles, probes),
        troubles.section(selection, timing_problems),
        run.section(selection, command),
        reading.section(),
    )
    if of_checkpoints(selection.store):
        sections = tuple(section for section in sections if section.id not in ABOUT_TRAINING)
    return Page(
        title=t("Position encodings compared"),
        lead=_lead(selection),
        colors={name: series(style).removeprefix("$") for name, style in styles.items()},
        sections=sections,
        footer=_footer(selection),
        data=Snapshot.of_report(selection).text(),
    )


def with_unique_ids(*sections: Section | None) -> tuple[Section, ...]:
    """The sections that there are, the ids of their exhibits unique: the second with an id gets id-2."""
    met: Counter[str] = Counter()
    return tuple(replace(section, exhibits=tuple(_named(section.exhibits, met))) for section in sections if section)


def _named(exhibits: Iterable[Exhibit], met: Counter[str]) -> Iterable[Exhibit]:
    for exhibit in exhibits:
        met[exhibit.id] += 1
        yield exhibit if met[exhibit.id] == 1 else replace(exhibit, id=f"{exhibit.id}-{met[exhibit.id]}")


def _lead(selection: Selection) -> str:
    panels = selection.panels
    if not panels:
        return t("Models were trained, but none was measured.")
    names = sorted({name for panel in panels for name in panel.table["encoding"]})
    tasks = len({panel.task for panel in panels})
    seeds = sorted({len(panel.seeds) for panel in panels})
    farthest = max(panel.lengths[-1] / panel.train_length for panel in panels)
    return t(
        "{encodings} on {tasks}, {seeds} each, up to {farthest:g} times the trained length.",
        encodings=joined(names) if len(names) <= MANY else t("{n} encodings", n=len(names)),
        tasks=t("1 task") if tasks == 1 else t("{n} tasks", n=tasks),
        seeds=_paired(seeds[0], seeds[-1]),
        farthest=farthest,
    )


def _paired(fewest: int, most: int) -> str:
    if fewest < most:
        return t("{low} to {high} paired seeds", low=fewest, high=most)
    return t("1 paired seed") if most == 1 else t("{n} paired seeds", n=most)


def _footer(selection: Selection) -> str:
    newest = max(selection.trainings, key=lambda record: record.created)
    return t(
        "position-benchmark {version}. Newest record: {created:%Y-%m-%d %H:%M} UTC. "
        "Made only from the records on disk: the same records give the same report.",
        version=newest.environment.benchmark,
        created=newest.created,
    )


def _write_pictures(pictures: list[Exhibit], paths: tuple[Path, ...]) -> None:
    """Write the figures, and remove those that an earlier report left in the folder."""
    for exhibit, path in zip(pictures, paths, strict=True):
        write_atomically(path, exhibit.picture)
    if paths:
        _remove_others(paths, "svg", "png")


def _write_prints(page: Page, prints: Prints, folder: Path) -> tuple[Path, ...]:
    """Write the figures for print. The curves in encodings' own blocks are drawn for the page, as SVG with text."""
    files = {
        folder / f"{exhibit.id}.{prints.kind}": prints.files.get(exhibit.picture, exhibit.picture)
        for section in page.sections
        for exhibit in section.pictures
        if exhibit.picture in prints.files or exhibit.format == prints.kind
    }
    for path, content in files.items():
        write_atomically(path, content)
    if files:
        _remove_others(tuple(files), prints.kind)
    return tuple(files)


def _remove_others(paths: tuple[Path, ...], *kinds: str) -> None:
    """Remove the figures of an earlier report from the folder of these."""
    known = set(paths)
    for old in (old for kind in kinds for old in paths[0].parent.glob(f"*.{kind}")):
        if old not in known:
            old.unlink()
