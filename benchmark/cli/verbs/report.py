"""`report`: index.html and report.md from the results on disk."""

from pathlib import Path

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import (
    figures_format,
    reference_encoding,
    reports_folder,
    spoken,
    stored_results,
)
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.reports.words import t


@click.command(
    epilog=examples(
        "report",
        "report --results results/reference.zip --out reports/reference",
        "report --reference alibi --lang zh",
        "report --figures pdf",
    ),
)
@stored_results
@reports_folder
@reference_encoding
@figures_format
@spoken
def command(results: Path, out: Path, reference: str | None, figures: str | None) -> None:
    """Write the report (index.html, report.md) from the results on disk."""
    store = stored(results).held()
    from benchmark.claims.page import section
    from benchmark.experiments.reproduce import command_for
    from benchmark.reports.write.report import write_report

    paths = write_report(
        store,
        out,
        command=command_for(store),
        reference=reference,
        figures=figures,
        claims=section,
    )
    name_problems(store)
    click.echo(t("report: {path}", path=paths.html))
    if paths.printed:
        click.echo(t("figures: {n} files in {folder}", n=len(paths.printed), folder=paths.printed[0].parent))
