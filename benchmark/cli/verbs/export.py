"""`export`: every value as csv, json or parquet, a summary as LaTeX or Markdown, or files for a model's page."""

import re
from pathlib import Path

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import Known, stored_results
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.errors import UsageError, echo
from benchmark.files import write_atomically

FORMATS = ("csv", "json", "latex", "markdown", "parquet")  # of reports.write.export, which loads pandas
HUB = "hf-eval-results"  # of reports.write.hub: several files


@click.command(
    epilog=examples(
        "export --format csv --out values.csv",
        "export --format latex --results results/reference.zip",
        "export --format hf-eval-results --dataset owner/name --out .eval_results",
    ),
)
@click.option(
    "--format", "style", type=Known("format", [*FORMATS, HUB]), default="csv", show_default=True, help="What to write."
)
@stored_results
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=f"File to write; of {HUB}, a folder.  [default: the terminal]",
)
@click.option("--dataset", metavar="OWNER/NAME", help=f"Of {HUB}: the Hub dataset that is the benchmark.")
def command(style: str, results: Path, out: Path | None, dataset: str | None) -> None:
    """Export the results as csv, json, latex, markdown or parquet, or for a model's page on the Hub.

    csv, json and parquet have every value; latex is the report's summary; markdown has tasks as rows, at L and 4 L;
    hf-eval-results has a YAML file per encoding, for the folder .eval_results of its model's repository.
    """
    if style == HUB:
        write_for_hub(results, out, dataset)
        return
    if dataset is not None:
        raise UsageError(f"--dataset goes with --format {HUB}, not with {style}: omit it")
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


def write_for_hub(results: Path, out: Path | None, dataset: str | None) -> None:
    """Write a file per encoding in the format of Hugging Face's evaluation results."""
    if out is None or out.is_file():
        raise UsageError(f"{HUB} writes several files; name a folder: --out .eval_results")
    if dataset is None or not re.fullmatch(r"[\w.-]+/[\w.-]+", dataset):
        given = "missing" if dataset is None else echo(dataset)
        raise UsageError(f"--dataset is {given}, but {HUB} needs the benchmark's dataset on the Hub: OWNER/NAME")
    store = stored(results)
    from benchmark.reports.words import speaking
    from benchmark.reports.write import hub
    from benchmark.reports.write.export import measured
    from benchmark.reports.write.report import of_checkpoints

    with speaking("en", documents=of_checkpoints(store)):
        files = hub.files(measured(store), dataset)
    name_problems(store)
    for name, content in files.items():
        write_atomically(out / name, content)
        click.echo(f"wrote {out / name}", err=True)
