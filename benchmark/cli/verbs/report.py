"""`report`: index.html and report.md from the results on disk."""

from pathlib import Path

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import (
    figures_format,
    reference_encoding,
    report_language,
    reports_folder,
    stored_results,
)
from benchmark.cli.terminal.stored import name_problems, stored


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
@report_language
@figures_format
def command(results: Path, out: Path, reference: str | None, language: str, figures: str | None) -> None:
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
        language=language,
        figures=figures,
        claims=section,
    )
    name_problems(store)
    click.echo(f"report: {paths.html}")
    if paths.printed:
        click.echo(f"figures: {len(paths.printed)} files in {paths.printed[0].parent}")
