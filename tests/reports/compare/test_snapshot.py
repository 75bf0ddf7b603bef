"""What a report leaves for programs: whole, the same twice, and refused in one line where it is something else."""

import json

import pandas as pd
import pytest

from benchmark.errors import UsageError
from benchmark.reports.compare.snapshot import Snapshot, read
from benchmark.reports.page.selection import Selection
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def taken(example_root) -> Snapshot:
    return Snapshot.of_report(Selection.of(Store(example_root)))


def altered(taken: Snapshot, path, **parts):
    path.write_text(json.dumps(taken.model_dump(mode="json") | parts))
    return path


def test_the_rows_are_the_headline_rows_of_the_table(taken, example) -> None:
    table = metric_table(example)
    table = table[table["headline"]].reset_index(drop=True)
    rows = pd.DataFrame([row.model_dump() for row in taken.rows])
    names = ["task", "encoding", "trained_with", "seed", "train_length", "length", "metric", "status", "value"]
    pd.testing.assert_frame_equal(rows[names], table[names], check_dtype=False)


def test_it_is_read_as_it_was_written_and_is_the_same_twice(taken, example_root, tmp_path) -> None:
    path = tmp_path / "data.json"
    path.write_text(taken.text())
    assert read(path) == taken
    assert Snapshot.of_report(Selection.of(Store(example_root))).text() == taken.text()


def test_a_table_is_made_of_it_in_one_line_and_a_row_is_a_line(page_paths) -> None:
    text = page_paths.data.read_text()
    rows = pd.DataFrame(json.loads(text)["rows"])
    assert rows.groupby("task").size().to_dict() == {"copy": 40, "corpus": 45, "offset-recall": 45, "recall-mqar": 45}
    assert len(text) < 60_000
    assert sum(line.startswith('{"task":"copy","encoding"') for line in text.splitlines()) == 40


def test_a_model_that_came_to_nothing_is_in_it_and_one_that_was_trained_again_is_not(records, tmp_path) -> None:
    store = Store(tmp_path)
    records.write_cell(store, "copy", "rope", 0, [1])
    records.write_cell(store, "copy", "rope", 1, diverged=True)
    older = records.train_record("copy", "rope", 0, fingerprint="0" * 16, diverged=True)
    store.put(older.model_copy(update={"created": records.START.replace(year=2025)}))
    taken = Snapshot.of_store(store)
    assert sorted((model.init_seed, model.status) for model in taken.models) == [(0, "ok"), (1, "diverged")]


def test_a_report_holds_what_it_shows_and_a_folder_all_settings(records, tmp_path) -> None:
    store = Store(tmp_path)
    for steps in (300, 600):
        trained = records.train_record("copy", "rope", 0, steps=steps)
        store.put(trained)
        store.put(records.eval_record(trained, 16), records.synthetic_arrays("copy", "rope", 0, 16))
    assert len(Snapshot.of_store(store).settings) == 2
    shown = Snapshot.of_report(Selection.of(store))
    assert (len(shown.settings), len(shown.models), len(shown.rows)) == (1, 1, 1)


def test_an_adapted_encoding_is_there_with_its_base(records, tmp_path) -> None:
    store = Store(tmp_path)
    rope = records.write_cell(store, "copy", "rope", 0, [1])
    store.put(records.eval_record(rope, 16, encoding="pi"), records.synthetic_arrays("copy", "alibi", 0, 16))
    taken = Snapshot.of_store(store)
    (row,) = (row for row in taken.rows if row.encoding == "pi")
    assert row.trained_with == "rope"
    assert taken.encodings[row.applied].label == "pi"
    assert taken.encodings[taken.models[row.model].encoding].label == "rope"


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("[]", "schema version None, but this version reads 1"),
        ('{"schema_version": 2}', "schema version 2, but this version reads 1"),
        ('{"schema_version": 1}', "is not the data of a report: Field required"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_data_is_refused_in_a_line(tmp_path, content, wanted) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=wanted) as error:
        read(path)
    assert "\n" not in str(error.value)


def test_a_number_past_the_end_of_a_list_is_refused(taken, tmp_path) -> None:
    with pytest.raises(UsageError, match="points past the end of a list"):
        read(altered(taken, tmp_path / "data.json", models=[]))
