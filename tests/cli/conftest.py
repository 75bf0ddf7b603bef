"""A way to call the command line, and a results folder like that of a real run (the reports' example)."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from benchmark.cli import main
from benchmark.results.store import Store

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Calls the command line in an empty folder; re-raises any exception other than SystemExit."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture(scope="session")
def records() -> ModuleType:
    """The reports' example records."""
    path = Path(__file__).parents[1] / "reports" / "records.py"
    spec = importlib.util.spec_from_file_location("example_records_for_cli", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def results(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three encodings, three seeds, four tasks, one divergence, one failure. Read it, don't write."""
    root = tmp_path_factory.mktemp("results")
    records.write_example(root)
    return root


@pytest.fixture(scope="session")
def leagues(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copying with rope, with pi on rope's model, and with an encoding that reads digits. Read it, don't write."""
    store = Store(tmp_path_factory.mktemp("leagues"))
    rope = records.write_cell(store, "copy", "rope", 0, [1])
    store.put(records.eval_record(rope, 16, encoding="pi"), records.synthetic_arrays("copy", "alibi", 0, 16))
    digits = records.write_cell(store, "copy", "digits", 0, [])
    told = digits.spec.encoding.model_copy(update={"reads_digits": True})
    measured = records.eval_record(digits, 16)
    measured = measured.model_copy(update={"spec": measured.spec.model_copy(update={"encoding": told})})
    store.put(measured, records.synthetic_arrays("copy", "rope", 0, 16))
    return store.root
