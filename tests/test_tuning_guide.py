"""docs/tuning.md quotes the report of its study, reports/tuning."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "tuning.md").read_text("utf-8")
DATA = json.loads((ROOT / "reports" / "tuning" / "data.json").read_text("utf-8"))
METRIC = {
    "corpus": "loss_nats",
    "copy": "token_accuracy",
    "offset-recall": "token_accuracy",
    "recall-mqar": "token_accuracy",
}
OWN_STEPS = {"corpus": 360, "copy": 1000, "offset-recall": 200, "recall-mqar": 800}
OWN_RATE = {"corpus": 0.005, "copy": 0.003, "offset-recall": 0.003, "recall-mqar": 0.003}
ROW = rf"\| ({'|'.join(METRIC)}) \| ([\w-]+) \| ([^|]+) \| ([^|]+) \| × ([\d.]+) \| ([^|]+) \| ([^|]+) \|"
ROWS = re.findall(f"^{ROW}$", GUIDE, re.MULTILINE)
LONGER = rf"\| ({'|'.join(METRIC)}) \| ([\w-]+) \| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|"
LONGER_ROWS = re.findall(f"^{LONGER}$", GUIDE, re.MULTILINE)


def values() -> dict[tuple[str, str, float, int, int], list[float | None]]:
    """Headline values by task, encoding, learning rate, multiple of the task's own steps and of L."""
    found: dict[tuple[str, str, float, int, int], list[float | None]] = defaultdict(list)
    for row in DATA["rows"]:
        task = row["task"].split(" ")[0]
        if row["metric"] == METRIC[task]:
            budget = DATA["settings"][DATA["models"][row["model"]]["setting"]]["budget"]
            longer, rate = budget["steps"] // OWN_STEPS[task], budget["learning_rate"]
            found[task, row["encoding"], rate, longer, row["length"] // row["train_length"]].append(row["value"])
    return found


VALUES = values()


def spelled(task: str, encoding: str, rate: float, multiple: int, longer: int = 1) -> str:
    own = [value for value in VALUES[task, encoding, rate, longer, multiple] if value is not None]
    return f"{sum(own) / len(own):.2f} [{min(own):.2f}, {max(own):.2f}]" if own else "—"


def test_every_encoding_is_in_the_table() -> None:
    assert len(ROWS) == 4 * 7 and len({row[:2] for row in ROWS}) == 4 * 7


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]))
def test_a_row_says_what_the_report_holds(row: tuple[str, ...]) -> None:
    task, encoding, near, far, multiple, best_near, best_far = row
    own, best = OWN_RATE[task], round(OWN_RATE[task] * float(multiple), 12)
    assert (near, far) == (spelled(task, encoding, own, 1), spelled(task, encoding, own, 16))
    rates = {rate for told, name, rate, longer, _ in VALUES if (told, name, longer) == (task, encoding, 1)}
    assert rates == {own, best}
    wanted = ("=", "=") if own == best else (spelled(task, encoding, best, 1), spelled(task, encoding, best, 16))
    assert (best_near, best_far) == wanted


def test_every_encoding_is_in_the_table_of_longer_training() -> None:
    assert len(LONGER_ROWS) == 4 * 7 and len({row[:2] for row in LONGER_ROWS}) == 4 * 7


@pytest.mark.parametrize("row", LONGER_ROWS, ids=lambda row: " ".join(row[:2]))
def test_a_row_of_longer_training_says_what_the_report_holds(row: tuple[str, ...]) -> None:
    task, encoding, seeds, *told = row
    assert told == [spelled(task, encoding, OWN_RATE[task], multiple, 5) for multiple in (1, 4, 16)]
    assert int(seeds) == len(VALUES[task, encoding, OWN_RATE[task], 5, 1])
