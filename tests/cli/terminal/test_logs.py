"""-v, -q and --log-file: what is logged where, and what they mean for a verb's display."""

import logging
from pathlib import Path

import click
import pytest

from benchmark import cli
from benchmark.cli import VERBS, command_of
from benchmark.cli.terminal.logs import LOG, display_of
from benchmark.cli.terminal.progress import DISPLAYS

RUN = ("run", "--preset", "smoke", "--encodings", "none", "--tasks", "copy", "--seeds", "1", "--workers", "1")


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that logs a step and a detail, and prints the display that it was given."""

    @click.command
    @click.option("--display", "style", type=click.Choice(DISPLAYS), default="auto")
    def command(style: str) -> None:
        LOG.info("a step")
        LOG.debug("a detail")
        click.echo(style)

    monkeypatch.setattr(cli, "command_of", lambda _: command)


@pytest.mark.parametrize(
    ("options", "display", "logged"),
    [
        ([], "auto", []),
        (["-q"], "none", []),
        (["-v"], "plain", ["INFO a step"]),
        (["-vv"], "plain", ["INFO a step", "DEBUG a detail"]),
        (["-vvv"], "plain", ["INFO a step", "DEBUG a detail"]),
    ],
)
def test_verbosity_chooses_the_log_and_the_display(invoke, echoing, options, display, logged) -> None:
    result = invoke(*options, "run")
    assert result.stdout == f"{display}\n"
    assert [line[20:] for line in result.stderr.splitlines() if " a " in line] == logged
    assert LOG.handlers == [] and LOG.level == logging.NOTSET


def test_a_display_that_is_named_wins(invoke, echoing) -> None:
    assert invoke("-q", "run", "--display", "json").stdout == "json\n"
    assert invoke("-v", "run", "--display", "rich").stdout == "rich\n"


def test_the_log_file_has_everything_and_is_appended_to(invoke, echoing, tmp_path: Path) -> None:
    for _ in range(2):
        result = invoke("-q", "--log-file", "run.log", "run")
        assert (result.stdout, result.stderr) == ("none\n", "")
    lines = [line[20:] for line in (tmp_path / "run.log").read_text("utf-8").splitlines()]
    assert [line for line in lines if " a " in line] == ["INFO a step", "DEBUG a detail"] * 2
    assert lines[0].startswith("INFO position-benchmark ") and lines[3].startswith("INFO finished after ")


def test_an_error_is_printed_once_and_explained_in_the_file(invoke, tmp_path: Path) -> None:
    result = invoke("-v", "--log-file", "run.log", "run", "--encodings", "rop")
    assert result.exit_code == 2
    assert result.stderr.count("did you mean 'rope'") == 1
    text = (tmp_path / "run.log").read_text("utf-8")
    assert "CRITICAL UsageError: unknown encoding 'rop'" in text and "Traceback" in text


def test_a_log_file_that_cannot_be_written_is_refused(invoke) -> None:
    result = invoke("--log-file", "no/such/folder/run.log", "status")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --log-file 'no/such/folder/run.log' cannot be written: No such file")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_log_file_on_a_full_disk_ends_the_verb_in_one_line(invoke, echoing) -> None:
    result = invoke("--log-file", "/dev/full", "run")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: No space left on device") and result.stderr.count("\n") == 1
    assert LOG.handlers == []


def test_opposites_are_refused_and_a_verb_says_where_the_options_go(invoke) -> None:
    assert "give one of them" in invoke("-v", "-q", "status").stderr
    assert "goes before the verb: python -m benchmark -v" in invoke("status", "-v").stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_with_progress_can_be_quiet(verb: str) -> None:
    displays = [option for option in command_of(verb).params if option.opts[0] == "--display"]
    progress = [option for option in displays if set(DISPLAYS) <= set(option.type.choices)]
    assert display_of(command_of(verb), 0, quiet=True) == {option.name: "none" for option in progress}
    assert display_of(command_of(verb), 0, quiet=False) == {}


@pytest.mark.slow
def test_a_quiet_run_prints_nothing_and_its_log_names_every_cell(invoke, tmp_path: Path) -> None:
    result = invoke("-q", "--log-file", "run.log", *RUN)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    text = (tmp_path / "run.log").read_text("utf-8")
    assert "started" in text and "measuring" in text and ": done" in text and "exit code 0" in text
