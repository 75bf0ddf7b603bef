"""The report, from records to both pages: every section, every figure, nothing that a name can break."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.sections import summary, troubles
from benchmark.reports.tables.timings import timing_table
from benchmark.reports.tables.values import metric_table
from benchmark.reports.write.markdown import markdown_table, render
from benchmark.reports.write.report import ReportPaths, build, told_apart, write_report
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


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


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


def test_every_figure_states_seeds_and_interval_and_records(page):
    for exhibit in (exhibit for section in page.sections for exhibit in section.exhibits):
        assert re.search(r"[Ss]eeds? ?\(?\d|seed", exhibit.caption)
        assert "interval" in exhibit.caption
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
    sections = told_apart(
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


def test_curves_hold_value_interval_and_seeds(page):
    curves = next(section for section in page.sections if section.id == "curves")
    copy = next(exhibit for exhibit in curves.exhibits if exhibit.id.startswith("curve-copy"))
    named = {trace["name"]: trace for trace in copy.interactive["data"] if "name" in trace}
    assert set(named) == {"alibi", "learned", "rope", "chance"}
    name, place, shown = named["alibi"]["customdata"][0]
    assert (name, place) == ("alibi", "length 16 = 1 L")
    assert re.fullmatch(r"\d\.\d\d \[\d\.\d\d, \d\.\d\d\], 2 seeds", shown)  # the third diverged
    assert named["learned"]["y"][0] > 0.5 and named["learned"]["y"][1:] == [None] * 4
    assert named["chance"]["y"] == [0.01] * 5
    assert copy.interactive["layout"]["shapes"][0]["x0"] == 16


def test_language_is_shown_in_three_ways_each_with_its_sentence(page):
    section = next(section for section in page.sections if section.id == "language")
    assert [exhibit.title[:2] for exhibit in section.exhibits] == ["1.", "2.", "3."]
    for exhibit, word in zip(section.exhibits, ("position", "for free", "baseline"), strict=True):
        assert word in exhibit.about
    differences = section.exhibits[2].numbers
    assert differences.rows[1][0].text == "learned"
    assert [cell.text for cell in differences.rows[1]][2:] == ["—"] * 4


def test_grids_have_a_heatmap_and_curves_with_their_numbers(page):
    heatmap, curves = next(section for section in page.sections if section.id == "grids").exhibits
    assert (heatmap.id.split("-")[0], curves.id.split("-")[0]) == ("grid", "along")
    assert "seeds 0, 1, 2" in heatmap.caption and "256 test problems" in heatmap.caption
    assert [(group.title, group.span) for group in curves.numbers.groups] == [("length 16", 5), ("length 256", 9)]
    assert curves.numbers.columns[:4] == ("encoding", "1", "2", "3–4")
    assert [cell.text for cell in curves.numbers.rows[1]][6:] == ["—"] * 9  # learned, past L


def test_records_of_before_grids_and_views_still_make_a_report(records, tmp_path):
    store = records.write_example(tmp_path, encodings=("rope",), seeds=2, tasks=("corpus", "recall-mqar"))
    for record in [each for each in store.records() if isinstance(each, EvalRecord)]:
        arrays = store.arrays(record)
        known = {name: values for name, values in arrays.items() if not re.match("group|windows|crop", name)}
        store.put(record.model_copy(update={"axes": {}}), known or None)
    page = build(Store(tmp_path))
    found = {section.id: section for section in page.sections}
    assert [exhibit.title[:2] for exhibit in found["language"].exhibits] == ["1."]
    assert found["grids"].exhibits == () and "No task was measured" in found["grids"].lines[0]


def test_interactive_figures_are_valid_plotly(page):
    graph_objects = pytest.importorskip("plotly.graph_objects")
    for section in page.sections:
        for exhibit in filter(lambda each: each.interactive, section.exhibits):
            plain = json.loads(re.sub(r'"\$[a-z0-9-]+(/[\d.]+)?"', '"#123456"', json.dumps(exhibit.interactive)))
            graph_objects.Figure(plain)


def test_the_summary_marks_best_and_ties_and_what_is_unsupported(page):
    table = section_of(page, "summary").tables[0]
    rows = {row[0].text: row[1:] for row in table.rows}
    corpus = next(index for index, group in enumerate(table.groups) if group.title == "corpus") * 3
    assert rows["alibi"][corpus + 1].mark == "best"
    assert rows["rope"][corpus + 1].mark == ""
    assert [rows["learned"][corpus + 1].text, rows["learned"][corpus + 2].text] == ["—", "—"]
    for column in range(0, len(table.columns) - 1):
        marks = [row[column].mark for row in rows.values()]
        assert marks.count("best") == (column % 3 != 2)
    assert rows["alibi"][0].details[-1] == "2 of 3 seeds"


def test_what_is_applied_at_test_time_stands_under_its_base_and_says_so(records, tmp_path):
    store = records.write_example(tmp_path, encodings=("alibi", "rope"), seeds=2, tasks=("copy",), trouble=False)
    for record in list(store.records()):
        if isinstance(record, EvalRecord) and record.spec.train_key in trained_with(store, "rope"):
            spec = record.spec.model_copy(update={"encoding": records.encoding_spec("pi")})
            store.put(record.model_copy(update={"spec": spec}), store.arrays(record))
    page = build(store)
    names = [(row[0].text, row[0].details) for row in section_of(page, "summary").tables[0].rows]
    assert names == [("alibi", ()), ("rope", ()), ("pi", ("on rope, no further training",))]
    assert any("No further training" in line for line in section_of(page, "summary").lines)
    assert "on rope, no further training" in render(page)


def trained_with(store: Store, encoding: str) -> set[str]:
    """Keys of the models of an encoding."""
    trainings = (record for record in store.records() if isinstance(record, TrainRecord))
    return {record.spec.key for record in trainings if record.spec.encoding.name == encoding}


def test_only_grouped_columns_have_a_rule_before_them():
    plain = Table(caption="", columns=("a", "b"), rows=(), words=frozenset({1}))
    assert plain.column_class(1) == "words"
    grouped = Table(caption="", columns=("a", "b", "c", "d"), rows=(), groups=(Group(title="", span=2),) * 2)
    assert [grouped.column_class(index) for index in range(5)] == ["", "group-start", "", "group-start", ""]


def test_troubles_are_listed_with_their_reasons(page):
    section = next(section for section in page.sections if section.id == "troubles")
    text = " ".join(cell.text for table in section.tables for row in table.rows for cell in row)
    for reason in ("the loss is not finite at step 217", "out of memory", "the table ends at", "unsupported"):
        assert reason in text
    assert any(table.caption.startswith("Missing") for table in section.tables)


def test_unreadable_files_are_named(records, tmp_path):
    store = write_small(records, tmp_path)
    broken = tmp_path / "cells" / ("0" * 32) / "train.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "bad.json").write_text("[]")
    problems: list[str] = []
    timing_table(tmp_path / "timing", problems)
    section = troubles.section(Selection.of(store), problems)
    text = " ".join(cell.text for table in section.tables for row in table.rows for cell in row)
    assert str(broken) in text and "bad.json" in text


def test_cost_has_parameters_speed_and_timings(page):
    section = next(section for section in page.sections if section.id == "cost")
    cost, timing = section.tables
    learned = next(row for row in cost.rows if row[0].text == "learned")
    assert [cell.text for cell in learned[1:3]] == ["363,008", "1,024"]
    assert re.fullmatch(r"\[[\d,]+, [\d,]+\]", learned[3].details[0])
    assert [group.title for group in timing.groups] == ["decode", "forward", "training step"]


def test_markdown_finds_its_figures(page_paths):
    text = page_paths.markdown.read_text(encoding="utf-8")
    links = re.findall(r"!\[[^\]]+\]\((figures/[^)]+)\)", text)
    assert len(links) == len(set(links)) == len(page_paths.figures) >= 12
    for link in links:
        content = (page_paths.markdown.parent / link).read_bytes()
        assert content.startswith(b"\x89PNG") if link.endswith(".png") else b"<svg" in content[:2000]


def test_markdown_has_every_section_and_the_command(page_paths, page):
    text = page_paths.markdown.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings == [section.title for section in page.sections]
    assert f"\n    {COMMAND}\n" in text


def test_markdown_tables_are_rectangular():
    table = Table(caption="a|b", columns=("x", "y"), rows=((Field(text="a|b"), Field(text="`c`\nd", mark="best")),))
    rows = str(markdown_table(table)).splitlines()[2:]
    assert rows == ["| x | y |", "| --- | ---: |", r"| a\|b | **\`c\` d** best |"]


def test_markdown_sets_what_must_be_known_of_a_name_in_brackets():
    name = Field(text="yarn", details=("on rope, no further training",))
    value = Field(text="0.5", details=("[0.4, 0.6]",), mark="tied")
    rows = str(markdown_table(Table(caption="a", columns=("x", "y"), rows=((name, value),)))).splitlines()
    assert rows[-1] == r"| yarn (on rope, no further training) | 0.5 \[0.4, 0.6\], tied |"


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


def test_one_seed_is_said_to_prove_nothing(records, tmp_path):
    page = build(write_small(records, tmp_path, seeds=1, trouble=False, encodings=("rope", "alibi")))
    assert "no two encodings can be told apart" in " ".join(section_of(page, "summary").lines)
    marks = [row[1].mark for row in section_of(page, "summary").tables[0].rows]
    assert sorted(marks) == ["best", "tied"]


@pytest.mark.parametrize(("encodings", "warned"), [(("alibi", "none"), True), (("rope", "alibi"), False)])
def test_a_task_that_nobody_learned_is_said_to_show_little(records, tmp_path, encodings, warned):
    kinds = {"tasks": ("offset-recall",), "seeds": 2, "trouble": False}
    page = build(records.write_example(tmp_path, encodings=encodings, **kinds))
    said = [line for line in section_of(page, "curves").lines if "no encoding reaches 0.9 at L" in line]
    assert bool(said) is warned


def test_old_figures_are_removed(records, tmp_path):
    store = write_small(records, tmp_path / "in", encodings=("rope",), seeds=1)
    old = tmp_path / "out" / "figures" / "curve-gone-12345678.svg"
    kept = tmp_path / "out" / "figures" / "notes.txt"
    old.parent.mkdir(parents=True)
    old.write_text("<svg/>")
    kept.write_text("mine")
    write_report(store, tmp_path / "out")
    assert not old.exists() and kept.exists()


def test_another_model_size_is_left_out_and_counted(records, tmp_path):
    store = write_small(records, tmp_path, encodings=("rope",), seeds=1)
    trained = records.train_record("copy", "rope", 0, steps=20)
    older = trained.model_copy(update={"created": trained.created.replace(year=2025)})
    store.put(older)
    measured = records.eval_record(older, 16)
    store.put(measured, records.synthetic_arrays("copy", "rope", 0, 16))
    selection = Selection.of(store)
    assert {panel.train_length for panel in selection.panels} == {16}
    assert set(selection.shown["steps"]) == {600}
    assert selection.left_out == 1
    assert "1 of the 3 evaluations" in " ".join(summary.section(selection).lines)


def test_nothing_to_report_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="python -m benchmark run"):
        write_report(Store(tmp_path / "empty"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_trained_but_never_measured(records, tmp_path):
    store = Store(tmp_path / "in")
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = read(write_report(store, tmp_path / "out"))
    assert "the loss is not finite at step 217" in page.text


def test_a_broken_array_is_a_failure_and_not_an_end(records, tmp_path):
    store = write_small(records, tmp_path / "in", encodings=("rope",), seeds=2, trouble=False)
    victim = next(path for path in sorted((tmp_path / "in" / "cells").rglob("*.safetensors")))
    victim.write_bytes(b"broken")
    page = read(write_report(store, tmp_path / "out"))
    assert f"{victim}: skipped" in page.text


def test_a_text_has_its_loss_in_the_unit_that_tokenizers_share(page: Page, example: Store) -> None:
    (table,) = section_of(page, "language").tables
    assert table.title.startswith("Bits per character · corpus")
    (alibi,) = (row for row in table.rows if row[0].text == "alibi")
    frame = metric_table(example)
    own = frame[(frame["metric"] == "bits_per_character") & (frame["encoding"] == "alibi") & (frame["length"] == 64)]
    assert alibi[1].text == f"{own['value'].mean():.2f}"
    assert table.columns[1] == "L = 64"
