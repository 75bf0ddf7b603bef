"""User code in a run: edits between and during runs, standard input, endless loops, packages that fail on import."""

from pathlib import Path

import pytest

from benchmark import run
from benchmark.errors import UsageError
from benchmark.experiments import pool, process
from benchmark.experiments.cell import refuse_bad_values, run_cell
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.results.store import Store
from benchmark.standard_input import REASON

SMALL = {"preset": "smoke", "tasks": "offset-recall", "lengths": (1,), "seeds": 1, "workers": 1}
ENCODING = """
import os, pdb, sys
{head}
from benchmark.encodings.encoding import Encoding


class Mine(Encoding):
    name = "{name}"
    title = "T"
    source = "https://example.org"
    acts = "rotation"
    past = "defined"

    def __init__(self, shape, *, strength: float = 0.5):
        super().__init__(shape)
        self.strength = strength
        {init}

    def rotate(self, q, k, site):
        {body}
        return q, k
"""
TASK = """
from benchmark.tasks.copy import Copy


class Mine(Copy):
    name = "mine"

    def sample(self, *given, **named):
        input("Continue? ")
"""


def encoding(folder: Path, name: str = "mine", head: str = "", init: str = "pass", body: str = "pass") -> Path:
    path = folder / f"{name}.py"
    path.write_text(ENCODING.format(name=name, head=head, init=init, body=body))
    return path


SEEN = 'raise RuntimeError(f"seen: {self.strength} {helper.VALUE} code")'


def test_an_edit_between_two_runs_of_one_process_reaches_the_workers(tmp_path: Path) -> None:
    """A default, code and a sibling: each edit makes a new cell, and its worker sees what is in the files."""
    path, helper, results = encoding(tmp_path, head="import helper", body=SEEN), tmp_path / "helper.py", tmp_path / "r"
    helper.write_text("VALUE = 1\n")
    edits = [(path, "0.5", "0.7"), (path, "code", "edit"), (helper, "1", "2"), (path, "0.7", "0.5")]
    seen = [run(str(path), **SMALL, results=results).failures]
    for file, before, after in edits:
        file.write_text(file.read_text().replace(before, after))
        seen.append(run(str(path), **SMALL, results=results).failures)
    told = ["0.5 1 code", "0.7 1 code", "0.7 1 edit", "0.7 2 edit", "0.5 2 edit"]
    label = "offset-recall · mine · seed 0: failed: RuntimeError: seen: "
    assert seen == [[label + text] for text in told]
    assert len({record.spec.key for record in Store(results).records()}) == len(told)


def test_an_encoding_that_exits_when_it_is_built_is_refused_by_its_reason() -> None:
    def exits() -> None:
        raise SystemExit(0)

    with pytest.raises(UsageError, match="SystemExit: 0"):
        refuse_bad_values(exits)


def test_an_encoding_that_takes_its_worker_with_it_is_named(tmp_path: Path) -> None:
    path = encoding(tmp_path, init="os._exit(3)")
    with pytest.raises(ChildProcessError, match=r"exit code 3; it was building the encoding .*mine.py for "):
        run(str(path), **SMALL, results=tmp_path / "r")


def test_an_edit_during_a_run_fails_the_cells_that_are_left(tmp_path: Path) -> None:
    path, store = encoding(tmp_path), Store(tmp_path / "r")
    (cell,) = make_plan(
        Request(encodings=str(path), preset="smoke", tasks="offset-recall", seeds=(0,), multiples=(1,))
    ).cells
    path.write_text(path.read_text().replace("0.5", "0.7"))
    assert run_cell(cell, store, "cpu", lambda *_, **__: None) == "failed"
    record = store.train(cell.train.key)
    assert record is not None and record.reason is not None
    assert "mine.py was edited after this run began: start the same command again" in record.reason


def test_a_file_that_vanishes_during_a_run_is_a_failed_cell(tmp_path: Path) -> None:
    path, store = tmp_path / "mine.py", Store(tmp_path / "r")
    path.write_text(TASK)
    plan = make_plan(Request(encodings="rope", preset="smoke", tasks=str(path), seeds=(0,), multiples=(1,)))
    path.unlink()
    (event,) = (event for event in _without_check(store, plan.cells) if event.kind == "done")
    assert event.status == "failed"
    assert event.reason is not None and event.reason.startswith("no file ")
    assert store.train(plan.cells[0].train.key) is not None


def _without_check(store: Store, cells):
    unchecked = pool.Pool(store=store, workers=1)
    unchecked._check = lambda cells: None
    return unchecked.run(cells)


READS = {
    "breakpoint": "breakpoint()",
    "pdb": "pdb.set_trace()",
    "input": 'input("Continue? ")',
    "read": "sys.stdin.read()",
    "lines": "list(sys.stdin)",
    "bytes": "sys.stdin.buffer.read()",
}


def test_code_that_reads_standard_input_fails_with_that_reason_and_the_rest_go_on(tmp_path: Path) -> None:
    files = [encoding(tmp_path, name, body=body) for name, body in READS.items()]
    files.append(encoding(tmp_path, "descriptor", body="assert os.read(0, 1) == b''"))
    found = run([*map(str, files), "rope"], **SMALL, results=tmp_path / "r")
    assert found.failures == [f"offset-recall · {name} · seed 0: failed: NoInputError: {REASON}" for name in READS]


STOP = "type('Stop', (BaseException,), {})"
ENDS = {
    "hook": (f"raise {STOP}('enough')", "Stop: enough"),
    "interrupt": ("raise KeyboardInterrupt('mine')", "KeyboardInterrupt: mine"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
}


def test_code_that_would_end_its_process_fails_its_cell_and_the_rest_go_on(tmp_path: Path) -> None:
    files = [encoding(tmp_path, name, body=body) for name, (body, _) in ENDS.items()]
    found = run([*map(str, files), "rope"], **SMALL, results=tmp_path / "r")
    assert found.failures == [f"offset-recall · {name} · seed 0: failed: {why}" for name, (_, why) in ENDS.items()]


@pytest.mark.parametrize("where", ["head", "init"])
@pytest.mark.parametrize(("code", "why"), ENDS.values(), ids=ENDS)
def test_code_that_would_end_the_check_of_the_plan_is_refused(tmp_path: Path, where: str, code: str, why: str) -> None:
    path = encoding(tmp_path, **{where: code})
    with pytest.raises(UsageError, match=why):
        run(str(path), **SMALL, results=tmp_path / "r")


@pytest.mark.slow
def test_a_task_that_reads_standard_input_fails_with_that_reason(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(TASK)
    found = run("rope", **{**SMALL, "tasks": str(path)}, results=tmp_path / "r")
    assert found.failures == [f"mine · rope · seed 0: failed: NoInputError: {REASON}"]


@pytest.mark.parametrize("where", ["head", "init"])
def test_reading_standard_input_while_the_plan_is_checked_is_refused(tmp_path: Path, where: str) -> None:
    path = encoding(tmp_path, **{where: "input()"})
    with pytest.raises(UsageError, match=r"reads standard input, which workers do not have: remove input\(\)"):
        run(str(path), **SMALL, results=tmp_path / "r")


@pytest.mark.slow
def test_an_endless_loop_while_the_plan_is_checked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE_SECONDS", 12.0)
    path = encoding(tmp_path, init="while True: pass")
    with pytest.raises(UsageError) as caught:
        run(f"rope,{path}", **SMALL, results=tmp_path / "r")
    assert str(caught.value) == (
        f"building the encoding {path} for offset-recall took longer than 12 seconds: does its code block, or loop for "
        "ever? If it is only slow, allow more with --cell-timeout"
    )


@pytest.mark.slow
def test_a_package_that_fails_on_import_fails_its_own_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding(tmp_path, "uc_failing", head="raise RuntimeError('no licence')")
    about = tmp_path / "uc_failing-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: uc-failing\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[position_encodings]\nuc_failing = uc_failing:Mine\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (failure,) = run("uc_failing,rope", **SMALL, results=tmp_path / "r").failures
    assert "uc_failing.py cannot be imported: RuntimeError: no licence; it is the encoding 'uc_failing' of" in failure


@pytest.mark.slow
def test_a_reason_that_is_not_utf_8_is_recorded(tmp_path: Path) -> None:
    path = encoding(tmp_path, body=r'raise RuntimeError(os.fsdecode(b"caf\xe9"))')
    (failure,) = run(str(path), **SMALL, results=tmp_path / "r").failures
    assert failure.endswith(r"failed: RuntimeError: caf\udce9")
