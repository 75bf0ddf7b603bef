"""Which view of a task is the main one, and which others stand beside it."""

from pathlib import Path
from types import ModuleType

from benchmark.reports.compare.snapshot import Snapshot
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store

RATES = {"rope": 3e-3, "alibi": 3e-3 * 3}  # that the sweep of `tuned` chooses


def accuracies(*names: str, seeds: int = 2) -> dict[str, dict[int, list[float]]]:
    return {name: {1: [0.9] * seeds, 4: [0.5] * seeds} for name in names}


def tuned(records: ModuleType, root: Path, *, same_rate: bool = False) -> Store:
    """Trials of two encodings at three rates, and measurements of each at its best; or of both at the task's rate."""
    store = Store(root)
    for encoding, best in RATES.items():
        for multiple in (0.5, 1, 3):
            loss = 1.0 + abs(best - 3e-3 * multiple)
            records.write_trial(store, "copy", encoding, multiple, loss)
        records.write_values(root, "copy", accuracies(encoding), learning_rate=best)
    if same_rate:
        records.write_values(root, "copy", accuracies("alibi"), minutes=5)
    return store


def shown(selection: Selection, column: str) -> set:
    return set(selection.shown[column])


def test_without_runs_the_newest_setting_is_the_main_one(records, tmp_path: Path) -> None:
    records.write_values(tmp_path, "copy", accuracies("rope", "alibi", seeds=5), steps=3000)
    store = records.write_values(tmp_path, "copy", accuracies("rope", "alibi"), width=32, minutes=5)
    selection = Selection.of(store)
    assert shown(selection, "width") == {32} and shown(selection, "steps") == {600}
    assert [view.spec.budget.steps for view in selection.others(selection.mains[0])] == [3000]
    assert selection.left_out == 0


def test_of_the_latest_run_the_setting_with_most_seeds_then_steps_then_width_is(records, tmp_path: Path) -> None:
    settings = [{"width": 32}, {"width": 128}, {"steps": 1200}, {"steps": 1200, "width": 32}]
    for minutes, setting in enumerate(settings):
        records.write_values(tmp_path, "copy", accuracies("rope", "alibi"), minutes=minutes, **setting)
    store = records.write_values(tmp_path, "copy", accuracies("rope", "alibi", seeds=3), steps=9000)  # an older run
    keys = {(r.spec.model.width, r.spec.budget.steps): [] for r in Selection.of(store).trainings}
    for record in Selection.of(store).trainings:
        keys[record.spec.model.width, record.spec.budget.steps].append(record)
    records.write_run(store, keys[64, 9000])
    records.write_run(store, [*keys[32, 600], *keys[128, 600]], minutes=1)
    records.write_run(
        store, [record for own in keys.values() for record in own if own is not keys[64, 9000]], minutes=2
    )
    selection = Selection.of(store)
    assert (shown(selection, "width"), shown(selection, "steps")) == ({64}, {1200})
    assert len(selection.others(selection.mains[0])) == 4
    records.write_values(tmp_path, "copy", accuracies("rope", "alibi", seeds=3), width=32)
    assert shown(Selection.of(Store(tmp_path)), "width") == {32}  # a setting of that run, which now has more seeds


def test_another_batch_is_no_other_view_but_left_out(records, tmp_path: Path) -> None:
    store = records.write_values(tmp_path, "copy", accuracies("rope", "alibi"))
    for record in Selection.of(store).trainings:
        budget = record.spec.budget.model_copy(update={"batch": 8})
        older = record.created.replace(year=2025)
        other = record.model_copy(update={"spec": record.spec.model_copy(update={"budget": budget}), "created": older})
        store.put(other)
        store.put(records.eval_record(other, 16), records.synthetic_arrays("copy", "rope", 0, 16))
    selection = Selection.of(store)
    assert selection.others(selection.mains[0]) == [] and selection.left_out == 4


def test_each_at_its_best_is_the_main_view_and_the_same_rate_another(records, tmp_path: Path) -> None:
    selection = Selection.of(tuned(records, tmp_path, same_rate=True))
    (panel,) = selection.panels
    own = {(record.spec.encoding.label, record.spec.budget.learning_rate) for record in selection.trained(panel)}
    assert own == set(RATES.items())
    assert panel.setting == selection.sweep["family"].iloc[0]
    (other,) = selection.others(selection.mains[0])
    assert not other.tuned and other.spec.budget.learning_rate == 3e-3
    assert set(other.table["encoding"]) == set(RATES)


def test_settings_that_are_parts_of_each_at_its_best_are_no_views_of_their_own(records, tmp_path: Path) -> None:
    selection = Selection.of(tuned(records, tmp_path))
    assert [view.tuned for view in selection.views] == [True] and selection.left_out == 0


def test_where_an_encoding_lacks_a_rate_the_same_rate_is_the_main_view(records, tmp_path: Path) -> None:
    store = tuned(records, tmp_path, same_rate=True)
    records.write_values(tmp_path, "copy", accuracies("none"), minutes=5)
    selection = Selection.of(store)
    assert shown(selection, "encoding") == {"none", "rope", "alibi"} and shown(selection, "steps") == {600}
    (best,) = selection.others(selection.mains[0])
    assert best.tuned and not best.whole and set(best.table["encoding"]) == set(RATES)


def test_one_encoding_at_its_best_is_no_view_beside_others(records, tmp_path: Path) -> None:
    store = records.write_values(tmp_path, "copy", accuracies("rope", "alibi"))
    records.write_trial(store, "copy", "rope", 1, 0.5)
    assert [view.tuned for view in Selection.of(store).views] == [False]


def test_tables_of_every_setting_join_under_the_panel_that_shows_them(records, tmp_path: Path) -> None:
    selection = Selection.of(tuned(records, tmp_path, same_rate=True))
    joined = selection.of_panels(selection.frame)
    assert set(joined["setting"]) == {selection.panels[0].setting}
    assert set(joined["eval_key"]) == set(selection.shown["eval_key"])


def test_the_snapshot_of_a_report_holds_all_its_settings_and_marks_the_main_one(records, tmp_path: Path) -> None:
    records.write_values(tmp_path, "copy", accuracies("rope", "alibi"), steps=3000)
    store = records.write_values(tmp_path, "copy", accuracies("rope", "alibi"), minutes=5)
    snapshot = Snapshot.of_report(Selection.of(store))
    by_steps = {steps: {row.main for row in snapshot.rows if steps_of(snapshot, row) == steps} for steps in (600, 3000)}
    assert by_steps == {600: {True}, 3000: {False}}


def steps_of(snapshot: Snapshot, row) -> int:
    return snapshot.settings[snapshot.models[row.model].setting].budget.steps
