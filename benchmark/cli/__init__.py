"""The command line: `verbs/` has one file per verb, imported on use; `terminal/` has what they share. Only this prints.

A user's mistake is one line on the error stream and exit code 2; a folder that cannot be written is one line and exit
code 1; an interrupt is exit code 130. Anything else keeps its traceback: it is a bug, and should look like one.
"""

import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from benchmark import __version__
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.logs import display_of, logged
from benchmark.errors import UsageError, echo, refuse_undecodable, unknown
from benchmark.files import UnwritableError
from benchmark.interrupts import known_interrupts
from benchmark.standard_input import no_standard_input

# verb -> the line that --help shows without importing it; the module in benchmark.cli.verbs has the verb's name
VERBS = {
    "run": "Train and evaluate encodings on tasks, then write the report.",
    "report": "Write the report (index.html, report.md) from the results on disk.",
    "compare": "Compare two encodings, two results folders or two reports: what differs, and how certain that is.",
    "claims": "Judge published claims about position encodings by the records, and say what would decide the others.",
    "list": "List encodings, tasks, corpora, presets or results.",
    "check": "Check encodings against the contract, in seconds, before any training.",
    "check-task": "Check tasks against the contract, in seconds, before any training.",
    "attention": "Draw what each head attends to in a sentence.",
    "tutorial": "Reproduce the tutorial's experiment: attention that reconstructs Chinese sentences.",
    "time": "Time the forward, backward and decoding passes of encodings, interleaved with `none`.",
    "export": "Export the results as csv, json, latex, markdown or parquet, or for a model's page on the Hub.",
    "choose": "Shortlist encodings for a need, by the verdict of the report, and say what is unknown.",
    "pack": "Bundle a results folder into one file, which report, compare and the other verbs read as it is.",
    "leaderboard": "Merge the results of several people into one static page.",
    "status": "Show what is finished, failed or diverged in the results folder.",
    "doctor": "Check what is installed, and say how to fix what is missing.",
}

BEFORE_THE_VERB = ("-v", "-vv", "--verbose", "-q", "--quiet", "--log-file", "--version")
RESUMED = ("run", "attention")  # verbs that write each result as soon as it is there
KEPT = "what was computed is kept, and the same command resumes from there"
LOST = "nothing was kept, so the same command starts over"

REMEDIES = {
    errno.EACCES: "choose a folder you can write to (--results, --out)",
    errno.EPERM: "choose a folder you can write to (--results, --out)",
    errno.EROFS: "choose a folder you can write to (--results, --out)",
    errno.ENOSPC: "free some space, or choose a folder on another disk (--results, --out)",
    errno.EDQUOT: "free some space, or choose a folder on another disk (--results, --out)",
    errno.ENOTDIR: "a file is in the way of a folder: remove it, or choose another folder (--results, --out)",
    errno.EEXIST: "a file is in the way of a folder: remove it, or choose another folder (--results, --out)",
    errno.EISDIR: "a folder is in the way of a file: name another file",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def command_of(verb: str) -> click.Command:
    """The command of a verb, imported on demand."""
    command: click.Command = importlib.import_module(f"benchmark.cli.verbs.{verb.replace('-', '_')}").command
    return command


class Program(click.Group):
    """The group of all verbs, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return command_of(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in VERBS:
            raise unknown("command", args[0], VERBS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> NoReturn:
        """Run a command line and exit, turning errors into one line and an exit code."""
        arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            for argument in arguments:
                refuse_undecodable("an argument", argument)
            with known_interrupts(), no_standard_input():  # some verbs run users' files in this process
                code = super().main(arguments, *rest, **{**settings, "standalone_mode": False})
            sys.stdout.flush()  # here, while a full disk can still be reported in one line
        except (UsageError, click.UsageError) as error:
            fail(_sentence(error), 2)
        except click.ClickException as error:
            fail(error.format_message(), 1)
        except ChildProcessError as error:  # a worker or a timing process died: killed, or out of memory
            fail(str(error), 1)
        except OSError as error:
            if error.errno not in REMEDIES and not isinstance(error, UnwritableError):
                raise
            drop_output()
            remedy = REMEDIES.get(error.errno or 0, "choose another folder (--results, --out)")
            fail(f"{error.strerror}: {error.filename or 'the output'}; {remedy}", 1)
        except (click.Abort, KeyboardInterrupt):
            verb = next((argument for argument in arguments if argument in VERBS), "")
            fail(f"interrupted: {KEPT if verb in RESUMED else LOST}", 130)
        sys.exit(code if isinstance(code, int) else 0)


def drop_output() -> None:
    """Discard what stdout still buffers: it cannot be written, and Python would try again on exit."""
    with suppress(OSError, ValueError):  # in a test, stdout is not a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str, code: int) -> NoReturn:
    """Print one line on the error stream and exit."""
    click.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(code)


def _sentence(error: UsageError | click.UsageError) -> str:
    if isinstance(error, UsageError):
        return str(error)
    where = error.ctx.command_path if error.ctx is not None else "python -m benchmark"
    message = re.sub(r"\S{200,}", lambda long: echo(long[0])[1:-1], error.format_message())  # click echoes in full
    if isinstance(error, click.NoSuchOption) and error.option_name in BEFORE_THE_VERB:
        message += f" It goes before the verb: python -m benchmark {error.option_name} ..."
    return f"{message} See: {where} --help"


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "run --encodings rope,alibi",
        "run --help",
        "-v --log-file run.log run --encodings rope,alibi",
    ),
)
@click.version_option(__version__, prog_name="position-benchmark")
@click.option("-v", "--verbose", count=True, help="Log each step to standard error; -vv: also steps of training.")
@click.option("-q", "--quiet", is_flag=True, help="No progress: as --display none, for verbs that have it.")
@click.option("--log-file", type=click.Path(dir_okay=False, path_type=Path), help="Append the whole log to a file.")
@click.pass_context
def main(ctx: click.Context, verbose: int, quiet: bool, log_file: Path | None) -> None:
    """Compare the position encodings of transformers: train, extrapolate, report.

    Which encoding, for which task, up to which length, at what cost, and how certain is that?
    """
    if verbose and quiet:
        raise UsageError("-v and -q are opposites: give one of them")
    verb = str(ctx.invoked_subcommand)
    ctx.default_map = {verb: display_of(command_of(verb), verbose, quiet=quiet)}
    ctx.with_resource(logged(verbose, log_file))
