"""The reports' example records, for planted evidence."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def records() -> ModuleType:
    path = Path(__file__).parents[1] / "reports" / "records.py"
    spec = importlib.util.spec_from_file_location("example_records_for_claims", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
