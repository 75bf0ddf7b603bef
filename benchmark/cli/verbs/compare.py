"""`compare A B`: two encodings at each length, or everything that two folders hold, by each task's headline metric."""

from contextlib import suppress
from pathlib import Path

import click

from benchmark.cli.terminal.options import Amount, Known, results_folder
from benchmark.cli.terminal.two_encodings import compare_encodings
from benchmark.cli.terminal.two_folders import compare_folders
from benchmark.errors import UsageError


@click.command
@click.argument("first")
@click.argument("second")
@results_folder
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the figures and the tables.")
@click.option("--margin", type=Amount(), default=None, help="Of two folders: what counts.  [default: the metric's own]")
@click.option("--fail-on-regression", is_flag=True, help="Of two folders: exit code 1 if something got worse.")
@click.option(
    "--display", "style", type=Known("display", ["auto", "rich", "plain", "json"]), default="auto", show_default=True
)
@click.pass_context
def command(
    ctx: click.Context,
    first: str,
    second: str,
    results: Path,
    out: Path | None,
    margin: float | None,
    fail_on_regression: bool,
    style: str,
) -> int:
    """Compare two encodings, two results folders or two reports: what differs, and how sure that is.

    FIRST and SECOND are encodings as a run names them: rope alibi, or rope rope:base=500000. Or they are folders, the
    older first: of results, or of a report.

    Exit code 0; 1 with --fail-on-regression, if something got worse by more than --margin: shown by the test, or on
    every common seed where these are too few for one and the machine is the same, or a value that is gone; 2: wrong
    use, or nothing to compare.
    """
    folders = [name for name in (first, second) if is_folder(name)]
    if len(folders) == 1:
        raise UsageError(
            f"{folders[0]!r} is a folder and {second if folders[0] == first else first!r} is none: name two encodings, "
            "or two folders, of results or of reports"
        )
    if folders:
        if ctx.get_parameter_source("results") is not click.core.ParameterSource.DEFAULT:
            raise UsageError("--results is for two encodings; two folders stand for themselves")
        return compare_folders(Path(first), Path(second), out, margin, style, fail=fail_on_regression)
    if fail_on_regression or margin is not None:
        raise UsageError("--fail-on-regression and --margin are for two folders, of results or of reports")
    compare_encodings(first, second, results, out, style)
    return 0


def is_folder(name: str) -> bool:
    """Whether a name is a folder's or a file's, and not an encoding's. Encodings come first: ./rope is a folder."""
    from benchmark.encodings import CATALOGUE

    if name.partition(":")[0] in CATALOGUE.names() or name.endswith(".py"):
        return False
    with suppress(OSError, ValueError):  # no name that a file could have
        return "/" in name or Path(name).exists()
    return False
