"""The summary: marks, order, unsupported, and what is left out."""

from pathlib import Path

from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.sections import summary
from benchmark.reports.write.markdown import render
from benchmark.reports.write.report import build
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store


def write_small(records, root: Path, **settings) -> Store:
    """Records that make a report quickly: one task beside the corpus, two lengths."""
    return records.write_example(root, **{"tasks": ("copy",), "multiples": (1, 4), "seeds": 2, **settings})


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def test_the_summary_says_what_is_not_yet_tested_and_what_is_unsupported(page):
    table = section_of(page, "summary").tables[0]
    rows = {row[0].text: row[1:] for row in table.rows}
    corpus = next(index for index, group in enumerate(table.groups) if group.title == "corpus") * 3
    assert rows["alibi"][corpus + 1].details[1] == "lowest mean, not yet tested (3 more seeds would do)"
    assert len(rows["rope"][corpus + 1].details) == 1
    assert [rows["learned"][corpus + 1].text, rows["learned"][corpus + 2].text] == ["—", "—"]
    for column in range(0, len(table.columns) - 1):
        untested = [row[0].text for row in table.rows if "not yet tested" in " ".join(row[column + 1].details)]
        assert len(untested) <= (column % 3 != 2)  # none where chance explains the best
    assert rows["alibi"][0].details[1] == "2 of 3 seeds"
    assert list(rows)[-1] == "learned"  # it ends at L


def test_with_enough_seeds_the_best_are_marked_and_stand_first(nine: Store) -> None:
    section = summary.section(Selection.of(nine))
    marks = {row[0].text: [field.mark for field in row[1:]] for row in section.tables[0].rows}
    assert next(iter(marks)) == "alibi" and marks["alibi"][1] == marks["alibi"][4] == "best"
    assert any("No mark does not mean shown to be worse" in line for line in section.lines)


def test_what_is_applied_at_test_time_says_so(records, tmp_path):
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


def test_one_seed_is_said_to_prove_nothing(records, tmp_path):
    page = build(write_small(records, tmp_path, seeds=1, trouble=False, encodings=("rope", "alibi")))
    assert "no two encodings can be told apart" in " ".join(section_of(page, "summary").lines)
    said = [" ".join(row[1].details) for row in section_of(page, "summary").tables[0].rows]
    assert sorted(said) == ["", "highest mean, not yet tested (5 more seeds would do)"]


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
