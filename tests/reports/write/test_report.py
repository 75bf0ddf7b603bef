"""The report, from records to both pages: every section and figure, whatever the names contain."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Section
from benchmark.reports.write.report import ReportPaths, build, with_unique_ids, write_report
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

COMMAND = "python -m benchmark run --encodings rope,alibi,learned --preset quick"
SECTIONS = (
    "verdict",
    "summary",
    "curves",
    "matrix",
    "wins",
    "ranks",
    "tradeoffs",
    "paired",
    "language",
    "heatmaps",
    "grids",
    "attention",
    "structure",
    "cost",
    "encodings",
    "troubles",
    "run",
    "reading",
)
EVIL = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """The visible text of a page, its ids, links, pictures and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.inside = tag if tag in ("script", "style") else ""
        self.ids += [found["id"]] if found.get("id") else []
        self.links += [found["href"]] if tag == "a" and found.get("href") else []
        if tag == "img":
            self.pictures.append(found)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif not self.inside:
            self.text += data


def write_small(records, root: Path, **settings) -> Store:
    """Records that make a report quickly: one task beside the corpus, two lengths."""
    return records.write_example(root, **{"tasks": ("copy",), "multiples": (1, 4), "seeds": 2, **settings})


def read(paths: ReportPaths) -> Reader:
    return Reader(paths.html.read_text(encoding="utf-8"))


def packed_in(page: Reader) -> list[str]:
    """The scripts of a page that are packed: gzip begins so in base64."""
    return [script for script in page.scripts if script.startswith("H4sI")]


def unpacked(script: str) -> str:
    return gzip.decompress(base64.b64decode(script)).decode()


@pytest.fixture(scope="module")
def written(page_paths: ReportPaths) -> Reader:
    return read(page_paths)


def test_every_section_has_its_place_and_its_link(written):
    assert set(SECTIONS) <= set(written.ids)
    assert len(written.ids) == len(set(written.ids))
    targets = [link.removeprefix("#") for link in written.links if link.startswith("#")]
    assert set(SECTIONS) <= set(targets) <= set(written.ids)


def test_the_page_says_what_was_run(written):
    for fact in (
        COMMAND,
        "Example processor, 2 cores",
        "2.13.0",
        "3.11.9",
        "2026-05-04",
        "0, 1, 2",
        "0.43% <unk>",
        "120 wrapped lines joined",
    ):
        assert fact in written.text


def test_every_figure_has_words_for_those_who_cannot_see_it(written, page):
    assert len(written.pictures) == sum(len(section.exhibits) for section in page.sections)
    assert all(len(picture["alt"] or "") > 30 for picture in written.pictures)
    assert all((picture["src"] or "").startswith("data:image/") for picture in written.pictures)


def test_every_figure_states_seeds_and_range_and_records(page):
    for exhibit in (exhibit for section in page.sections for exhibit in section.exhibits):
        assert re.search(r"[Ss]eeds? ?\(?\d|seed", exhibit.caption)
        assert re.search("lowest and highest|no range|[Dd]ots?", exhibit.caption)
        assert exhibit.measured >= len(exhibit.models) > 0


def test_the_page_needs_nothing_from_outside(page_paths):
    text = page_paths.html.read_text(encoding="utf-8")
    assert not re.search(r"""src=["'](?:https?:)?//|<link[^>]*//|@import|url\(["']?http""", text)
    assert page_paths.html.stat().st_size < 8_000_000


def test_plotly_is_there_once_and_packed(written):
    texts = [unpacked(script) for script in packed_in(written)]
    assert sum("plotly.js v" in text and "Licensed under the MIT license" in text for text in texts) == 1


def test_the_numbers_of_every_figure_are_in_the_page(written, page):
    held = json.loads(next(filter(lambda text: text.startswith("{"), map(unpacked, packed_in(written)))))
    exhibits = [exhibit for section in page.sections for exhibit in section.exhibits]
    assert held.keys() == {each.id for each in exhibits if each.data}
    assert {each.id.split("-")[0] for each in exhibits if not (each.data or each.numbers)} == {"attention"}
    for exhibit in filter(lambda each: each.data, exhibits):
        assert held[exhibit.id]["columns"] == list(exhibit.data.columns)
        assert held[exhibit.id]["rows"] == [list(row) for row in exhibit.data.rows]


def test_links_are_the_same_after_another_budget(records, tmp_path):
    store = write_small(records, tmp_path, encodings=("rope",), seeds=1, trouble=False)
    before = [exhibit.id for section in build(store).sections for exhibit in section.exhibits]
    for record in [each for each in store.records() if isinstance(each, TrainRecord)]:
        budget = record.spec.budget.model_copy(update={"steps": 700})
        spec = record.spec.model_copy(update={"budget": budget})
        moved = record.model_copy(update={"spec": spec, "created": record.created.replace(year=2027)})
        store.put(moved)
        for each in [each for each in store.records() if isinstance(each, EvalRecord)]:
            if each.spec.train_key == record.spec.key:
                own = each.spec.model_copy(update={"train_key": spec.key})
                store.put(each.model_copy(update={"spec": own, "created": moved.created}), store.arrays(each))
    after = [exhibit.id for section in build(store).sections for exhibit in section.exhibits]
    shown = {exhibit for exhibit in after if not exhibit.startswith(("attention", "structure"))}
    assert "curve-copy-16" in shown and shown == {each for each in before if each in shown}


def test_the_second_exhibit_of_an_id_is_called_so():
    exhibit = Exhibit(
        id="curve-copy-16", title="", alt="", caption="", models=(), measured=0, picture=b"", format="svg"
    )
    sections = with_unique_ids(
        Section(id="a", title="", exhibits=(exhibit, exhibit)), Section(id="b", title="", exhibits=(exhibit,))
    )
    names = [[each.id for each in section.exhibits] for section in sections]
    assert names == [["curve-copy-16", "curve-copy-16-2"], ["curve-copy-16-3"]]


def test_a_page_of_many_encodings_stays_small(records, tmp_path):
    names = [f"mine-{number:02}" for number in range(32)]
    tasks = ("corpus", "copy")
    store = records.write_example(tmp_path / "r", encodings=["rope", *names], seeds=2, tasks=tasks, trouble=False)
    paths = write_report(store, tmp_path / "out")
    assert paths.html.stat().st_size < 7_500_000
    assert max(path.stat().st_size for path in paths.figures if path.name.startswith("attention")) < 50_000
    assert max(path.stat().st_size for path in paths.figures if path.name.startswith("curves-of")) < 12_000


def test_interactive_figures_are_valid_plotly(page):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    for section in page.sections:
        for exhibit in filter(lambda each: each.interactive, section.exhibits):
            plain = json.loads(re.sub(r'"\$[a-z0-9-]+(/[\d.]+)?"', '"#123456"', json.dumps(exhibit.interactive)))
            graph_objects.Figure(plain)


def test_a_name_that_is_markup_shows_as_text(records, tmp_path):
    store = write_small(records, tmp_path / "in", tasks=("corpus",), encodings=("rope", EVIL), corpus=EVIL)
    paths = write_report(store, tmp_path / "out", command=f"python -m benchmark run --corpus '{EVIL}'")
    text = paths.html.read_text(encoding="utf-8")
    assert EVIL not in text
    page = read(paths)
    assert page.text.count(EVIL) >= 5
    data = json.loads(next(script for script in page.scripts if "legendgroup" in script and script.startswith("{")))
    names = {trace.get("name") for figure in data.values() for trace in figure["data"]}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in names
    outside_code = re.sub(r"^    .*$", "", paths.markdown.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert "<script" not in outside_code


def test_the_same_records_give_the_same_bytes(records, tmp_path):
    store = write_small(records, tmp_path / "in", tasks=("corpus",), encodings=("rope",), seeds=1)
    first, second = (write_report(Store(store.root), tmp_path / name) for name in ("one", "two"))
    for one, two in zip(
        (first.html, first.markdown, *first.figures), (second.html, second.markdown, *second.figures), strict=True
    ):
        assert one.read_bytes() == two.read_bytes()


def test_old_figures_are_removed(records, tmp_path):
    store = write_small(records, tmp_path / "in", encodings=("rope",), seeds=1)
    old = tmp_path / "out" / "figures" / "curve-gone-12345678.svg"
    kept = tmp_path / "out" / "figures" / "notes.txt"
    old.parent.mkdir(parents=True)
    old.write_text("<svg/>")
    kept.write_text("mine")
    write_report(store, tmp_path / "out")
    assert not old.exists() and kept.exists()


def test_nothing_to_report_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="python -m benchmark run"):
        write_report(Store(tmp_path / "empty"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_trained_but_never_measured(records, tmp_path):
    store = Store(tmp_path / "in")
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = read(write_report(store, tmp_path / "out"))
    assert "the training loss was nan at step 217 of 600" in page.text


def test_a_broken_array_is_a_failure_and_not_an_end(records, tmp_path):
    store = write_small(records, tmp_path / "in", encodings=("rope",), seeds=2, trouble=False)
    victim = next(path for path in sorted((tmp_path / "in" / "cells").rglob("*.safetensors")))
    victim.write_bytes(b"broken")
    page = read(write_report(store, tmp_path / "out"))
    assert f"{victim}: skipped" in page.text
