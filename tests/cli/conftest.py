"""A command line to call, and a results folder such as a real run leaves (the reports' own example)."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli import main

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Calls the command line in an empty folder; an exception that is no exit is raised."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three encodings, three seeds, four tasks, one divergence, one failure. Read it, don't write."""
    path = Path(__file__).parents[1] / "reports" / "records.py"
    spec = importlib.util.spec_from_file_location("example_records_for_cli", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path_factory.mktemp("results")
    module.write_example(root)
    return root
