"""User code in the process of a verb: no standard input, a time limit, and names that are not UTF-8."""

import builtins
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import load, run
from benchmark.errors import UsageError
from benchmark.standard_input import REASON, no_standard_input

CODE = {
    "check": """
from benchmark.encodings.rope import Rope
class Mine(Rope):
    name = "mine"
    def rotate(self, q, k, site):
        {body}
""",
    "check-task": """
from benchmark.tasks.copy import Copy
class Mine(Copy):
    name = "mine"
    def sample(self, *given, **named):
        {body}
""",
}
LOOPS = {"check": "while True: pass", "check-task": "import time; time.sleep(600)"}
verbs = pytest.mark.parametrize("verb", CODE)


@verbs
def test_reading_standard_input_is_a_failed_check_with_that_reason(invoke, tmp_path: Path, verb: str) -> None:
    (tmp_path / "mine.py").write_text(CODE[verb].format(body="breakpoint()"))
    before = sys.stdin, sys.breakpointhook, os.fstat(0)
    outcome = invoke(verb, "mine.py", "--format", "json")
    assert outcome.exit_code == 1
    assert REASON in outcome.stdout
    assert (sys.stdin, sys.breakpointhook, os.fstat(0)) == before


@verbs
def test_an_endless_loop_is_one_line_and_exit_code_2(tmp_path: Path, verb: str) -> None:
    """Even if the file's own code catches every exception: nothing is raised in it."""
    (tmp_path / "mine.py").write_text(CODE[verb].format(body=LOOPS[verb]))
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", verb, "mine.py", "--timeout", "3"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the check of mine took longer than 3 seconds: does its code loop for ever, or wait for something? If "
        "it is only slow, allow more with --timeout\n"
    )


ENDS = {
    "class Stop(BaseException): pass\nraise Stop('enough')": "Stop: enough",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise SystemExit(3)": "SystemExit: 3",
    "import os; os._exit(3)": "SystemExit: os._exit(3)",
}


@verbs
@pytest.mark.parametrize("code", ENDS)
def test_a_file_that_ends_the_process_is_refused_at_import_and_fails_checks_in_a_hook(
    invoke, tmp_path: Path, verb: str, code: str
) -> None:
    usual = CODE[verb].format(body="pass")
    (tmp_path / "mine.py").write_text(f"{code}\n{usual}")
    outcome = invoke(verb, "mine.py")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: ") and len(outcome.stderr.splitlines()) == 1
    assert f"mine.py cannot be imported: {ENDS[code]}" in outcome.stderr
    (tmp_path / "mine.py").write_text(CODE[verb].format(body=code.replace("\n", "\n        ")))
    outcome = invoke(verb, "mine.py", "--format", "json")
    assert outcome.exit_code == 1
    assert ENDS[code] in outcome.stdout


@verbs
def test_a_real_interrupt_ends_with_130(tmp_path: Path, verb: str) -> None:
    body = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    (tmp_path / "mine.py").write_text(CODE[verb].format(body=body))
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", verb, "mine.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    assert done.returncode == 130
    assert done.stderr.strip().startswith("error: interrupted: ")


def test_standard_input_is_refused_and_given_back(capsys) -> None:
    before = sys.stdin, sys.breakpointhook, builtins.input
    with no_standard_input():
        assert os.read(0, 1) == b""
        with pytest.raises(RuntimeError, match="reads standard input"):
            input("a prompt")
        with pytest.raises(RuntimeError, match="reads standard input"):
            breakpoint()
    assert (sys.stdin, sys.breakpointhook, builtins.input) == before
    assert capsys.readouterr() == ("", "")


CAFE = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--encodings", f"{CAFE}/mine.py"],
        ["run", "--tasks", f"{CAFE}.py"],
        ["run", "--results", CAFE],
        ["run", f"--out={CAFE}"],
        ["run", "--corpus", CAFE],
        ["run", "--config", CAFE],
        ["check", f"{CAFE}.py"],
        ["check-task", f"{CAFE}.py"],
        ["report", "--results", CAFE],
        ["compare", CAFE, "other"],
        ["export", "--out", CAFE],
        ["attention", "--text", CAFE],
        [CAFE],
    ],
    ids=range(13),
)
def test_an_argument_that_is_not_utf_8_is_refused_before_anything_runs(invoke, tmp_path: Path, arguments) -> None:
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: an argument is not valid UTF-8: ")
    assert r"caf\udce9" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", ["results", "corpus", "encodings", "tasks"])
def test_python_refuses_the_same(tmp_path: Path, setting: str) -> None:
    folder = tmp_path / CAFE
    folder.mkdir()
    (folder / "text.txt").write_text("第一回\n天下大势，分久必合。\n" * 400)
    (folder / "mine.py").write_text(CODE["check"].format(body="return q, k"))
    value = {"results": folder, "corpus": folder / "text.txt"}.get(setting, str(folder / "mine.py"))
    given = {"results": tmp_path / "r", "tasks": "corpus", "preset": "smoke", setting: value}
    with pytest.raises(UsageError, match=r"is not valid UTF-8: .*caf\\udce9.*; rename"):
        run(**given)
    assert not (tmp_path / "r").exists()
    with pytest.raises(UsageError, match="is not valid UTF-8"):
        load(folder)
