"""`compare A B`: two encodings at each length, or everything that two folders hold, by each task's headline metric."""

from contextlib import suppress
from pathlib import Path

import click

from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import Amount, Known, figures_format, spoken, stored_results
from benchmark.cli.terminal.two_encodings import compare_encodings
from benchmark.cli.terminal.two_folders import compare_folders
from benchmark.errors import UsageError


@click.command(
    epilog=examples(
        "compare rope alibi",
        'compare rope "rope:base=1e3|1e5" --out figures --figures pdf',
        "compare path/to/results-a path/to/results-b --fail-on-regression",
        "compare path/to/report-a path/to/report-b --display json",
    ),
)
@click.argument("first", shell_complete=completion.encoding_or_folder)
@click.argument("second", shell_complete=completion.encoding_or_folder)
@stored_results
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the figures and the tables.")
@figures_format
@click.option(
    "--margin",
    type=Amount(),
    default=None,
    help="For two folders: the smallest change that counts.  [default: the metric's own]",
)
@click.option("--fail-on-regression", is_flag=True, help="For two folders: exit code 1 if something got worse.")
@click.option(
    "--display", "style", type=Known("display", ["auto", "rich", "plain", "json"]), default="auto", show_default=True
)
@spoken
@click.pass_context
def command(
    ctx: click.Context,
    first: str,
    second: str,
    results: Path,
    out: Path | None,
    figures: str | None,
    margin: float | None,
    fail_on_regression: bool,
    style: str,
) -> int:
    """Compare two encodings, two results folders or two reports: what differs, and how certain that is.

    FIRST and SECOND are either encodings, named as for a run (rope alibi, or rope rope:base=500000), or folders of
    results or reports, the older one first. A sweep compares each of its encodings: rope "rope:base=1e3|1e5".

    Exit code 0 unless noted. 1 with --fail-on-regression if something got worse by more than --margin: shown to be
    worse on most seeds, or worse on every common seed on the same machine, or because a value has disappeared. 2: usage
    error, or nothing to compare.
    """
    folders = [name for name in (first, second) if is_folder(name)]
    if len(folders) == 1:
        raise UsageError(
            f"{folders[0]!r} is a folder, but {second if folders[0] == first else first!r} is not: name two encodings, "
            "or two folders of results or reports"
        )
    if figures is not None and (folders or out is None):
        raise UsageError(
            f"--figures {figures} writes the figures of two encodings into the folder of --out: "
            + ("two folders have none" if folders else "add --out FOLDER")
        )
    if folders:
        if ctx.get_parameter_source("results") is not click.core.ParameterSource.DEFAULT:
            raise UsageError("--results goes with two encodings; two folders are compared as they are")
        return compare_folders(Path(first), Path(second), out, margin, style, fail=fail_on_regression)
    if fail_on_regression or margin is not None:
        raise UsageError("--fail-on-regression and --margin only apply to two folders of results or reports")
    compare_encodings(first, second, results, out, figures, style)
    return 0


def is_folder(name: str) -> bool:
    """True if a name means a folder or a file. Encodings take precedence: write ./rope for a folder named rope."""
    from benchmark.encodings import CATALOGUE

    if name.partition(":")[0] in CATALOGUE.names() or name.endswith(".py"):
        return False
    with suppress(OSError, ValueError):  # not a possible file name
        return "/" in name or Path(name).exists()
    return False
