"""Two snapshots made by hand: each verdict, each reason for not comparing, and how often a comparison errs."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchmark.reports.compare.changes import Change, Comparison, compare
from benchmark.reports.compare.snapshot import MeasuredRow, Model, Setting, Snapshot
from benchmark.results.record import Environment
from benchmark.results.spec import BudgetSpec, EncodingSpec, ModelSpec, TaskSpec

HERE = Environment(
    benchmark="0.1.0", python="3.11.9", torch="2.13.0", platform="Linux", processor="A", device="cpu", threads=1
)
ELSEWHERE = HERE.model_copy(update={"processor": "B", "threads": 2})
RISING = [0.50, 0.52, 0.54, 0.56, 0.58, 0.60, 0.62]


def snapshot(
    values: dict[str, list[float | None]],
    *,
    seeds: list[int] | None = None,
    data_seed: int | None = None,
    place: Environment = HERE,
    metric: str = "token_accuracy",
    task: str = "copy",
    steps: int = 600,
    width: int = 64,
    version: int = 1,
    train_length: int = 16,
    length: int = 16,
    fingerprint: str = "11111111aaaa",
    parameters: dict | None = None,
    seconds: float = 2.0,
) -> Snapshot:
    """One task and length: values by encoding, a seed each; None is diverged in measuring."""
    task_spec = TaskSpec(name=task, fingerprint="22222222", label=task, version=version)
    budget = BudgetSpec(train_length=train_length, steps=steps, batch=32, learning_rate=1e-3, warmup_steps=7)
    model = ModelSpec(width=width, heads=4, layers=2)
    models, rows = [], []
    for number, (name, own) in enumerate(values.items()):
        for seed, value in zip(seeds or range(len(own)), own, strict=True):
            told = {"setting": 0, "encoding": number, "environment": 0, "status": "ok", "train_seconds": seconds}
            models.append(Model(**told, init_seed=seed, data_seed=seed if data_seed is None else data_seed))
            names = {"task": task, "encoding": name, "trained_with": name, "seed": seed, "train_length": train_length}
            status = "diverged" if value is None else "ok"
            row = {"length": length, "metric": metric, "value": value, "status": status, "applied": number}
            rows.append(MeasuredRow(**names, **row, model=len(models) - 1))
    return Snapshot(
        settings=[Setting(protocol=1, task=task_spec, model=model, budget=budget, precision="float32")],
        encodings=[
            EncodingSpec(name=name, label=name, fingerprint=fingerprint, parameters=parameters or {}) for name in values
        ],
        environments=[place],
        models=models,
        rows=rows,
    )


def moved(by: float) -> list[float]:
    return [value + by + (index - 3) * 0.001 for index, value in enumerate(RISING)]


def only(found: Comparison) -> Change:
    (change,) = found.changes
    return change


def test_bit_equal_values_are_identical_and_no_comparison() -> None:
    found = compare(snapshot({"rope": RISING}), snapshot({"rope": RISING}, place=ELSEWHERE))
    assert (only(found).verdict, only(found).effect.value, found.family) == ("identical", 0.0, 0)


def test_a_clean_sweep_of_seven_seeds_is_shown_with_the_interval_of_the_median() -> None:
    change = only(compare(snapshot({"rope": RISING}), snapshot({"rope": moved(-0.2)}, place=ELSEWHERE)))
    # Differences of -.203, -.202 .. -.197; of seven values, lowest to highest covers the median with 1 - 2 / 2 ** 7.
    assert (change.effect.low, change.effect.high) == pytest.approx((-0.203, -0.197))
    assert (change.first, change.second, change.effect.value) == pytest.approx((0.56, 0.36, -0.2))
    assert (change.duel.wins, change.duel.losses, change.effect.covers) == (7, 0, "95 %")
    assert (change.verdict, change.regressed(None), change.regressed(0.3)) == ("worse", True, False)


def test_one_seed_that_disagrees_leaves_it_open_until_ten() -> None:
    first, values = [0.5] * 10, [0.6] + [0.4] * 9
    assert only(compare(snapshot({"rope": first}), snapshot({"rope": values}, place=ELSEWHERE))).verdict == "worse"
    nine = compare(snapshot({"rope": first[:9]}), snapshot({"rope": values[:9]}, place=ELSEWHERE))
    assert (only(nine).verdict, only(nine).duel.more_seeds) == ("not shown", 1)


def test_a_loss_turns_round() -> None:
    first, second = (snapshot({"rope": own}, metric="loss_nats") for own in (RISING, moved(-0.2)))
    assert only(compare(first, second)).verdict == "better"
    assert only(compare(second, first)).verdict == "worse"


def test_everything_whose_values_differ_is_judged_together() -> None:
    names = ["rope", "alibi", "none", "t5"]
    first = snapshot({name: RISING for name in names} | {"same": RISING})
    second = snapshot({name: moved(-0.2) for name in names} | {"same": RISING}, place=ELSEWHERE)
    found = compare(first, second)
    assert (found.family, found.fewest) == (4, 8)  # 2 / 2 ** 8 <= .05 / 4 < 2 / 2 ** 7
    verdicts = {change.encoding: (change.verdict, change.duel.more_seeds) for change in found.changes}
    assert {verdicts[name] for name in names} == {("not shown", 1)}
    assert verdicts["same"][0] == "identical"


@pytest.mark.parametrize(
    ("second", "place", "verdict"),
    [
        ([0.4, 0.42], HERE, "worse on these seeds"),
        ([0.6, 0.62], HERE, "better on these seeds"),
        ([0.4, 0.42], ELSEWHERE, "not shown"),  # rounding
        ([0.4, 0.53], HERE, "not shown"),  # one seed each way
        ([0.4, 0.52], HERE, "not shown"),  # one seed stays
        ([0.49, 0.505], HERE, "not shown"),  # within the margin of .02
    ],
)
def test_too_few_seeds_to_show_anything_are_judged_each_where_rounding_is_the_same(second, place, verdict) -> None:
    change = only(compare(snapshot({"rope": [0.5, 0.52]}), snapshot({"rope": second}, place=place)))
    assert change.verdict == verdict
    assert change.regressed(None) == (verdict == "worse on these seeds")


def test_on_another_machine_the_few_seeds_count_with_a_margin_that_was_asked_for() -> None:
    first, second = snapshot({"rope": [0.5, 0.52]}), snapshot({"rope": [0.4, 0.42]}, place=ELSEWHERE)
    change = only(compare(first, second))
    assert (change.verdict, change.moved(None), change.regressed(None)) == ("not shown", True, False)
    assert only(compare(first, second, 0.05)).verdict == "worse on these seeds"
    assert only(compare(first, second, 0.15)).verdict == "not shown"


def test_the_margin_asked_for_is_the_one_that_counts() -> None:
    first, second = snapshot({"rope": [0.5, 0.52]}), snapshot({"rope": [0.49, 0.505]})
    assert only(compare(first, second, 0.01)).verdict == "worse on these seeds"
    assert only(compare(first, second, 0.013)).verdict == "not shown"


def test_a_single_seed_is_told_without_an_interval() -> None:
    change = only(compare(snapshot({"rope": [0.5]}), snapshot({"rope": [0.25]})))
    assert (change.verdict, change.effect.value) == ("worse on these seeds", -0.25)
    assert math.isnan(change.effect.low) and change.effect.covers == ""


def test_few_seeds_have_the_lowest_and_the_highest_difference() -> None:
    effect = only(compare(snapshot({"rope": [0.5] * 5}), snapshot({"rope": [0.1, 0.2, 0.3, 0.4, 0.6]}))).effect
    assert (effect.value, effect.low, effect.high) == pytest.approx((-0.2, -0.4, 0.1))
    assert effect.covers == "lowest to highest"


def test_a_seed_that_collapsed_counts_on_one_machine_though_the_median_is_within_the_margin() -> None:
    after = [value - 0.01 for value in RISING[:6]] + [0.1]
    for place, regressed in ((HERE, True), (ELSEWHERE, False)):
        change = only(compare(snapshot({"rope": RISING}), snapshot({"rope": after}, place=place)))
        assert (change.verdict, change.effect.value) == ("worse", pytest.approx(-0.01))
        assert change.regressed(None) == regressed


def test_without_common_seeds_there_is_no_comparison() -> None:
    for settings in ({"seeds": [10, 11, 12]}, {"data_seed": 77}):  # other initialisations; other data
        found = compare(snapshot({"rope": RISING}), snapshot({"rope": [0.1, 0.13, 0.15]}, **settings))
        assert found.changes == ()
        assert [(each.why, each.encodings) for each in found.obstacles] == [("no common seeds", ("rope",))]


def test_without_common_seeds_at_one_length_the_others_are_compared() -> None:
    def two_lengths(long_seed: int) -> Snapshot:
        side = snapshot({"rope": [0.5, 0.6]})
        long = side.rows[long_seed].model_copy(update={"length": 64})
        return side.model_copy(update={"rows": [*side.rows, long]})

    found = compare(two_lengths(0), two_lengths(1))
    assert [(change.length, change.verdict) for change in found.changes] == [(16, "identical")]
    assert [each.why for each in found.obstacles] == ["no common seeds at length 64"]


def test_common_seeds_are_compared_and_the_others_named() -> None:
    found = compare(snapshot({"rope": RISING}), snapshot({"rope": RISING[2:]}, seeds=[2, 3, 4, 5, 6]))
    assert (only(found).verdict, only(found).duel.n) == ("identical", 5)
    assert [(each.why, each.encodings) for each in found.obstacles] == [("only FIRST has the seeds 0, 1", ("rope",))]


def test_a_value_that_is_gone_is_lost_whatever_the_seeds() -> None:
    change = only(compare(snapshot({"rope": [0.5, 0.5]}), snapshot({"rope": [0.5, None]}, place=ELSEWHERE)))
    assert (change.verdict, change.lost, change.regressed(1e9)) == ("lost", "diverged", True)
    back = only(compare(snapshot({"rope": [None, 0.4]}), snapshot({"rope": [0.5, 0.41]}, place=ELSEWHERE)))
    assert (back.verdict, back.gained, back.regressed(0)) == ("gained", "diverged", False)
    neither = only(compare(snapshot({"rope": [None]}), snapshot({"rope": [None]})))
    assert (neither.verdict, neither.regressed(0)) == ("no value", False)


def test_a_training_that_diverged_loses_the_values_at_every_length() -> None:
    first, second = snapshot({"rope": [0.5, 0.6]}), snapshot({"rope": [0.5, 0.6]})
    diverged = second.models[1].model_copy(update={"status": "diverged"})
    second = second.model_copy(update={"models": [second.models[0], diverged], "rows": second.rows[:1]})
    change = only(compare(first, second))
    assert (change.verdict, change.lost, change.duel.n) == ("lost", "diverged", 1)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"steps": 1200}, "steps 600 and 1200"),
        ({"width": 128, "version": 2}, "width 64 and 128, version of the task 1 and 2"),
        ({"train_length": 32}, "L 16 and 32"),
        ({"parameters": {"base": 5}}, "base none and 5"),
        ({"metric": "exact_match"}, "metric token_accuracy and exact_match"),
    ],
)
def test_what_is_described_otherwise_is_not_compared_and_the_fields_are_named(other, why) -> None:
    found = compare(snapshot({"rope": RISING, "none": RISING}), snapshot({"rope": RISING, "none": RISING}, **other))
    assert found.changes == ()
    assert [(each.why, each.task, each.encodings) for each in found.obstacles] == [(why, "copy", ("none", "rope"))]


def test_what_only_one_side_has_is_named() -> None:
    found = compare(snapshot({"rope": RISING, "t5": RISING}), snapshot({"rope": RISING, "pope": RISING}))
    assert [(each.why, each.encodings) for each in found.obstacles] == [
        ("only in SECOND", ("pope",)),
        ("only in FIRST", ("t5",)),
    ]
    found = compare(snapshot({"rope": RISING}), snapshot({"rope": RISING}, length=32))
    assert [each.why for each in found.obstacles] == [
        "only FIRST has the length 16",
        "only SECOND has the length 32",
    ]


def test_another_source_of_an_encoding_is_compared_and_named() -> None:
    found = compare(snapshot({"rope": RISING}), snapshot({"rope": RISING}, fingerprint="33333333bbbb"))
    assert only(found).verdict == "identical"
    assert found.sources == ("rope (11111111 and 33333333)",)


def test_an_adapted_encoding_is_named_for_its_own_source_and_its_base_for_the_other() -> None:
    sides = []
    for source in ("33333333", "44444444"):
        side = snapshot({"rope": RISING, "pi": RISING})
        rows = [
            row.model_copy(update={"trained_with": "rope", "model": 0} if row.encoding == "pi" else {})
            for row in side.rows
        ]
        changed = side.encodings[0].model_copy(update={"fingerprint": source})
        sides.append(side.model_copy(update={"rows": rows, "encodings": [changed, side.encodings[1]]}))
    found = compare(*sides)
    assert [(change.name, change.verdict) for change in found.changes] == [
        ("pi (on rope)", "identical"),
        ("rope", "identical"),
    ]
    assert found.sources == ("rope (33333333 and 44444444)",)


def test_training_times_compare_on_the_same_machine_alone() -> None:
    first = snapshot({"rope": RISING[:3]}, seconds=2.0)
    (speed,) = compare(first, snapshot({"rope": RISING[:3]}, seconds=3.0)).speed
    assert (speed.ratio.value, speed.ratio.n, speed.ratio.covers) == (pytest.approx(1.5), 3, "lowest to highest")
    found = compare(first, snapshot({"rope": RISING[:3]}, place=ELSEWHERE))
    assert found.speed == ()
    assert [each.why for each in found.obstacles] == ["training time: processor A and B, threads 1 and 2"]


def test_the_ratio_of_training_times_is_a_median_with_its_interval() -> None:
    first, second = snapshot({"rope": RISING}, seconds=2.0), snapshot({"rope": RISING})
    slower = [model.model_copy(update={"train_seconds": float(each)}) for each, model in enumerate(second.models, 2)]
    (speed,) = compare(first, second.model_copy(update={"models": slower})).speed
    ratio = speed.ratio  # 1, 1.5 .. 4
    assert (ratio.value, ratio.low, ratio.high, ratio.covers) == (2.5, 1.0, 4.0, "95 %")


def outcomes(shape: str, seeds: int, rng: np.random.Generator) -> list[float]:
    if shape == "bimodal":
        return [float(value) for value in np.where(rng.random(seeds) < 0.8, 0.98, 0.1) + rng.normal(0, 0.005, seeds)]
    return [float(value) for value in rng.random(seeds)]


@pytest.mark.parametrize("shape", ["uniform", "bimodal"])
@pytest.mark.parametrize("seeds", [3, 8, 10, 14])
def test_with_nothing_changed_few_families_of_twelve_say_better_or_worse(shape: str, seeds: int) -> None:
    """12 comparisons on two machines, none of which changed: at most 5 % of families say so of any."""
    rng = np.random.default_rng(seeds)
    names, families, alarms = [f"e{number}" for number in range(12)], 100, 0
    for _ in range(families):
        sides = [
            snapshot({name: outcomes(shape, seeds, rng) for name in names}, place=place) for place in (HERE, ELSEWHERE)
        ]
        changes = compare(*sides).changes
        assert len(changes) == 12
        alarms += any(change.verdict in ("better", "worse") for change in changes)
    assert stats.binomtest(alarms, families, 0.05, alternative="greater").pvalue > 1e-3
    assert alarms == 0 or seeds >= 10  # 12 comparisons: nothing is shown below 9 seeds


def test_looking_after_every_seed_errs_no_more_often() -> None:
    """The walk of 12 comparisons from 1 to 20 seeds: what was shown once counts, whatever comes later."""
    rng = np.random.default_rng(0)
    families, alarms = 500, 0
    blank = Change(task="", trained_with="", encoding="", train_length=1, length=1, metric="token_accuracy", pairs=12)
    for family in rng.normal(size=(families, 12, 20)):
        changes = [replace(blank, differences=tuple(own.tolist())) for own in family]
        alarms += any(change.duel.winner is not None for change in changes)
    assert 0 < alarms / families <= 0.05
