"""Tuning: the trials of a plan, what they choose, and the stages of a run, with losses that an executor invents."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark import run
from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.reproduce import command_for
from benchmark.experiments.request import Auto, Request, Tune, parse_seeds, parse_tune
from benchmark.experiments.runs import command
from benchmark.experiments.tuning import Trials, at_best, trials_of
from benchmark.reports.tables.tuning import best_rate, tuning_table
from benchmark.results.environment import environment
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

BEST = {"rope": 1.0, "alibi": 3.0, "none": 0.3}  # multiples of the learning rate


@dataclass
class Invented:
    """Invents losses that are lowest at each encoding's best rate; notes how often each model was trained."""

    store: Store
    diverges: frozenset[str] = frozenset()  # encodings whose trials all do
    stops_after: int | None = None  # so many cells
    trained: list[str] = field(default_factory=list)

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        for cell in cells:
            if len(self.trained) == self.stops_after:
                raise KeyboardInterrupt
            self.trained.append(cell.train.key)
            diverged = cell.multiple is not None and cell.train.encoding.name in self.diverges
            self.invent(cell, diverged)
            yield Event(kind="done", cell=cell, status="diverged" if diverged else "ok")

    def invent(self, cell: Cell, diverged: bool) -> None:
        facts = {"created": datetime.now(UTC), "environment": environment("cpu", 1)}
        about = {"spec": cell.train, "task": cell.facts, "multiple": cell.multiple, "train_seconds": 10.0}
        if diverged:
            self.store.put(TrainRecord(**facts, **about, status="diverged", reason="the loss is not finite"))
            return
        self.store.put(TrainRecord(**facts, **about, status="ok"))
        rate = cell.train.budget.learning_rate / 3e-3
        loss = 1.0 + abs(np.log(rate / BEST[cell.train.encoding.name])) + 0.01 * (cell.seed % 10)
        names = {"loss": loss, "correct": 900.0 if cell.train.encoding.name == "rope" else 500.0, "count": 1000.0}
        arrays = {f"row_{name}": np.array([total]) for name, total in names.items()}
        arrays |= {name.replace("loss", "loss_sum"): np.array([total]) for name, total in names.items()}
        for measure in cell.measures:
            for spec in measure.evaluations:
                self.store.put(EvalRecord(**facts, status="ok", spec=spec, chance={"token_accuracy": 0.0}), arrays)


def plan(**asked: object):
    return make_plan(
        Request(**{"preset": "smoke", "tasks": "copy", "encodings": "rope,alibi", "seeds": (0, 1), **asked})
    )


def test_trials_are_the_full_grid_of_what_is_trained_and_look_only_at_the_trained_length() -> None:
    whole = plan(encodings="rope,alibi,yarn,ntk", tasks="copy,corpus")
    trials = trials_of(whole, Tune()).cells
    assert len({cell.train.key for cell in trials}) == len(trials) == 2 * 2 * 3 * 2  # tasks, encodings, rates, seeds
    assert {cell.train.encoding.label for cell in trials} == {"rope", "alibi"}
    assert {cell.train.init_seed for cell in trials} == {10**9, 10**9 + 1}
    assert all(cell.train.is_trial and cell.train.data_seed == cell.seed for cell in trials)
    assert not any(cell.train.is_trial for cell in whole.cells)
    assert {cell.train.budget.learning_rate for cell in trials} == {9e-4, 3e-3, 9e-3}
    for cell in trials:
        (measure,) = cell.measures
        (spec,) = measure.evaluations
        assert spec.length == cell.train.budget.train_length and not measure.probes
        assert spec.train_key == cell.train.key and spec.encoding == cell.train.encoding


def test_the_trials_of_a_method_applied_at_test_time_are_those_of_its_model() -> None:
    (cell, *_) = trials_of(plan(encodings="yarn"), Tune()).cells
    assert cell.train.encoding.label == "rope"
    assert [spec.encoding.label for spec in cell.measures[0].evaluations] == ["rope"]


def test_every_size_and_budget_has_trials_of_its_own() -> None:
    from benchmark.experiments.changes import Changes

    ladder = plan(changes=Changes(width=(32, 64), budgets=(1, 2)))
    trials = trials_of(ladder, Tune(grid=(1.0, 3.0), seeds=1)).cells
    assert len(trials) == 2 * 2 * 2 * 2  # widths, budgets, encodings, rates
    assert len({cell.contest for cell in trials}) == 4


def test_cells_of_a_ladder_are_told_apart_by_their_names() -> None:
    from benchmark.experiments.changes import Changes

    ladder = plan(changes=Changes(width=(32, 64), budgets=(1, 2)))
    (steps, *_) = sorted({cell.train.budget.steps for cell in ladder.cells})
    trials = trials_of(ladder, Tune(grid=(0.3, 1.0), seeds=2)).cells
    for cells in (ladder.cells, trials):
        assert len({cell.label for cell in cells}) == len(cells)
    assert f"copy (width 32, steps {2 * steps}) · alibi · seed 1" in {cell.label for cell in ladder.cells}
    assert f"copy (width 64, steps {steps}) · rope · rate × 0.3 · trial 0" in {cell.label for cell in trials}
    assert {cell.label for cell in plan(encodings="rope").cells} == {"copy · rope · seed 0", "copy · rope · seed 1"}


def test_the_usual_rate_stays_as_it_is_in_its_trial() -> None:
    rate = 0.0012345678901234567  # more digits than a multiple is rounded to
    own = plan(encodings="rope", seeds=(0,))
    (cell,) = own.cells
    budget = cell.train.budget.model_copy(update={"learning_rate": rate})
    exact = cell.model_copy(update={"train": cell.train.model_copy(update={"budget": budget})})
    trials = trials_of(own.model_copy(update={"cells": (exact,)}), Tune(grid=(1.0,), seeds=1)).cells
    assert [trial.train.budget.learning_rate for trial in trials] == [rate]


def test_at_their_best_encodings_keep_their_seeds_lengths_and_contest(tmp_path: Path) -> None:
    usual = plan(encodings="rope,alibi,yarn")
    trials = Trials(trials_of(usual, Tune()), best_rate)
    store = Store(tmp_path)
    list(Invented(store).run(trials.plan.cells, force=False, retry_failed=False))
    (chosen,) = trials.advance(store)
    assert (chosen.trials, chosen.train_seconds) == (12, 120.0)
    best = at_best(usual, trials)
    assert best is not None
    assert {(cell.train.encoding.label, cell.train.budget.learning_rate) for cell in best.cells} == {
        ("rope", 3e-3),
        ("alibi", 9e-3),
    }
    for before, after in zip(usual.cells, best.cells, strict=True):
        assert (before.seed, before.contest) == (after.seed, after.contest)
        for old, new in zip(before.measures, after.measures, strict=True):
            assert [spec.length for spec in old.evaluations] == [spec.length for spec in new.evaluations]
            assert {spec.train_key for spec in new.evaluations} == {after.train.key}
            assert old.label == new.label
    shared = usual.train_keys & best.train_keys
    assert {cell.train.encoding.label for cell in usual.cells if cell.train.key in shared} == {"rope"}


def test_where_trials_are_missing_nothing_is_chosen(tmp_path: Path) -> None:
    usual = plan()
    trials = Trials(trials_of(usual, Tune()), best_rate)
    store = Store(tmp_path)
    assert at_best(usual, trials) is None
    list(Invented(store).run(trials.plan.cells[:-1], force=False, retry_failed=False))
    (chosen,) = trials.advance(store)
    assert {rate.encoding: rate.rate for rate in chosen.rates} == {"rope": 3e-3, "alibi": None}
    assert at_best(usual, trials) is None  # rope stays at its rate, alibi is left out


ASKED = {"tasks": "copy", "preset": "smoke", "seeds": 2, "lengths": (1, 2), "tune": "learning-rate"}


def test_a_run_makes_three_stages_and_the_same_again_does_nothing(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path))
    found = run("rope,alibi", **ASKED, results=tmp_path, executor=executor)
    assert found.failures == []
    assert len(executor.trained) == len(set(executor.trained)) == 12 + 4 + 2  # only alibi has another rate
    frame = found.frame()
    assert set(frame["seed"]) == {0, 1}
    assert frame.groupby("encoding")["setting"].nunique().to_dict() == {"rope": 1, "alibi": 2}
    table = tuning_table(found.store)
    assert dict(zip(table["encoding"][table["chosen"]], table["multiple"][table["chosen"]], strict=True)) == {
        "rope": 1.0,
        "alibi": 3.0,
    }
    (note,) = Store(tmp_path).runs()
    assert note.cells == 18 == len(note.train_keys)
    assert {rate.encoding: (rate.usual, rate.grid, rate.rate) for rate in note.rates} == {
        "rope": (3e-3, [9e-4, 3e-3, 9e-3], 3e-3),
        "alibi": (3e-3, [9e-4, 3e-3, 9e-3], 9e-3),
    }
    run("rope,alibi", **ASKED, results=tmp_path, executor=executor)
    assert len(executor.trained) == 18 and len(Store(tmp_path).runs()) == 1


@pytest.mark.parametrize("stops_after", [5, 13, 17])  # in each stage
def test_an_interrupted_run_computes_nothing_twice(tmp_path: Path, stops_after: int) -> None:
    first, second = Invented(Store(tmp_path), stops_after=stops_after), Invented(Store(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        run("rope,alibi", **ASKED, results=tmp_path, executor=first)
    run("rope,alibi", **ASKED, results=tmp_path, executor=second)
    both = first.trained + second.trained
    assert len(both) == len(set(both)) == 18


def test_force_computes_a_cell_of_two_stages_once(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path))
    for _ in range(2):
        run("rope,alibi", **ASKED, results=tmp_path, executor=executor, force=True)
    assert len(executor.trained) == 2 * 18


def test_a_wider_grid_adds_only_its_own_trials(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path))
    run("rope,alibi", **ASKED, results=tmp_path, executor=executor)
    run("rope,alibi", **{**ASKED, "tune": "learning-rate=0.3,1,3,10"}, results=tmp_path, executor=executor)
    assert len(executor.trained) == 18 + 2 * 2


def test_trials_that_diverge_are_an_outcome_and_leave_the_encoding_out_at_its_best(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path), diverges=frozenset({"alibi"}))
    found = run("rope,alibi,none", **ASKED, results=tmp_path, executor=executor)
    assert found.failures == []
    assert len(executor.trained) == 18 + 6 + 2  # none at 0.3
    assert {rate.encoding: rate.rate for rate in Store(tmp_path).runs()[0].rates}["alibi"] is None
    shown = CliRunner().invoke(main, ["status", "--results", str(tmp_path)]).stdout
    assert "trials of learning rates" in shown and "retry" not in shown


def test_automatic_seeds_come_in_rounds_in_both_comparisons(tmp_path: Path) -> None:
    executor = Invented(Store(tmp_path))
    asked = {**ASKED, "seeds": "auto", "preset": "quick"}
    found = run("rope,alibi", **asked, results=tmp_path, executor=executor)
    rates = found.frame().groupby(["encoding", "setting"])["seed"].nunique()
    assert rates.to_dict() and set(rates) == {6} and len(rates) == 3
    assert len(executor.trained) == 12 + 12 + 6
    assert [[share.seeds for share in each.shares] for each in Store(tmp_path).runs()[0].rounds] == [
        [list(range(6))]
    ] * 2


OPTIONS = [
    "run",
    "--encodings",
    "rope,alibi",
    "--tasks",
    "copy",
    "--preset",
    "smoke",
    "--seeds",
    "2",
    "--lengths",
    "1,2",
]


def invoke(folder: Path, *options: str) -> list[str]:
    arguments = [
        *OPTIONS,
        "--results",
        str(folder),
        "--out",
        str(folder / "report"),
        "--tune",
        "learning-rate",
        *options,
    ]
    outcome = CliRunner().invoke(main, arguments, obj=Invented(Store(folder)), catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout.splitlines()


def test_the_command_line_says_what_each_stage_does_and_what_was_chosen(tmp_path: Path) -> None:
    lines = [line for line in invoke(tmp_path, "--display", "plain", "--no-report") if not line.startswith("[")]
    assert lines[:-1] == [
        "trials: 12 cells",
        "copy: best learning rates: rope 0.003, alibi 0.009 (× 3, highest tried); 12 trials, 2 min of training",
        "same rate for all: 4 cells",
        "each at its best: 2 cells",
    ]
    (chosen, nothing) = invoke(tmp_path, "--display", "plain", "--no-report")
    assert chosen == lines[1] and nothing == "nothing to do: everything is there"


def test_a_dry_run_shows_the_trials_and_what_they_have_chosen(tmp_path: Path) -> None:
    lines = invoke(tmp_path, "--dry-run")
    assert [line for line in lines if line.endswith(":")] == ["trials:", "same rate for all:"]
    assert sum(line.endswith("to train") for line in lines) == 2 * 3 + 2  # encodings and rates, seeds together
    assert sum("trial 0 to 1" in line for line in lines) == 6
    assert lines[-1].startswith("each at its best: the same comparison again")
    invoke(tmp_path, "--display", "none", "--no-report")
    lines = invoke(tmp_path, "--dry-run")
    assert any(line.startswith("copy: best learning rates: rope 0.003, alibi 0.009") for line in lines)
    assert [line for line in lines if line.endswith(":")] == ["trials:", "same rate for all:", "each at its best:"]
    assert not any(line.endswith("to train") for line in lines)


def test_programs_get_the_stages_and_the_choice(tmp_path: Path) -> None:
    events = [json.loads(line) for line in invoke(tmp_path, "--display", "json", "--no-report")]
    assert [(event["stage"], event["cells"]) for event in events if event["event"] == "round"] == [
        ("trials", 12),
        ("same rate for all", 4),
        ("each at its best", 2),
    ]
    (choice,) = [event for event in events if event["event"] == "choice"]
    assert choice == {
        "event": "choice",
        "task": "copy",
        "train_length": 16,
        "rates": {"rope": 3e-3, "alibi": 9e-3},
        "usual": 3e-3,
        "grid": [9e-4, 3e-3, 9e-3],
        "trials": 12,
        "train_seconds": 120.0,
    }


def test_status_and_list_keep_trials_apart(tmp_path: Path) -> None:
    invoke(tmp_path, "--display", "none", "--no-report")
    ask = lambda *words: CliRunner().invoke(main, [*words, "--results", str(tmp_path), "--format", "json"]).stdout  # noqa: E731
    cells = {row["encoding"]: row for row in json.loads(ask("status"))["cells"]}
    assert [(cells[name]["ok"], cells[name]["trials"], cells[name]["evaluations"]) for name in ("rope", "alibi")] == [
        (2, 6, 4),
        (4, 6, 8),
    ]
    shown = CliRunner().invoke(main, ["status", "--results", str(tmp_path)]).stdout
    assert "6 cells and 12 trials of learning rates in" in shown
    assert {row["seed"] for row in json.loads(ask("list", "results"))} == {0, 1}


def test_a_configuration_file_asks_for_the_same(tmp_path: Path) -> None:
    (tmp_path / "asked.toml").write_text('tune = "learning-rate=0.5,1"\n')
    arguments = [*OPTIONS, "--config", str(tmp_path / "asked.toml"), "--results", str(tmp_path / "r"), "--no-report"]
    executor = Invented(Store(tmp_path / "r"))
    assert CliRunner().invoke(main, arguments, obj=executor, catch_exceptions=False).exit_code == 0
    (note,) = Store(tmp_path / "r").runs()
    assert note.command.endswith("--lengths 1,2 --tune learning-rate=0.5,1")


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("learning-rate", (0.3, 1.0, 3.0)),
        ("learning-rate=3,0.1,0.3,1", (0.1, 0.3, 1.0, 3.0)),
        ("learning-rate=0.5, 2", (0.5, 1.0, 2.0)),  # the task's own rate is always among them
    ],
)
def test_a_sweep_is_spelled_as_it_is_read(text: str, grid: tuple[float, ...]) -> None:
    assert parse_tune(text).grid == grid
    assert parse_tune(str(parse_tune(text))) == parse_tune(text)


BAD = [
    "",
    "rate",
    "learning-rate=",
    "learning-rate=3",
    "learning-rate=1,1.0",
    "learning-rate=0,1",
    "learning-rate=-1,1",
]


@pytest.mark.parametrize(
    "text", [*BAD, "learning-rate=nan,1", "learning-rate=1,inf", "learning-rate=1,,3", "steps=1,2"]
)
def test_a_bad_sweep_is_one_clear_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--tune is .*, but must be learning-rate, or learning-rate=0.1,0.3,1,3"):
        run("rope", results=tmp_path, tune=text)


@pytest.mark.parametrize("text", ["1000000000,", "0,1000000001"])
def test_tuning_seeds_cannot_be_asked_for(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="each number must be from 0 to 999999999"):
        parse_seeds(text)
    with pytest.raises(UsageError, match="each number must be from 0 to 999999999"):
        run("rope", seeds=[10**9], results=tmp_path)


def test_commands_know_the_sweep(tmp_path: Path) -> None:
    assert command(Request(encodings="rope", seeds=Auto(), tune=Tune())).endswith("--seeds auto --tune learning-rate")
    executor = Invented(Store(tmp_path))
    run("rope,alibi", **{**ASKED, "tune": "learning-rate=0.3,1"}, results=tmp_path, executor=executor)
    assert command_for(Store(tmp_path)) == (
        "python -m benchmark run --encodings alibi,rope --tasks copy --preset smoke --seeds 0,1 --lengths 1,2 "
        "--tune learning-rate=0.3,1"
    )


def test_a_tuned_run_trains_for_real_and_reports(tmp_path: Path) -> None:
    asked = {"tasks": "copy", "preset": "smoke", "seeds": 1, "lengths": (1, 2), "steps": 3}
    found = run("rope,alibi", **asked, tune="learning-rate=1,3", results=tmp_path, device="cpu", workers=1)
    assert found.failures == []
    table = tuning_table(found.store)
    assert len(table) == 4 and table.groupby("encoding")["chosen"].sum().tolist() == [1, 1]
    assert set(found.frame()["seed"]) == {0}
