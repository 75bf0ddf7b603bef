"""Metrics by hand from what happened at each place of each row, and which rows a table has."""

import math
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.metrics import METRICS
from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.tables.values import METRIC_COLUMNS, metric_table, newest_setting
from benchmark.results.store import Store


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
    arrays = records.outcome(
        [[0, 1, 2], [0, 3, 4], [0, 0, 0]], [[0, 1, 1], [0, 1, 0], [0, 0, 0]], [[0, 1, 1]] * 2 + [[0] * 3]
    )
    store.put(records.eval_record(trained, 16), arrays)
    assert values(store) == pytest.approx({"token_accuracy": 3 / 4, "exact_match": 1 / 2, "loss_nats": 10 / 4})
    table = metric_table(store)
    assert set(table["scored"]) == {4}
    assert table.loc[table["headline"], "metric"].tolist() == ["token_accuracy"]
    assert table.set_index("metric")["lower_is_better"].to_dict() == {
        "token_accuracy": False,
        "exact_match": False,
        "loss_nats": True,
    }


def test_the_best_shortcut_by_each_metric(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("copy", "rope", 0)
    store.put(trained)
    scores = {
        "repeat": {"token_accuracy": 0.4, "exact_match": 0.0},
        "constant answer": {"token_accuracy": 0.3, "exact_match": 0.0},
    }
    for length, rules in ((16, scores), (32, {})):
        record = records.eval_record(trained, length).model_copy(update={"shortcuts": rules})
        store.put(record, records.outcome([[1] * length], [[1] * length], [[1] * length]))
    table = metric_table(store).set_index(["length", "metric"])
    assert tuple(table.loc[(16, "token_accuracy"), ["shortcut", "shortcut_name"]]) == (0.4, "repeat")
    assert tuple(table.loc[(16, "exact_match"), ["shortcut", "shortcut_name"]]) == (0.0, "constant answer")
    without = table.loc[[(16, "loss_nats"), (32, "token_accuracy")]]
    assert without["shortcut"].isna().all() and set(without["shortcut_name"]) == {""}


def test_language_counts_the_targets_that_all_lengths_share(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    places = np.arange(64.0)  # the loss at place p is p
    arrays = records.outcome([list(places)] * 2, [[0] * 32 + [1] * 32] * 2, [[1] * 64] * 2)
    store.put(records.eval_record(trained, 64), arrays)
    found = values(store)
    assert found["loss_nats"] == pytest.approx(np.mean(places[32:]))
    assert found["token_accuracy"] == 1
    assert found["perplexity"] == pytest.approx(math.exp(47.5))
    assert found["bits_per_character"] == pytest.approx(47.5 / math.log(2) / 1.47)
    assert "exact_match" not in found
    chance = metric_table(store).set_index("metric")["chance"]
    assert chance["bits_per_character"] == pytest.approx(6.4 / math.log(2) / 1.47)


def test_language_in_windows_against_a_crop_and_at_far_targets_by_hand(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    for length, level in ((64, 5.0), (128, 4.0)):
        arrays = records.outcome([[level] * length] * 2, [[1] * length] * 2, [[1] * length] * 2)
        windows = {"windows_loss": [3.0 * length, 9.0], "windows_correct": [1, 1], "windows_count": [length, 2]}
        crop = {"crop_loss": [4.5] * 6, "crop_correct": [0] * 6, "crop_count": [1] * 6} if length == 64 else {}
        far = {"far_loss": [8.0, 6.0], "far_correct": [1, 0], "far_count": [3, 2]} if length == 128 else {}
        views = {name: np.array(rows) for name, rows in (windows | crop | far).items()}
        store.put(records.eval_record(trained, length), arrays | views)
    table = metric_table(store).set_index(["length", "metric"])["value"]
    assert table[64, "window_loss_nats"] == pytest.approx((3 * 64 + 9) / 66)
    assert table[128, "window_loss_nats"] == pytest.approx((3 * 128 + 9) / 130)
    assert table[128, "far_loss_nats"] == pytest.approx(14 / 5)
    assert (64, "far_loss_nats") not in table.index
    assert table[64, "over_crop_nats"] == pytest.approx(0.5)
    assert table[128, "over_crop_nats"] == pytest.approx(-0.5)
    assert table[128, "loss_nats"] == pytest.approx(4)


def test_records_without_views_have_no_metric_of_them(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    store.put(trained)
    store.put(records.eval_record(trained, 64), records.outcome([[1] * 64], [[1] * 64], [[1] * 64]))
    wanted = {name for name, metric in METRICS.items() if metric.of_texts and not metric.optional}
    assert set(metric_table(store)["metric"]) == wanted


def test_at_most_64_targets_make_the_value(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.train_record("corpus", "rope", 0)
    longer = trained.spec.budget.model_copy(update={"train_length": 200})
    trained = trained.model_copy(update={"spec": trained.spec.model_copy(update={"budget": longer})})
    store.put(trained)
    losses = [0.0] * 136 + [1.0] * 64
    store.put(records.eval_record(trained, 200), records.outcome([losses], [[0] * 200], [[1] * 200]))
    assert values(store)["loss_nats"] == 1


def test_table_of_a_run(example: Store) -> None:
    table = metric_table(example)
    assert list(table.columns) == list(METRIC_COLUMNS)
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


@pytest.mark.parametrize(
    ("reads", "league"), [("reads_digits", "reads digits"), ("reads_marks", "reads segment marks")]
)
def test_the_league_is_what_the_record_says(records: ModuleType, tmp_path: Path, reads: str, league: str) -> None:
    store = Store(tmp_path)
    trained = records.write_cell(store, "copy", "mine", 0, [1])
    encoding = trained.spec.encoding.model_copy(update={reads: True})
    measured = records.eval_record(trained, 32)
    measured = measured.model_copy(update={"spec": measured.spec.model_copy(update={"encoding": encoding})})
    store.put(measured, records.synthetic_arrays("copy", "rope", 0, 32))
    leagues = metric_table(store).groupby("length")["league"].first()
    assert leagues.to_dict() == {16: "", 32: league}


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


def test_an_empty_store_gives_an_empty_table(tmp_path: Path) -> None:
    table = metric_table(Store(tmp_path))
    assert table.empty and list(table.columns) == list(METRIC_COLUMNS)
    assert newest_setting(table).empty
