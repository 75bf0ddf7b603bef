"""The examples and the guides work as described, executed as a reader would."""

import contextlib
import io
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.encodings import make as make_encoding
from benchmark.encodings.encoding import Shape, Site
from benchmark.model.attention import scores
from benchmark.model.bias import dense
from benchmark.seeds import generator
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks import make as make_task
from benchmark.tasks.task import UNSCORED

ROOT = Path(__file__).parents[1]
EXAMPLES, DOCS = ROOT / "examples", ROOT / "docs"
KINDS = ("sh", "text", "python")
GUIDES = ("add-an-encoding.md", "add-a-task.md", "add-a-claim.md")


def test_two_encodings_are_compared_from_python(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "compare_two.py"), "records"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    assert {"alibi", "rope"} <= {line.split()[0] for line in done.stdout.splitlines()}
    (rows,) = re.findall(r"rows on disk: (\d+)", done.stdout)
    assert int(rows) > 0


def test_the_example_encoding_is_what_its_formula_says():
    encoding = make_encoding(
        f"{EXAMPLES / 'my_encoding.py'}:rate=0.5", Shape(width=6, heads=3, layers=1, train_length=5)
    )
    site = Site.of(torch.zeros(1, 5, 6), torch.arange(5)[None], causal=False)
    bias = dense(encoding.bias(site), site)
    assert bias.shape == (1, 3, 5, 5)
    rate = torch.log(1 + torch.exp(torch.tensor(0.5)))
    for query in range(5):
        for key in range(5):
            expected = -rate * torch.log(torch.tensor(1.0 + abs(query - key)))
            torch.testing.assert_close(bias[0, :, query, key], expected.expand(3))


def test_the_example_map_of_distances_is_what_its_formula_says():
    """All scores of equal queries and keys, each by the cosine of its mapped distance."""
    encoding = make_encoding(f"{EXAMPLES / 'my_remap.py'}:window=2", Shape(width=2, heads=1, layers=1, train_length=5))
    site = Site.of(torch.zeros(1, 11, 2), torch.arange(11)[None])
    ones = torch.tensor([1.0, 0.0]).expand(1, 1, 11, 2)
    own = scores(*encoding.rotate(ones, ones, site), site, encoding, scale=2**-0.5)[0, 0]
    for query in range(11):
        for key in range(query + 1):
            distance = query - key
            mapped = distance if distance < 2 else min((distance + 2) / 2, 4)
            assert own[query, key].item() == pytest.approx(math.cos(mapped) / 2**0.5, abs=1e-6)


def test_the_example_task_asks_for_the_string_rotated():
    task = make_task(str(EXAMPLES / "my_task.py"))
    batch = task.sample(13, 7, generator("test"))
    assert batch.tokens.shape == (13, task.tokens(7))
    scored = batch.targets != UNSCORED
    assert scored.sum(1).eq(8).all()
    string, answer = batch.tokens[:, 1:8], batch.targets[scored].view(13, 8)[:, :7]
    assert answer[:, 6].equal(string[:, 0]) and answer[:, :6].equal(string[:, 1:])
    assert batch.tokens[:, 9:].equal(answer)
    assert not string.equal(answer)


def test_the_examples_are_named_by_path():
    assert ENCODINGS.choice(str(EXAMPLES / "my_encoding.py")).label == "log-distance"
    assert TASKS.choice(str(EXAMPLES / "my_task.py")).label == "rotate"


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_shows_its_examples_word_for_word(guide):
    text = (DOCS / guide).read_text(encoding="utf-8")
    names = {"add-an-encoding.md": ["my_encoding.py", "my_remap.py"], "add-a-claim.md": ["my_claim.py"]}.get(
        guide, ["my_task.py"]
    )
    shown = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert shown == [(EXAMPLES / name).read_text(encoding="utf-8") for name in names]


@pytest.mark.parametrize("guide", GUIDES)
def test_the_commands_of_a_guide_work(guide, tmp_path, monkeypatch):
    """In order, in a folder that holds the examples; each `sh` line is a command."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    text = (DOCS / guide).read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL) for line in block.splitlines()]
    assert len(commands) >= 2
    for line in commands:
        prefix, arguments = line.split("python -m benchmark ")
        assert prefix == ""
        done = CliRunner().invoke(main, shlex.split(arguments, comments=True), catch_exceptions=False)
        assert done.exit_code == 0, f"{line}\n{done.output}"


def test_the_comparison_in_the_guide_prints_what_the_guide_shows(tmp_path, monkeypatch):
    """Its commands, its output (except for the machine), and its code."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "compare.md").read_text(encoding="utf-8")
    (block,), (quoted, shown), (code,) = (re.findall(rf"```{kind}\n(.*?)```", text, flags=re.DOTALL) for kind in KINDS)
    reference = ["compare", "rope", "alibi", "--results", str(ROOT / "results" / "reference.zip"), "--display", "plain"]
    assert CliRunner().invoke(main, reference, catch_exceptions=False).output.startswith(quoted)
    done = [CliRunner().invoke(main, shlex.split(line)[3:], catch_exceptions=False) for line in block.splitlines()]
    assert [each.exit_code for each in done] == [0] * 4
    assert [line for line in done[2].output.splitlines() if line in shown.splitlines()] == shown.splitlines()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    assert "alibi" in printed.getvalue()
