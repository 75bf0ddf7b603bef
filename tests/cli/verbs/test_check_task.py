"""`check-task`: a table or JSON, a remedy for each failure, and exit codes."""

import json

import pytest

from benchmark.checks.task import CHECKS
from benchmark.cli.verbs.check_task import trained_length
from benchmark.experiments.changes import Changes
from benchmark.experiments.presets import PRESETS
from benchmark.tasks import CATALOGUE

FAULTY = """
import torch
from benchmark.tasks.task import Batch, Synthetic


class Faulty(Synthetic):
    name = "faulty"
    title = "Faulty"
    group = "string"
    definition = "name the token that is shown"
    source = "https://example.org"
    metric = "token_accuracy"

    def __init__(self, *, symbols: int = 5):
        if symbols < 2:
            raise ValueError(f"faulty: symbols is {symbols}, but must be at least 2")
        self.vocabulary = symbols

    vocabulary = 0

    def tokens(self, length):
        return length

    def sample(self, size, length, generator):
        tokens = torch.randint(self.vocabulary, (size, length), generator=generator)
        return Batch(tokens=tokens, targets=tokens)

    def chance(self, length):
        return {"token_accuracy": 1 / self.vocabulary}
"""


def test_a_sound_task_passes(invoke):
    result = invoke("check-task", "copy", "parity")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "copy"
    assert lines[1].split() == ["status", "check", "measured"]
    assert [line.split("  ")[0] for line in lines[2:5]] == ["✓ pass"] * 3
    assert "copy: 17 passed, 0 failed, 0 not applicable" in lines
    assert "parity: 16 passed, 0 failed, 2 not applicable" in lines


def test_a_failure_says_what_to_do_and_is_exit_code_1(invoke, tmp_path):
    (tmp_path / "faulty.py").write_text(FAULTY)
    result = invoke("check-task", "reverse", "faulty.py:symbols=7")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("✗ fail") and "is not its own" in line)
    assert "the target: token_accuracy 1 (chance 0.143, allowed 0.229)" in lines[at]
    assert lines[at + 1].startswith("  to do")
    assert lines[at + 1].rstrip().endswith("if it must stand there, count it in `chance`")
    assert "reverse: 17 passed, 0 failed, 0 not applicable" in lines
    assert "faulty:symbols=7: 15 passed, 2 failed, 1 not applicable" in lines


def test_as_json_every_outcome_is_a_row(invoke):
    result = invoke("check-task", "copy:symbols=5,reverse", "--format", "json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [row["task"] for row in rows[:: len(CHECKS)]] == ["copy:symbols=5", "reverse"]
    assert [row["name"] for row in rows] == [each.name for each in CHECKS] * 2
    assert {row["status"] for row in rows} == {"pass", "fact"}
    assert result.stderr == ""


def test_lengths_are_those_of_the_preset_quick():
    quick = PRESETS["quick"]
    copy, lego = CATALOGUE.choice("copy"), CATALOGUE.choice("lego")
    assert trained_length(copy, Changes()) == quick.budgets["copy"][0].train_length
    assert trained_length(lego, Changes()) == quick.budgets_for("lego")[0].train_length
    changes = Changes(train_length={"copy": 7})
    assert (trained_length(copy, changes), trained_length(lego, changes)) == (7, trained_length(lego, Changes()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'TASK...'"),
        (["copi"], "did you mean 'copy'"),
        (["copy:symbols=1"], "copy: symbols is 1, but must be at least 2"),
        (["faulty.py:symbols=0"], "faulty: symbols is 0, but must be at least 2"),
        (["missing.py"], "no file 'missing.py'"),
        (["corpus:text=xiyou"], "unknown corpus 'xiyou'"),
        (["copy", "--format", "xml"], "unknown format 'xml'"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(invoke, tmp_path, arguments, message):
    (tmp_path / "faulty.py").write_text(FAULTY)
    result = invoke("check-task", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
