"""The leaderboard: results of several people merged into one static page, if they compare like with like."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.reports.page.families import colors
from benchmark.reports.page.page import Page
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.sources import Sources
from benchmark.reports.sections.board import sections
from benchmark.reports.words import speaking, t
from benchmark.reports.write.html import render
from benchmark.reports.write.report import of_checkpoints
from benchmark.results.store import Store


def write_leaderboard(stores: Mapping[str, Store], out: Path, *, language: str | None = None) -> Path:
    """Write the page of results, by their names, into a folder; the path of the page.

    Raises UsageError for results that cannot be compared (`page.sources`).
    """
    with speaking(language, documents=all(map(of_checkpoints, stores.values()))):
        page = build(stores)
        path = out / "index.html"
        write_atomically(path, render(page).encode())
        return path


def build(stores: Mapping[str, Store]) -> Page:
    """The leaderboard as data."""
    sources = Sources(stores={name: store.held() for name, store in stores.items()})
    sources.refuse_unlike()
    selection = Selection.of(Store.merged(list(stores.values())))
    if not selection.panels:
        raise UsageError("nothing was measured in these results: python -m benchmark status says why")
    sources.refuse_incomplete(selection)
    names = sorted(set(selection.shown["encoding"]))
    newest = max(record.created for record in selection.trainings)
    return Page(
        title=t("Leaderboard of position encodings"),
        lead=t(
            "{n} encodings on {tasks}, from {sources}. Encodings in the same group are not told apart.",
            n=len(names),
            tasks=t("1 task") if len(selection.panels) == 1 else t("{n} tasks", n=len(selection.panels)),
            sources=t("1 set of results") if len(stores) == 1 else t("{n} sets of results", n=len(stores)),
        ),
        colors=colors(names),
        sections=sections(selection, sources),
        footer=t(
            "Newest record: {created:%Y-%m-%d %H:%M} UTC. Made only from the records: the same records give the same "
            "page.",
            created=newest,
        ),
        data="",
    )
