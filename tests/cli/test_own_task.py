"""A task of the user's own is reported by its own metric, also when its file is gone."""

import json
import re
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_task.py"


def test_a_task_from_a_file_keeps_its_metric_without_the_file(invoke, tmp_path) -> None:
    source = EXAMPLE.read_text("utf-8").replace('metric = "token_accuracy"', 'metric = "exact_match"')
    task = tmp_path / "mine.py"
    task.write_text(source, "utf-8")
    asked = ("--tasks", task, "--encodings", "rope", "--preset", "smoke", "--seeds", 1, "--lengths", "1,2")
    result = invoke("run", *asked, "--workers", 1)
    assert result.exit_code == 0
    assert re.search(r"^rotate +exact match( \(0 to 1\))? +rope", result.stdout, flags=re.M)
    assert "Rotate (example): At 2 L, only rope has a value: mean exact match" in result.stdout
    task.unlink()
    assert invoke("report", "--out", tmp_path / "again").exit_code == 0
    text = (tmp_path / "again" / "report.md").read_text("utf-8")
    assert "exact match (0 to 1)" in text and "token accuracy" not in text
    assert "Rotate (example)" in text and "guessed metric" not in text
    rows = json.loads((tmp_path / "again" / "data.json").read_text("utf-8"))["rows"]
    assert {(row["task"], row["metric"]) for row in rows} == {("rotate", "exact_match")}
    assert "| exact match |" in invoke("export", "--format", "markdown").stdout
