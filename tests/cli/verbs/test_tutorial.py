"""`tutorial`: losses, figures with Chinese words, and what is refused."""

import os
import re
import subprocess
import sys

import pytest

from benchmark.cli.terminal.file_names import file_name

SHORT = """
from benchmark.encodings.encoding import Encoding


class Short(Encoding):
    name = "short"
    title = "Short"
    source = "https://example.org"
    acts = "nothing"
    past = "unsupported"
    max_length = 5
"""


def test_it_prints_losses_and_draws_one_figure_per_passage(invoke, tmp_path):
    result = invoke("tutorial", "--epochs", "60", "--out", "figures")
    assert result.exit_code == 0, result.output
    losses = dict(re.findall(r"epoch +(\d+)  mean squared error ([\d.]+)", result.output))
    assert list(losses) == ["0", "50", "60"]
    assert float(losses["60"]) < 0.3 < 0.8 < float(losses["0"])
    assert "all positions shifted by 100: the weights change by at most" in result.output
    assert "cannot show: extrapolation" in result.output
    assert "鲁达拳打镇关西" in result.output
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"rope-1.png", "rope-2.png", "rope-3.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "figures").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--encoding", "rop"], "did you mean 'rope'"),
        (["--encoding", "rope,alibi"], "names 2 encodings"),
        (["--encoding", "rope:base=0.5"], "base is 0.5"),
        (["--encoding", "short.py"], "short ends at 5 tokens"),
        (["--epochs", "0"], "1<=x<=100000"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(invoke, tmp_path, arguments, message):
    (tmp_path / "short.py").write_text(SHORT)
    result = invoke("tutorial", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "reports").exists()


def test_a_label_becomes_a_file_name_valid_on_any_system():
    assert file_name("rope:base=500000") == "rope-base=500000"


def test_it_works_in_a_process_that_has_drawn_nothing_else(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "tutorial", "--epochs", "1", "--out", str(tmp_path / "figures")],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "figures").glob("*.png"))) == 3
