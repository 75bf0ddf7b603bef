"""What rooms of the report load, in fresh processes: tables and statistics draw nothing, and no room needs torch."""

import pkgutil
import subprocess
import sys

import pytest

import benchmark.reports

HEAVY = ("torch", "matplotlib", "seaborn", "plotly")
MODULES = [found.name for found in pkgutil.walk_packages(benchmark.reports.__path__, "benchmark.reports.")]


def loaded(modules: list[str]) -> set[str]:
    """The heavy libraries that a fresh process has loaded after importing some modules."""
    code = f"import sys\nimport {', '.join(modules)}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(told.stdout.split())


@pytest.mark.parametrize("room", ["stats", "tables", "compare", "page"])
def test_rooms_that_only_compute_load_no_drawing_library(room: str) -> None:
    modules = [name for name in MODULES if name.startswith(f"benchmark.reports.{room}.")]
    assert len(modules) > 2
    assert loaded(modules) == set()


def test_no_room_loads_torch() -> None:
    found = loaded(MODULES)
    assert "matplotlib" in found and "torch" not in found
