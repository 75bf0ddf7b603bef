import json
import math
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from benchmark.reports.tables.curves import training_curves
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.reports.tables.fields import FIELD_COLUMNS, by_field
from benchmark.reports.tables.positions import bin_edges, by_position
from benchmark.reports.tables.probes import all_probes
from benchmark.reports.tables.tasks import headline_metric, sweep_of
from benchmark.reports.tables.timings import timing_table
from benchmark.reports.tables.troubles import failures, missing
from benchmark.reports.tables.values import COLUMNS, LANGUAGE_METRICS, metric_table, newest_setting
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def outcome(loss: list[list[float]], correct: list[list[int]], scored: list[list[int]]) -> dict[str, np.ndarray]:
    """Arrays of an evaluation from what happened at each place of each row."""
    parts = {"loss": np.array(loss), "correct": np.array(correct), "count": np.array(scored)}
    rows = {f"row_{name}": value.sum(1) for name, value in parts.items()}
    return {"loss_sum": parts["loss"].sum(0), **{name: parts[name].sum(0) for name in ("correct", "count")}, **rows}


def values(store: Store, **where: object) -> dict[str, float]:
    table = metric_table(store)
    for column, value in where.items():
        table = table[table[column] == value]
    return dict(zip(table["metric"], table["value"], strict=True))


def test_metrics_of_a_synthetic_task_by_hand(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("copy", "rope", 0)
    store.put(trained)
    # Row 0 is right at both scored places, row 1 at one of two, row 2 has nothing to score.
    arrays = outcome([[0, 1, 2], [0, 3, 4], [0, 0, 0]], [[0, 1, 1], [0, 1, 0], [0, 0, 0]], [[0, 1, 1]] * 2 + [[0] * 3])
    store.put(records.eval_record(trained, 16), arrays)
    assert values(store) == pytest.approx({"token_accuracy": 3 / 4, "exact_match": 1 / 2, "loss_nats": 10 / 4})
    table = metric_table(store)
    assert set(table["scored"]) == {4}
    assert table.loc[table["headline"], "metric"].tolist() == [headline_metric("copy")]
    assert table.set_index("metric")["lower_is_better"].to_dict() == {
        "token_accuracy": False,
        "exact_match": False,
        "loss_nats": True,
    }


def test_language_counts_the_targets_that_all_lengths_share(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    places = np.arange(64.0)  # the loss at place p is p
    arrays = outcome([list(places)] * 2, [[0] * 32 + [1] * 32] * 2, [[1] * 64] * 2)
    store.put(records.eval_record(trained, 64), arrays)
    found = values(store)
    assert found["loss_nats"] == pytest.approx(np.mean(places[32:]))
    assert found["token_accuracy"] == 1
    assert found["perplexity"] == pytest.approx(math.exp(47.5))
    assert found["bits_per_character"] == pytest.approx(47.5 / math.log(2) / 1.47)
    assert "exact_match" not in found
    chance = metric_table(store).set_index("metric")["chance"]
    assert chance["bits_per_character"] == pytest.approx(6.4 / math.log(2) / 1.47)


def test_language_in_windows_and_against_a_crop_by_hand(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    for length, level in ((64, 5.0), (128, 4.0)):
        arrays = outcome([[level] * length] * 2, [[1] * length] * 2, [[1] * length] * 2)
        windows = {"windows_loss": [3.0 * length, 9.0], "windows_correct": [1, 1], "windows_count": [length, 2]}
        crop = {"crop_loss": [4.5] * 6, "crop_correct": [0] * 6, "crop_count": [1] * 6} if length == 64 else {}
        views = {name: np.array(rows) for name, rows in (windows | crop).items()}
        store.put(records.eval_record(trained, length), arrays | views)
    table = metric_table(store).set_index(["length", "metric"])["value"]
    assert table[64, "window_loss_nats"] == pytest.approx((3 * 64 + 9) / 66)
    assert table[128, "window_loss_nats"] == pytest.approx((3 * 128 + 9) / 130)
    assert table[64, "over_crop_nats"] == pytest.approx(0.5)
    assert table[128, "over_crop_nats"] == pytest.approx(-0.5)
    assert table[128, "loss_nats"] == pytest.approx(4)


def test_records_without_views_have_no_metric_of_them(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    store.put(records.eval_record(trained, 64), outcome([[1] * 64], [[1] * 64], [[1] * 64]))
    assert set(metric_table(store)["metric"]) == set(LANGUAGE_METRICS)


def test_at_most_64_targets_make_the_value(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    longer = trained.spec.budget.model_copy(update={"train_length": 200})
    trained = trained.model_copy(update={"spec": trained.spec.model_copy(update={"budget": longer})})
    store.put(trained)
    losses = [0.0] * 136 + [1.0] * 64
    store.put(records.eval_record(trained, 200), outcome([losses], [[0] * 200], [[1] * 200]))
    assert values(store)["loss_nats"] == 1


def grouped(axes: dict[str, list[tuple[int, int]]], **sums: list[list[int]] | list[int]) -> dict[str, np.ndarray]:
    """Arrays of an evaluation of one place, with those of its fields."""
    return outcome([[1.0]], [[1]], [[1]]) | {f"group_{name}": np.array(values) for name, values in sums.items()}


def test_fields_of_one_axis_stand_over_length_by_hand(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("recall-mqar", "rope", 0)
    store.put(trained)
    axes = {"lag (tokens)": ((1, 1), (2, 2), (3, 4))}
    sums = {"loss": [3, 0, 1], "correct": [2, 0, 5], "count": [4, 0, 5], "exact": [0, 0, 3], "rows": [2, 0, 3]}
    record = records.eval_record(trained, 32).model_copy(update={"axes": axes})
    store.put(record, grouped(axes, **sums))
    table = by_field(store)
    assert list(table.columns) == list(FIELD_COLUMNS)
    columns = ["down", "down_first", "down_last", "across", "across_first", "across_last", "value", "rows", "chance"]
    assert table[columns].to_numpy().tolist() == [
        ["lag (tokens)", 1, 1, "problem length", 32, 32, 2 / 4, 2, 1 / 16],
        ["lag (tokens)", 3, 4, "problem length", 32, 32, 5 / 5, 3, 1 / 16],
    ]


def test_fields_of_two_axes_of_several_lengths_make_one_grid(
    records: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregate, "headline_metric", lambda _: "exact_match")
    store = Store(tmp_path)
    trained = records.train_record("copy", "rope", 0)
    store.put(trained)
    for length, sides in ((2, ((1, 1), (2, 2))), (4, ((2, 2), (4, 4)))):
        axes = {"a": sides, "b": sides}
        exact, rows = [[0, 1], [2, length]], [[0 if length == 4 else 1, 2], [4, 4]]
        sums = {"loss": rows, "correct": rows, "count": rows, "exact": exact, "rows": rows}
        record = records.eval_record(trained, length).model_copy(update={"axes": axes})
        store.put(record, grouped(axes, **sums))
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
        store.put(records.eval_record(trained, 32), outcome([[0] * 10], correct, [[1] * 10]))
    table = by_field(store)
    (wide, narrow) = (own for _, own in table.groupby(["grid", "grid_setting"]))
    assert set(wide["grid"]) == {"offset-recall"} and set(narrow["grid"]) == {"offset-recall:symbols=4"}
    assert wide.set_index("down_first")["value"].to_dict() == {2: 0.2, 5: 0.5}
    assert set(wide["down"]) == {"lag (tokens)"} and set(wide["across_first"]) == {32}
    assert wide["setting"].nunique() == 2


def test_records_without_fields_have_none(example: Store) -> None:
    table = by_field(example)
    assert set(table["task"]) == {"recall-mqar"}  # the example's other tasks are as older records are
    assert sweep_of("somebody-elses-task") is None


def test_frame_of_a_run(example: Store) -> None:
    table = metric_table(example)
    assert list(table.columns) == list(COLUMNS)
    cell = ["task", "setting", "trained_with", "encoding", "seed", "length", "metric"]
    assert not table.duplicated(cell).any()
    # 4 tasks x 3 encodings x 3 seeds x 5 lengths, less the diverged training's 5
    assert table["eval_key"].nunique() == 4 * 3 * 3 * 5 - 5
    assert table.loc[table["status"] != "ok", "value"].isna().all()
    assert table.loc[table["status"] == "ok", "value"].notna().all()
    learned = table[(table["encoding"] == "learned") & (table["multiple"] > 1)]
    assert set(learned["status"]) == {"unsupported"} and learned["reason"].str.contains("table ends").all()
    assert table.groupby("task")["setting"].nunique().eq(1).all()


def test_test_time_adaptation_keeps_both_names(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.write_cell(store, "copy", "rope", 0, [1])
    adapted = records.eval_record(trained, 32, encoding="rope-pi")
    store.put(adapted, records.synthetic_arrays("copy", "rope", 0, 32))
    row = metric_table(store).query("length == 32").iloc[0]
    assert (row["encoding"], row["trained_with"]) == ("rope-pi", "rope")
    gaps = missing(store)
    assert set(zip(gaps["encoding"], gaps["length"], strict=True)) == {("rope", 32), ("rope-pi", 16)}


def test_a_model_that_was_trained_for_others_to_adapt_lacks_nothing(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.write_cell(store, "copy", "rope", 0, [])
    assert set(missing(store)["encoding"]) == set()
    records.write_cell(store, "copy", "alibi", 0, [1])
    assert set(missing(store)["encoding"]) == {"rope"}  # it was to be measured, for all that is known
    adapted = records.eval_record(trained, 16, encoding="rope-pi")
    store.put(adapted, records.synthetic_arrays("copy", "rope", 0, 16))
    assert set(missing(store)["encoding"]) == set()


def test_the_league_is_what_the_record_says(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.write_cell(store, "copy", "mine", 0, [1])
    encoding = trained.spec.encoding.model_copy(update={"reads_digits": True})
    measured = records.eval_record(trained, 32)
    measured = measured.model_copy(update={"spec": measured.spec.model_copy(update={"encoding": encoding})})
    store.put(measured, records.synthetic_arrays("copy", "rope", 0, 32))
    leagues = metric_table(store).groupby("length")["league"].first()
    assert leagues.to_dict() == {16: "", 32: "reads digits"}


def test_settings_are_kept_apart_and_the_newest_is_found(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    records.write_cell(store, "copy", "rope", 0, [1])
    later = records.train_record("copy", "rope", 0, steps=40)
    later = later.model_copy(update={"created": later.created + timedelta(days=1)})
    store.put(later)
    store.put(records.eval_record(later, 16), records.synthetic_arrays("copy", "rope", 0, 16))
    table = metric_table(store)
    assert table["setting"].nunique() == 2
    assert set(newest_setting(table)["steps"]) == {40}
    assert missing(store).empty


def test_of_two_records_of_a_cell_the_newest_counts(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    keys = []
    for day, fingerprint in enumerate(("0" * 16, "1" * 16)):
        trained = records.train_record("copy", "rope", 0, fingerprint=fingerprint)
        trained = trained.model_copy(update={"created": trained.created - timedelta(days=day)})
        store.put(trained)
        store.put(records.eval_record(trained, 16), records.synthetic_arrays("copy", "rope", 0, 16))
        keys.append(trained.spec.key)
    assert set(metric_table(store)["train_key"]) == {keys[0]}
    assert failures(store)["status"].tolist() == ["superseded", "superseded"]


def test_by_position_has_every_token_once(example: Store) -> None:
    table = by_position(example)
    own = table[(table["encoding"] == "rope") & (table["seed"] == 0)]
    assert own["position_start"].iloc[0] == 0 and own["position_stop"].iloc[-1] == 1024
    assert (own["position_start"].to_numpy()[1:] == own["position_stop"].to_numpy()[:-1]).all()
    assert own["count"].sum() == 40 * 1024
    wanted = {"task": own["task"].iloc[0], "encoding": "rope", "seed": 0, "length": 1024, "metric": "loss_nats"}
    frame = metric_table(example)
    row = frame[(frame[list(wanted)] == pd.Series(wanted)).all(axis=1)].iloc[0]
    record = example.measured(row["eval_key"], row["train_key"])
    assert record is not None and not isinstance(record, TrainRecord)
    arrays = example.arrays(record)
    late = own[own["position_start"] >= 512]
    assert (late["loss_nats"] * late["count"]).sum() == pytest.approx(arrays["loss_sum"][512:].sum())
    assert row["value"] == pytest.approx(arrays["loss_sum"][-32:].sum() / arrays["count"][-32:].sum())
    assert table.loc[table["encoding"] == "learned", "position_stop"].max() == 64  # its longest ok evaluation


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 1000])
def test_bin_edges_cover_every_position(length: int) -> None:
    edges = bin_edges(length)
    assert edges[0] == 0 and edges[-1] == length
    assert edges == sorted(set(edges))


def test_training_curves(example: Store) -> None:
    table = training_curves(example)
    diverged = table.query("task == 'copy' and encoding == 'alibi' and seed == 1")
    assert diverged["step"].max() == 200
    assert table.query("task == 'copy' and encoding == 'rope'").groupby("seed").size().tolist() == [30, 30, 30]


def test_probes_are_those_of_the_first_seed(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed in (3, 1, 2):
        trained = records.train_record("corpus", "rope", seed)
        store.put(trained)
        store.put(records.probe_record(trained), records.probe_arrays("rope"))
    (probe,) = all_probes(store)
    assert (probe.encoding, probe.seed, probe.words[2]) == ("rope", 1, "玄德")
    assert probe.attention.shape == (2, 4, len(probe.words), len(probe.words))
    assert probe.structure.shape == (2, 4, 256)


def test_failures_and_gaps_of_a_run(example: Store) -> None:
    lost = failures(example).set_index("status")
    assert lost.loc["diverged", "reason"] == "the loss is not finite at step 217"
    assert lost.loc["failed", ["task", "encoding", "length"]].tolist() == ["recall-mqar", "rope", 256]
    assert len(lost.loc["unsupported"]) == 4 * 3 * 4
    gaps = missing(example)
    assert gaps["length"].tolist() == [16, 32, 64, 128, 256]
    assert set(gaps["reason"]) == {"training diverged: the loss is not finite at step 217"}


def test_unreadable_files_and_orphans_are_named(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    whole = records.write_cell(store, "copy", "rope", 0, [1, 2])
    evaluation = store.path(records.eval_record(whole, 16))
    evaluation.write_text("{", encoding="utf-8")
    store.path(records.eval_record(whole, 32)).with_suffix(".safetensors").unlink()
    orphan = records.write_cell(store, "copy", "alibi", 0, [1])
    store.path(orphan).unlink()
    lost = failures(store)
    assert set(lost["status"]) == {"unreadable", "orphan"}
    assert lost.loc[lost["status"] == "unreadable", "reason"].str.contains(evaluation.name).any()
    table = metric_table(store)
    assert set(table["status"]) == {"failed"} and table["reason"].str.contains("--force").all()


def test_an_empty_store_gives_empty_tables(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for make in (
        metric_table,
        by_position,
        by_field,
        training_curves,
        failures,
    ):
        assert make(store).empty
    assert missing(store).empty and newest_setting(metric_table(store)).empty
    assert all_probes(store) == [] and timing_table(tmp_path / "timing", []).empty


def test_timings(records: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "timing"
    records.write_timings(folder)
    (folder / "broken.json").write_text("[]", encoding="utf-8")
    problems: list[str] = []
    table = timing_table(folder, problems).set_index(["encoding", "operation", "length"])
    assert len(table) == 2 * 3 * 3
    row = table.loc[("rope", "forward", 64)]
    assert row["low"] <= row["ratio"] <= row["high"] and row["rounds"] == 15
    assert row["ratio"] == pytest.approx(1.22, rel=0.03)
    assert len(problems) == 1 and "broken.json" in problems[0]


def test_timings_by_hand_and_the_newest_wins(tmp_path: Path) -> None:
    for day, own in (("1", [9.0, 9.0, 9.0]), ("2", [2.0, 8.0, 3.0, 7.0])):
        info = {"encoding": "rope", "operation": "decode", "length": 64, "none_seconds": [1.0, 2.0, 1.0]}
        content = {"datetime": f"2026-01-0{day}", "benchmarks": [{"extra_info": info, "stats": {"data": own}}]}
        (tmp_path / f"{3 - int(day)}.json").write_text(json.dumps(content), encoding="utf-8")
    (row,) = timing_table(tmp_path, []).to_dict("records")
    assert (row["ratio"], row["rounds"]) == (3, 3)  # ratios 2, 4, 3; the fourth round has no partner


@pytest.mark.parametrize(
    "benchmark_",
    [
        7,
        {"extra_info": 7},
        {
            "stats": {"data": ["a"]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": "z"},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1e999},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 10**30},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "\ud800", "operation": "y", "length": 1},
        },
        {
            "stats": {"data": {"a": 1.0}},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1},
        },
    ],
)
def test_a_foreign_timing_file_is_named(tmp_path: Path, benchmark_: object) -> None:
    (tmp_path / "foreign.json").write_text(json.dumps({"benchmarks": [benchmark_]}), encoding="utf-8")
    problems: list[str] = []
    assert timing_table(tmp_path, problems).empty
    assert len(problems) == 1 and "foreign.json: skipped" in problems[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
numbers = st.lists(st.floats() | st.integers(), max_size=3) | json_values
extra_info = st.fixed_dictionaries(
    {"none_seconds": numbers, "encoding": json_values, "operation": json_values, "length": json_values},
    optional={"device": json_values},
)
benchmarks = st.fixed_dictionaries({"stats": st.fixed_dictionaries({"data": numbers}), "extra_info": extra_info})


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(benchmarks | json_values, max_size=2) | json_values)
def test_whatever_a_timing_file_holds_it_is_read_or_named(content: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "any.json").write_text(json.dumps({"benchmarks": content}), encoding="utf-8")
        problems: list[str] = []
        table = timing_table(Path(folder), problems)
        table.to_json().encode()
    assert len(problems) <= 1
    assert table.empty or not problems


def test_a_task_that_is_not_installed_is_measured_by_token_accuracy() -> None:
    assert headline_metric("somebody-elses-task") == "token_accuracy"
    assert headline_metric("corpus") == "loss_nats"


def test_reports_import_no_torch() -> None:
    code = "import sys; import benchmark.reports.draw.extrapolation; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
