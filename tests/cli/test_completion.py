"""Shell completion, asked as a shell asks: names in lists, groups, files, and an answer without torch."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from benchmark.cli import VERBS, command_of, main

HEAVY = ("torch", "pandas", "matplotlib", "scipy", "jieba", "transformers", "ray", "plotly")
OFFERED = {  # option -> what is typed, and what must be offered
    "--encodings": ("none,ali", "none,alibi"),
    "--encoding": ("ali", "alibi"),
    "--reference": ("ali", "alibi"),
    "--tasks": ("sort,cop", "sort,copy"),
    "--preset": ("smo", "smoke"),
    "--corpus": ("shu", "shuihu"),
    "--lang": ("z", "zh"),
}


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is offered for the last of some words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    machinery = ShellComplete(main, {}, "position-benchmark", "_POSITION_BENCHMARK_COMPLETE")
    return lambda *words: [item.value for item in machinery.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("verb", "option", "typed", "wanted"),
    [
        (verb, parameter.opts[0], *OFFERED[parameter.opts[0]])
        for verb in VERBS
        for parameter in command_of(verb).params
        if isinstance(parameter, click.Option) and parameter.opts[0] in OFFERED
    ],
)
def test_every_option_that_takes_names_offers_them(offered, verb: str, option: str, typed: str, wanted: str) -> None:
    assert wanted in offered(verb, option, typed), (
        f"{verb} {option}: shell_complete=completion..., see terminal/options.py"
    )


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["che"], ["check", "check-task"]),
        (["list", "enc"], ["encodings"]),
        (["check", "rope", "none,ali"], ["none,alibi"]),
        (["check-task", "copy-t"], ["copy-twice"]),
        (["compare", "rope", "ali"], ["alibi"]),
        (["run", "--encodings", "rope:base=1e3|1e4,ali"], ["rope:base=1e3|1e4,alibi"]),
        (["run", "--encodings", "randomized:base=ali"], ["randomized:base=alibi"]),
        (["run", "--encodings", "rope，test-t"], ["rope，test-time"]),
        (["run", "--encodings", "rope:base=ali"], []),
        (["run", "--encodings", "no-such:base=ali"], []),
        (["run", "--checkpoint", "x", "--tasks", "text,passk"], ["text,passkey"]),
        (["run", "--device", "cu"], ["cuda"]),
        (["-q", "run", "--lang", "z"], ["zh"]),
    ],
)
def test_the_last_name_is_completed(offered, words: list[str], wanted: list[str]) -> None:
    assert offered(*words) == wanted


def test_files_of_the_user_are_offered_beside_names(offered, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for path in ("rope_mine.py", "rope_notes.txt", "own/one.py"):
        (tmp_path / path).write_text("")
    assert offered("run", "--encodings", "alibi,rope_m") == ["alibi,rope_mine.py"]
    assert offered("run", "--encodings", "alibi,own/o") == ["alibi,own/one.py"]
    assert offered("run", "--encodings", "alibi,nowhere/o") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_installed_program_answers_each_shell_without_torch(shell: str, tmp_path: Path) -> None:
    """What the shell's function does on <TAB>; the modules that are loaded are told on the error stream."""
    program = f"""
import atexit, sys
atexit.register(lambda: print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr))
from benchmark.cli import main
main(prog_name="position-benchmark")
"""
    typed = {
        "COMP_WORDS": "position-benchmark run --encodings none,ali",
        "COMP_CWORD": "none,ali" if shell == "fish" else "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **typed, "_POSITION_BENCHMARK_COMPLETE": f"{shell}_complete"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "none,alibi" in done.stdout
    assert done.stderr == "[]\n"
