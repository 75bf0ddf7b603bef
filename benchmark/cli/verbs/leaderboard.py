"""`leaderboard`: results of several people as one static page."""

from collections.abc import Sequence
from pathlib import Path

import click

from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import spoken
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.errors import UsageError
from benchmark.reports.words import t


@click.command(
    "leaderboard",
    epilog=examples(
        "leaderboard results path/to/theirs.zip",
        "leaderboard results path/to/theirs.zip -o board --lang zh",
    ),
)
@click.argument(
    "results",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="RESULTS...",
    shell_complete=completion.path,
)
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="leaderboard",
    show_default=True,
    help="Folder of the page.",
)
@spoken
def command(results: Sequence[Path], out: Path) -> None:
    """Merge the results of several people into one static page.

    RESULTS are folders or packs. Results of another protocol, other code under a known name and incomplete grids are
    refused by name. Encodings that the records do not tell apart share a group.
    """
    stores = {name: stored(path) for name, path in named(results).items()}
    from benchmark.reports.write.leaderboard import write_leaderboard

    path = write_leaderboard(stores, out)
    for store in stores.values():
        name_problems(store)
    click.echo(t("leaderboard: {path}", path=path))


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """The paths by what a page calls them: their own names, or, where two are alike, the paths as they were given."""
    if len(set(paths)) < len(paths):
        raise UsageError(f"{str(next(path for path in paths if paths.count(path) > 1))!r} is given twice: name it once")
    own = [path.resolve().name for path in paths]
    return {name if own.count(name) == 1 else str(path): path for name, path in zip(own, paths, strict=True)}
