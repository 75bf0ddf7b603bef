"""`pack`: a results folder as one file, which every verb that reads results reads too."""

from pathlib import Path

import click

from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.errors import UsageError


@click.command(
    "pack",
    epilog=examples(
        "pack results -o results.zip",
        "pack path/to/results -o with-weights.zip --weights",
    ),
)
@click.argument("results", type=click.Path(path_type=Path), shell_complete=completion.path)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write: results.zip."
)
@click.option("--weights", is_flag=True, help="Pack the trained weights too. No verb that reads results needs them.")
def command(results: Path, out: Path, weights: bool) -> None:
    """Bundle a results folder into one file, which report, compare and the other verbs read as it is.

    A pack is a zip with the hash of every record, and where each was made. The same records give the same file.
    Unpacked by any tool, it is a results folder again.
    """
    if out.exists() and not out.is_file():  # replacing a device would remove it
        raise UsageError(f"--out {str(out)!r} is not a regular file; pass a file path")
    from benchmark.results.packing import write_pack

    store = stored(results)
    manifest, digest = write_pack(store, out, weights=weights)
    name_problems(store)
    models = len({name.split("/")[1] for name in manifest.files if name.startswith("cells/")})
    size = out.stat().st_size / 1e6
    click.echo(f"{out}: {len(manifest.files)} files of {models} models, {size:.1f} MB; manifest {digest}")
