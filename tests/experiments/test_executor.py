"""The interface between a plan and whatever runs its cells: two executors other than the pool."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark import run
from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.experiments.cell import run_cell
from benchmark.experiments.executor import Event, Executor
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Round, Rounds
from benchmark.experiments.runs import execute, went_wrong
from benchmark.results.environment import environment
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

SMALL = {"preset": "smoke", "tasks": "offset-recall", "lengths": (1, 2), "seeds": 1}
OPTIONS = ["--preset", "smoke", "--tasks", "offset-recall", "--lengths", "1,2", "--seeds", "1", "--no-report"]


@dataclass
class InProcess:
    """Runs one cell after another in this process, as a worker does."""

    store: Store
    asked: list[tuple[bool, bool]] = field(default_factory=list)

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        self.asked.append((force, retry_failed))
        since = datetime.now(UTC) if retry_failed else None
        for cell in cells:
            yield Event(kind="started", cell=cell)
            status = run_cell(cell, self.store, "cpu", lambda *_, **__: None, force=force, retry_since=since)
            yield Event(kind="done", cell=cell, status=status)


@dataclass
class Broken:
    """Records that every cell failed."""

    store: Store

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        for cell in cells:
            facts = {"created": datetime.now(UTC), "environment": environment("cloud", 1)}
            self.store.put(
                TrainRecord(**facts, status="failed", reason="no node left", spec=cell.train, task=cell.facts)
            )
            yield Event(kind="done", cell=cell, status="failed", reason="no node left")


def test_any_executor_does_the_cells_of_a_plan(tmp_path: Path) -> None:
    store = Store(tmp_path)
    executor: Executor = InProcess(store)
    plan = make_plan(Request(encodings="rope", preset="smoke", tasks="offset-recall", seeds=(0,), multiples=(1, 2)))
    first, *events = execute([Rounds(plan)], store, executor)
    assert isinstance(first, Round) and list(first.todo) == list(plan.cells) and not first.automatic
    assert [(event.kind, event.status) for event in events] == [("started", None), ("done", "ok")]
    assert went_wrong(plan, store) == []
    assert outstanding(plan, store) == []
    assert [(run.cells, run.rounds) for run in store.runs()] == [(1, [])]


def test_the_interface_takes_any_executor_and_the_pool_finds_its_work_done(tmp_path: Path) -> None:
    executor = InProcess(Store(tmp_path))
    found = run("rope,alibi", **SMALL, results=tmp_path, executor=executor, force=True)
    assert found.failures == []
    assert executor.asked == [(True, False)]
    assert [record.status for record in found.store.records() if isinstance(record, EvalRecord)] == ["ok"] * 4
    events: list[Event] = []
    assert run("rope,alibi", **SMALL, results=tmp_path, on_event=events.append).failures == []
    assert events == []


def test_cells_that_an_executor_records_as_failed_are_reported(tmp_path: Path) -> None:
    found = run("rope", **SMALL, results=tmp_path, executor=Broken(Store(tmp_path)))
    assert found.failures == ["offset-recall · rope · seed 0: failed: no node left"]


def test_the_command_line_takes_any_executor(tmp_path: Path) -> None:
    options = ["run", *OPTIONS, "--encodings", "rope", "--results", str(tmp_path)]
    outcome = CliRunner().invoke(main, options, obj=Broken(Store(tmp_path)))
    assert outcome.exit_code == 1
    assert "offset-recall · rope · seed 0: failed: no node left" in outcome.stdout
    assert outcome.stderr == "offset-recall · rope · seed 0: failed: no node left\n"
    outcome = CliRunner().invoke(main, [*options, "--retry-failed"], obj=InProcess(Store(tmp_path)))
    assert outcome.exit_code == 0


@pytest.mark.parametrize("setting", [{"workers": 2}, {"device": "cpu"}, {"cell_timeout": 9.0}])
def test_settings_of_the_pool_are_refused_with_another_executor(tmp_path: Path, setting: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(setting))} configures the pool or Ray"):
        run("rope", **SMALL, results=tmp_path, executor=InProcess(Store(tmp_path)), **setting)
