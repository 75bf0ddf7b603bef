"""`export`: every measured value as csv, json or parquet, or a summary table as LaTeX or Markdown."""

from pathlib import Path

import click

from benchmark.cli.terminal.options import Known, stored_results
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.errors import UsageError
from benchmark.files import write_atomically

FORMATS = ("csv", "json", "latex", "markdown", "parquet")  # of reports.write.export, which loads pandas


@click.command
@click.option(
    "--format", "style", type=Known("format", FORMATS), default="csv", show_default=True, help="What to write."
)
@stored_results
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: the terminal]")
def command(style: str, results: Path, out: Path | None) -> None:
    """Export the results as csv, json, latex, markdown or parquet.

    csv, json and parquet have every value; latex is the report's summary; markdown has tasks as rows, at L and 4 L.
    """
    if style == "parquet" and out is None:
        raise UsageError("parquet is a binary format; name a file: --out results.parquet")
    if out is not None and out.exists() and not out.is_file():  # replacing a device would remove it
        raise UsageError(f"--out {str(out)!r} is not a regular file; pass a file path, or omit --out and use a pipe")
    store = stored(results)
    from benchmark.reports.write import export

    content = export.FORMATS[style](store)
    name_problems(store)
    if out is None:
        click.echo(content, nl=False)
    else:
        write_atomically(out, content)
        click.echo(f"wrote {out}", err=True)
