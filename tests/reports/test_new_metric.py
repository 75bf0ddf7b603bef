"""A new metric touches two files: its entry in METRICS, and the translations of its label and unit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmark

ENTRY = """
    "mistakes_per_row": Metric(
        label="mistakes",
        unit="per row",
        lower_is_better=True,
        of=lambda sums: ratio(sums.places - sums.correct, sums.rows),
        perfect=0.0,
        margin=0.5,
        headline=True,
    ),
}
"""
TRANSLATIONS = """
msgid "mistakes"
msgstr "错误数"

msgid "per row"
msgstr "每行"
"""
RECORDS = """
import importlib.util, sys
from pathlib import Path
from benchmark.results.record import TaskFacts

spec = importlib.util.spec_from_file_location("records", sys.argv[1])
records = importlib.util.module_from_spec(spec)
spec.loader.exec_module(records)
store = records.write_example(Path("results"), tasks=("copy", "corpus"), trouble=False)
facts = TaskFacts(title="Copy", metric="mistakes_per_row")
for record in list(store.records()):
    if record.kind == "train" and record.spec.task.name == "copy":
        store.put(record.model_copy(update={"task": facts}))
"""


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package that knows one metric more, and example records that name it."""
    folder = tmp_path_factory.mktemp("new-metric")
    shutil.copytree(Path(benchmark.__file__).parent, folder / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    metrics = folder / "benchmark" / "metrics.py"
    source = metrics.read_text("utf-8")
    assert source.count("\n}\n") == 1
    metrics.write_text(source.replace("\n}\n", ENTRY), "utf-8")
    with (folder / "benchmark" / "reports" / "locale" / "zh_CN.po").open("a", encoding="utf-8") as catalogue:
        catalogue.write(TRANSLATIONS)
    called(folder, "-c", RECORDS, str(Path(__file__).with_name("records.py")))
    return folder


def called(folder: Path, *arguments: str) -> str:
    """The output of a fresh Python process in a folder."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_in_the_exported_table(changed: Path) -> None:
    called(changed, "-m", "benchmark", "export", "--out", "table.csv")
    table = pd.read_csv(changed / "table.csv")
    own = table[(table["metric"] == "mistakes_per_row") & (table["status"] == "ok")]
    assert set(own["task"]) == {"copy", "corpus"} and own["lower_is_better"].all()
    assert own.groupby("task")["headline"].all().to_dict() == {"copy": True, "corpus": False}
    accuracy = table[(table["metric"] == "token_accuracy") & (table["status"] == "ok") & (table["task"] == "copy")]
    copied = own[own["task"] == "copy"]
    assert np.allclose(copied["value"], (1 - accuracy["value"].to_numpy()) * copied["length"])


@pytest.mark.parametrize(
    ("language", "label"), [("en", "mistakes (per row)"), ("zh", "错误数（每行）")], ids=["en", "zh"]
)
def test_a_report_shows_it_where_a_task_names_it(changed: Path, language: str, label: str) -> None:
    called(changed, "-m", "benchmark", "report", "--out", language, "--lang", language)
    assert label in (changed / language / "report.md").read_text("utf-8")
    rows = json.loads((changed / language / "data.json").read_text("utf-8"))["rows"]
    assert {row["metric"] for row in rows if row["task"] == "copy"} == {"mistakes_per_row"}
