"""The fields of a grid, by hand: one axis, two axes, and the runs of a sweep."""

from pathlib import Path
from types import ModuleType

import numpy as np

from benchmark.reports.tables.fields import FIELD_COLUMNS, by_field
from benchmark.results.record import TaskFacts
from benchmark.results.store import Store


def grouped(
    records: ModuleType, axes: dict[str, list[tuple[int, int]]], **sums: list[list[int]] | list[int]
) -> dict[str, np.ndarray]:
    """Arrays of an evaluation of one place, with those of its fields."""
    return records.outcome([[1.0]], [[1]], [[1]]) | {f"group_{name}": np.array(values) for name, values in sums.items()}


def test_fields_of_one_axis_stand_over_length_by_hand(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("recall-mqar", "rope", 0)
    store.put(trained)
    axes = {"lag (tokens)": ((1, 1), (2, 2), (3, 4))}
    sums = {"loss": [3, 0, 1], "correct": [2, 0, 5], "count": [4, 0, 5], "exact": [0, 0, 3], "rows": [2, 0, 3]}
    record = records.eval_record(trained, 32).model_copy(update={"axes": axes})
    store.put(record, grouped(records, axes, **sums))
    table = by_field(store)
    assert list(table.columns) == list(FIELD_COLUMNS)
    columns = ["down", "down_first", "down_last", "across", "across_first", "across_last", "value", "rows", "chance"]
    assert table[columns].to_numpy().tolist() == [
        ["lag (tokens)", 1, 1, "problem length", 32, 32, 2 / 4, 2, 1 / 16],
        ["lag (tokens)", 3, 4, "problem length", 32, 32, 5 / 5, 3, 1 / 16],
    ]


def test_fields_of_two_axes_of_several_lengths_make_one_grid(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    facts = TaskFacts(title="", metric="exact_match")
    trained = records.train_record("copy", "rope", 0).model_copy(update={"task": facts})
    store.put(trained)
    for length, sides in ((2, ((1, 1), (2, 2))), (4, ((2, 2), (4, 4)))):
        axes = {"a": sides, "b": sides}
        exact, rows = [[0, 1], [2, length]], [[0 if length == 4 else 1, 2], [4, 4]]
        sums = {"loss": rows, "correct": rows, "count": rows, "exact": exact, "rows": rows}
        record = records.eval_record(trained, length).model_copy(update={"axes": axes})
        store.put(record, grouped(records, axes, **sums))
    table = by_field(store)
    assert table["grid_setting"].nunique() == 1
    found = table.set_index(["down_first", "across_first"])["value"].to_dict()
    assert found == {(1, 1): 0, (1, 2): 0.5, (2, 1): 0.5, (2, 2): 0.5, (2, 4): 0.5, (4, 2): 0.5, (4, 4): 1}


def test_runs_that_differ_in_the_swept_parameter_alone_make_one_grid(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for label, parameters in (
        ("offset-recall", {"back": 5, "symbols": 10}),
        ("offset-recall:back=2", {"back": 2, "symbols": 10}),
        ("offset-recall:back=2:symbols=4", {"back": 2, "symbols": 4}),
    ):
        trained = records.train_record("offset-recall", "rope", 0)
        task = trained.spec.task.model_copy(update={"label": label, "parameters": parameters})
        trained = trained.model_copy(update={"spec": trained.spec.model_copy(update={"task": task})})
        store.put(trained)
        correct = [[1] * parameters["back"] + [0] * (10 - parameters["back"])]
        store.put(records.eval_record(trained, 32), records.outcome([[0] * 10], correct, [[1] * 10]))
    table = by_field(store)
    (wide, narrow) = (own for _, own in table.groupby(["grid", "grid_setting"]))
    assert set(wide["grid"]) == {"offset-recall"} and set(narrow["grid"]) == {"offset-recall:symbols=4"}
    assert wide.set_index("down_first")["value"].to_dict() == {2: 0.2, 5: 0.5}
    assert set(wide["down"]) == {"lag (tokens)"} and set(wide["across_first"]) == {32}
    assert wide["setting"].nunique() == 2


def test_records_without_fields_have_none(example: Store) -> None:
    table = by_field(example)
    assert set(table["task"]) == {"recall-mqar"}  # the example's other tasks are as older records are


def test_an_empty_store_has_no_fields(tmp_path: Path) -> None:
    assert by_field(Store(tmp_path)).empty
