"""The findings: against which reference, and what they say with few seeds or none."""

import re
from pathlib import Path

from benchmark.reports.page.page import Page
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import against, verdict
from benchmark.reports.write.report import build
from benchmark.results.store import Store


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


def test_another_reference_turns_the_differences_round(nine: Store) -> None:
    selection = Selection.of(nine, "alibi")
    assert "At 4 L against alibi" in verdict.section(selection).terms[0][1]
    rows = rows_of(against.section(selection).tables[0])
    assert next(iter(rows)) == "alibi"
    assert rows["rope"][3].startswith("-") and rows["rope"][5] == "worse"


def test_a_reference_that_diverged_everywhere_is_said_to_have_no_result(records, tmp_path: Path) -> None:
    store = records.write_example(tmp_path, encodings=("alibi",), tasks=("copy",), multiples=(1,), seeds=1)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = build(store, reference="rope")
    said = [section.lines for section in page.sections if section.id in ("verdict", "paired")]
    assert said == [("The reference, rope, has no result among those shown, so nothing is compared with it.",)] * 2
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
