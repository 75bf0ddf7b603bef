"""The sections that say how sure we are: what stands in them, against whom, and what they say of nothing."""

import re
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.reports.page.fields import probability, usable_field
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import against, verdict
from benchmark.reports.write.html import render
from benchmark.reports.write.markdown import render as markdown_render
from benchmark.reports.write.report import build
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def nine(records, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Enough seeds to show something: two others, nine seeds, L and 4 L."""
    root = tmp_path_factory.mktemp("nine")
    settings = {"encodings": ("rope", "alibi", "none"), "tasks": ("copy", "corpus"), "multiples": (1, 4)}
    return records.write_example(root, seeds=9, trouble=False, **settings)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def test_each_task_has_two_sentences_in_the_order_of_the_report(nine: Store) -> None:
    section = verdict.section(Selection.of(nine))
    assert [term for term, _ in section.terms] == ["copy, L = 16", "corpus, L = 64"]
    assert section.lines[0].startswith("The reference is rope.")
    for _, text in section.terms:
        assert len(re.findall(r"\.(?: |$)", text)) == 2
        assert "At 4 L against rope" in text and "Holm p" in text


def test_few_seeds_show_nothing_and_say_how_many_would(page: Page) -> None:
    section = page.sections[0]
    assert section.id == "verdict"
    for _, text in section.terms:
        assert re.search(r"no difference can be shown at the 5 % level .* at least \d seeds are needed\.$", text)


def test_the_table_has_difference_interval_p_seeds_and_verdict_at_both_lengths(nine: Store) -> None:
    copy, corpus = against.section(Selection.of(nine)).tables
    assert [group.title for group in copy.groups] == ["L = 16", "4L = 64", "how far"]
    rows = rows_of(copy)
    assert list(rows) == ["rope", "alibi", "none"]  # the reference, then the best at 4 L
    assert rows["rope"][:3] == ["—", "—", "reference"]
    difference, p, verdict = rows["alibi"][3:6]
    assert re.fullmatch(r"\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\]", difference)
    assert p == "0.0078 9 seeds"  # Holm: 2 * 2 / 2^9
    assert verdict == "better"
    assert list(rows_of(corpus))[1] == "alibi"  # its loss is lower at 4 L
    assert not copy.folded


def test_length_summaries_have_intervals_and_say_how_far_was_tested(nine: Store) -> None:
    copy, corpus = (rows_of(table) for table in against.section(Selection.of(nine)).tables)
    assert copy["rope"][-2] == "16 [16, 16]"
    assert re.fullmatch(r"0\.\d\d \[0\.\d\d, 0\.\d\d\]", copy["rope"][-1])
    assert corpus["alibi"][-2] == "≥ 256 [256, 256]"


def test_what_is_lost_or_not_learned_is_said(page: Page) -> None:
    section = next(section for section in page.sections if section.id == "paired")
    tables = {table.title: rows_of(table) for table in section.tables}
    assert tables["copy, L = 16"]["learned"][-1] == "—"  # no area past its end
    assert tables["copy, L = 16"]["learned"][5] == "no common seed"
    assert tables["copy, L = 16"]["alibi"][-1].endswith("2 of 3 seeds")  # one diverged
    assert tables["offset-recall, L = 32"]["learned"][-2] == "32"  # three seeds give a median no interval


def test_an_encoding_that_learned_nothing_says_so() -> None:
    row = {"usable": 0.0, "usable_low": float("nan"), "usable_high": float("nan"), "longest": 32}
    cell = usable_field({**row, "n": 3, "learned": 1}, seeds=5)
    assert (cell.text, cell.details) == ("0", ("learned by 1 of 3", "3 of 5 seeds"))
    assert usable_field({**row, "n": 0, "learned": 0}, seeds=5).text == "—"


def test_another_reference_turns_the_differences_round(nine: Store) -> None:
    selection = Selection.of(nine, "alibi")
    assert "At 4 L against alibi" in verdict.section(selection).terms[0][1]
    rows = rows_of(against.section(selection).tables[0])
    assert next(iter(rows)) == "alibi"
    assert rows["rope"][3].startswith("-") and rows["rope"][5] == "worse"


def test_rope_is_the_reference_where_it_is_shown_and_else_the_first_trained(records, tmp_path: Path) -> None:
    small = {"tasks": ("copy",), "multiples": (1,), "seeds": 1, "trouble": False}
    both = records.write_example(tmp_path / "a", encodings=("alibi", "rope"), **small)
    assert Selection.of(both).reference == "rope"
    other = records.write_example(tmp_path / "b", encodings=("none", "alibi"), **small)
    assert Selection.of(other).reference == "alibi"


def test_an_unknown_reference_is_refused_with_the_nearest(nine: Store) -> None:
    with pytest.raises(
        UsageError, match=r"unknown reference 'alibbi'; did you mean 'alibi'\? Known: alibi, none, rope"
    ):
        Selection.of(nine, "alibbi")


def test_a_reference_that_diverged_everywhere_is_said_to_have_no_result(records, tmp_path: Path) -> None:
    store = records.write_example(tmp_path, encodings=("alibi",), tasks=("copy",), multiples=(1,), seeds=1)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = build(store, reference="rope")
    said = [section.lines for section in page.sections if section.id in ("verdict", "paired")]
    assert said == [("rope, the reference, has no result among those shown: nothing is compared with it.",)] * 2
    assert Selection.of(store).reference == "alibi"


def test_nothing_measured_says_so(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    assert verdict.section(Selection.of(store)).lines == ("Nothing was measured, so nothing can be said.",)
    assert against.section(Selection.of(store)).tables == ()


def test_what_was_applied_at_test_time_alone_has_no_reference(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("copy", "rope", 0)
    store.put(trained)
    store.put(records.eval_record(trained, 16, encoding="pi"), records.synthetic_arrays("copy", "pi", 0, 16))
    selection = Selection.of(store)
    assert selection.reference == ""
    assert "there is no reference" in verdict.section(selection).lines[0]


def test_encodings_of_another_league_are_left_out_and_that_is_said(records, tmp_path: Path) -> None:
    settings = {"tasks": ("copy",), "multiples": (1,), "seeds": 2, "trouble": False}
    store = records.write_example(tmp_path, encodings=("abacus", "alibi", "rope"), **settings)
    selection = Selection.of(store)
    section = verdict.section(selection)
    assert "another league" in section.lines[-1]
    assert "abacus" not in section.terms[0][1]
    assert rows_of(against.section(selection).tables[0])["abacus"][:3] == ["—"] * 3


def test_more_than_ten_encodings_are_folded_and_the_lead_counts_them(records, tmp_path: Path) -> None:
    names = ("rope", *(f"mine-{index}" for index in range(10)))
    settings = {"tasks": ("copy",), "multiples": (1, 2), "seeds": 2, "trouble": False}
    page = build(records.write_example(tmp_path, encodings=names, **settings))
    (table,) = next(section for section in page.sections if section.id == "paired").tables
    assert table.folded and len(table.rows) == 11
    assert page.lead.startswith("11 encodings on 1 task")
    lines = next(section for section in page.sections if section.id == "curves").lines
    assert "more than 10 encodings" in lines[-1]


def test_a_titled_table_can_be_folded_in_html_and_is_headed_in_markdown() -> None:
    def page(*, folded: bool) -> Page:
        table = Table(title="copy, L = 16", folded=folded, caption="c", columns=("encoding",), rows=())
        section = Section(id="a", title="A", tables=(table,))
        return Page(title="T", lead="", sections=(section,), colors={}, footer="", data="")

    assert '<details class="card" open><summary>copy, L = 16</summary>' in render(page(folded=False))
    assert '<details class="card"><summary>copy, L = 16</summary>' in render(page(folded=True))
    assert "\n### copy, L = 16\n\n*c*\n" in markdown_render(page(folded=True))


@pytest.mark.parametrize(("value", "shown"), [(0.0234375, "0.023"), (1.0, "1"), (0.00005, "< 0.0001")])
def test_p_values_are_short(value: float, shown: str) -> None:
    assert probability(value) == shown
