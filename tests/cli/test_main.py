"""The command line as a whole: help, errors in one line, exit codes, and the imports of quick verbs."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from benchmark import cli
from benchmark.errors import UsageError
from benchmark.files import UnwritableError

QUICK = ["--help", "--version", "list encodings", "list tasks", "list presets", "list results", "status"]
HEAVY = ("torch", "pandas", "matplotlib", "seaborn")


def test_help_lists_every_verb(invoke):
    result = invoke("--help")
    assert result.exit_code == 0
    for verb, line in cli.VERBS.items():
        assert f"\n  {verb} " in result.output
        assert line[:40] in result.output


def test_no_arguments_show_the_help(invoke):
    assert invoke().output == invoke("--help").output


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_static_help_line_is_the_verbs_own(verb):
    command = cli.command_of(verb)
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(limit=200) == cli.VERBS[verb]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_its_options(invoke, verb):
    result = invoke(verb, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["comprae"], "unknown command 'comprae'; did you mean 'compare'? Known: attention,"),
        (["nothing-like-it"], "unknown command 'nothing-like-it'. Known: attention,"),
        (["list", "encodngs"], "unknown thing to list 'encodngs'; did you mean 'encodings'? Known: corpora,"),
        (["status", "--formt", "json"], "Did you mean '--format'? See: main status --help"),
        (
            ["export", "--format", "jsn"],
            "unknown format 'jsn'; did you mean 'json'? Known: csv, hf-eval-results, json, latex, markdown, parquet.",
        ),
        (["compare", "rope"], "Missing argument 'SECOND'. See: main compare --help"),
        (["--verison"], "Did you mean one of: '--verbose', '--version'?"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(invoke, arguments, wanted):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    assert wanted in result.stderr


def raising(error: BaseException) -> click.Command:
    """A verb that fails."""

    @click.command
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "wanted"),
    [
        (UsageError("length is 0,\n but must be at least 1"), 2, "length is 0, but must be at least 1"),
        (OSError(errno.ENOSPC, "No space left on device", "results/x"), 1, "results/x; free some space"),
        (OSError(errno.EROFS, "Read-only file system", "results"), 1, "results; choose a folder you can write to"),
        (PermissionError(errno.EACCES, "Permission denied", "results"), 1, "choose a folder you can write to"),
        (UnwritableError(errno.ENOENT, "No such file or directory", "/proc/x"), 1, "/proc/x; choose another folder"),
        (click.ClickException("no such thing"), 1, "no such thing"),
        (KeyboardInterrupt(), 130, "interrupted: nothing was kept, so the same command starts over"),
    ],
)
def test_errors_that_are_not_bugs_are_one_line(invoke, monkeypatch, error, code, wanted):
    monkeypatch.setattr(cli.Program, "get_command", lambda *_: raising(error))
    result = invoke("status")
    assert result.exit_code == code
    assert result.stderr.strip().startswith("error: ")
    assert result.stderr.strip().count("\n") == 0
    assert wanted in result.stderr


@pytest.mark.parametrize("verb", cli.VERBS)
def test_an_interrupt_says_what_the_same_command_does(invoke, monkeypatch, verb):
    monkeypatch.setattr(cli.Program, "get_command", lambda *_: raising(KeyboardInterrupt()))
    result = invoke(verb)
    assert result.exit_code == 130
    assert ("resumes from there" in result.stderr) == (verb in ("run", "attention"))
    (line,) = result.stderr.strip().splitlines()  # a line break of its own, after the ^C
    assert line.startswith("error: interrupted: ")


def test_an_interrupt_of_the_timing_process_alone_ends_its_suite(invoke, monkeypatch, tmp_path):
    """Ctrl-C reaches both; a signal to the parent does not reach the suite, which would go on for minutes."""

    class Suite:
        returncode, ended = None, False

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        @property
        def stdout(self):
            raise KeyboardInterrupt

        def terminate(self):
            Suite.ended = True

    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Suite())
    result = invoke("time", "--encodings", "rope", "--lengths", "16", "--results", tmp_path)
    assert (result.exit_code, Suite.ended, list(tmp_path.iterdir())) == (130, True, [])
    assert "nothing was kept" in result.stderr


@pytest.mark.parametrize("error", [RuntimeError("a bug"), FileNotFoundError(errno.ENOENT, "no such file", "template")])
def test_a_bug_keeps_its_traceback(invoke, monkeypatch, error):
    monkeypatch.setattr(cli.Program, "get_command", lambda *_: raising(error))
    with pytest.raises(type(error)):
        invoke("status")


def test_a_verbs_number_is_the_exit_code(invoke, monkeypatch):
    @click.command
    def command() -> int:
        return 1

    monkeypatch.setattr(cli.Program, "get_command", lambda *_: command)
    assert invoke("doctor").exit_code == 1


def test_a_file_in_the_way_of_a_folder_is_named(invoke, results, tmp_path):
    (tmp_path / "file").write_text("")
    result = invoke("export", "--results", results, "--out", tmp_path / "file" / "table.csv")
    assert result.exit_code == 1
    assert "a file is in the way of a folder" in result.stderr


def test_quick_verbs_import_nothing_heavy(tmp_path):
    program = f"""
import sys
from click.testing import CliRunner
from benchmark.cli import main
for line in {QUICK!r}:
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 0, (line, result.output)
    assert result.output.strip(), line
    print(line, sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{line} []" for line in QUICK]


def test_a_reader_that_leaves_early_is_not_an_error(tmp_path):
    """`python -m benchmark ... | head`: silence, also with `-m` and from any folder."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "benchmark", "list", "presets"],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    assert done.returncode in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "benchmark", "list", "presets"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: No space left on device: the output; free some space")
    assert done.stderr.count("\n") == 1


LONG = "天" * 50_000 + "x" * 50_000


@pytest.mark.parametrize(
    "arguments",
    [
        [LONG],
        ["run", f"--{LONG}"],
        ["run", "--encodings", LONG],
        ["run", "--encodings", f"rope:{LONG}=1"],
        ["run", "--encodings", f"rope:base={LONG}"],
        ["run", "--tasks", LONG],
        ["run", "--preset", LONG],
        ["run", "--seeds", LONG],
        ["run", "--seeds", f"auto:{LONG}"],
        ["run", "--lengths", LONG],
        ["run", "--tune", LONG],
        ["run", "--corpus", LONG, "--tasks", "corpus"],
        ["run", "--text-encoding", LONG],
        ["run", "--mixing", LONG],
        ["run", "--width", f"{LONG},8"],
        ["run", "--steps", f"{LONG}=8"],
        ["run", "--batch", f"={LONG}"],
        ["run", "--learning-rate", LONG],
        ["run", "--workers", LONG],
        ["run", "--precision", LONG],
        ["list", LONG],
        ["time", "--lengths", LONG],
        ["attention", "--preset", LONG],
        ["check", LONG],
        ["check", f"--timeout={LONG}", "rope"],
        ["export", "--format", LONG],
    ],
    ids=range(26),
)
def test_a_value_of_any_length_makes_a_short_line(invoke, arguments: list[str]) -> None:
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert len(outcome.stderr) < 1500  # what is known may be a long list
    assert "…" in outcome.stderr
