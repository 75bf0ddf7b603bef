"""Exports lose nothing, set names literally, and load no drawing library."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmark.reports.stats
import benchmark.reports.tables
from benchmark.cli.verbs import export as verb
from benchmark.reports.tables.values import metric_table
from benchmark.reports.write import export, latex
from benchmark.results.store import Store

DRAWING = ("matplotlib", "seaborn", "plotly", "PIL", "fontTools")
EXPORT = """
from pathlib import Path
from benchmark.reports.write.export import FORMATS
from benchmark.results.store import Store
assert FORMATS[{style!r}](Store(Path({root!r})))
"""


def drawing_after(code: str) -> list[str]:
    """The drawing libraries that a fresh process has loaded after some code."""
    ask = f"import sys; print(*(name for name in {DRAWING!r} if name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", f"{code}\n{ask}"], capture_output=True, check=True, text=True)
    return told.stdout.split()


def test_importing_tables_and_statistics_loads_no_drawing_library() -> None:
    names = [
        f"{package.__name__}.{module.name}"
        for package in (benchmark.reports.tables, benchmark.reports.stats)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    assert len(names) > 15
    assert drawing_after("\n".join(f"import {name}" for name in names)) == []


@pytest.mark.parametrize("style", ["csv", "json", "latex", "markdown"])
def test_exporting_loads_no_drawing_library(style: str, example_root: Path) -> None:
    assert drawing_after(EXPORT.format(style=style, root=str(example_root))) == []


def test_a_drawing_library_would_be_seen() -> None:
    assert "matplotlib" in drawing_after("import benchmark.reports.draw.canvas")


def test_the_verb_offers_every_format_and_no_other() -> None:
    assert set(verb.FORMATS) == set(export.FORMATS)


def test_json_of_an_infinite_perplexity_is_null(example: Store) -> None:
    changed = metric_table(example).head(2).assign(value=[np.inf, 0.5])
    assert [row["value"] for row in json.loads(export.as_json(changed))] == [None, 0.5]


def test_latex_sets_names_literally() -> None:
    assert (
        latex.escaped(r"50%_a&b\c{<~^")
        == r"50\%\_a\&b\textbackslash{}c\{\textless{}\textasciitilde{}\textasciicircum{}"
    )
