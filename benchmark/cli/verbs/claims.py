"""`claims`: what the literature says about position encodings, and what the records say about that."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmark.api import executor_of, stages_of
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import PLAN_FORMATS, Known, executor_settings, spoken, stored_results
from benchmark.cli.terminal.progress import display, trouble
from benchmark.cli.terminal.stored import name_problems
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.errors import UsageError, echo
from benchmark.experiments.request import Request
from benchmark.experiments.runs import command as command_line
from benchmark.experiments.runs import execute, went_wrong
from benchmark.experiments.settings import Settings
from benchmark.experiments.settings import folder as writable
from benchmark.reports.words import later, listed, said, speaking, t
from benchmark.reports.words import sentences as paragraph
from benchmark.results.pack import is_pack
from benchmark.results.store import Store

CLAIM_COLUMNS = {
    "claim": later("claim"),
    "verdict": later("verdict"),
    "criterion": later("criterion"),
    "value": later("value [95 % interval]"),
    "threshold": later("threshold"),
    "source": later("source"),
}


@click.command(
    epilog=examples(
        "claims",
        "claims T5 A12 --run",
        "claims --results results/reference.zip --out claims-page",
        "claims examples/my_claim.py --format json",
    ),
)
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option("--run", "train", is_flag=True, help="Train what is missing for these claims, then judge them.")
@stored_results
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the page to as well (index.html, report.md).  [default: none]",
)
@spoken
@executor_settings
@click.option(
    "--format",
    "form",
    type=Known("format", PLAN_FORMATS),
    default="table",
    show_default=True,
    help="A table for people, or csv or json for programs.",
)
@click.pass_context
def command(
    ctx: click.Context,
    claims: tuple[str, ...],
    train: bool,
    results: Path,
    out: Path | None,
    settings: Mapping[str, Any],
    form: str,
) -> None:
    """Judge published claims about position encodings by the records, and say what would decide the others.

    Claims are named by id (T5) or by a file of your own; without a name, all are judged. Those that follow from a
    formula are measured on the spot, in seconds, and kept in the results folder. The others are judged from the records
    that are there; with --run, what they lack is trained first.
    """
    from benchmark.claims.registry import chosen

    asked = chosen(claims)
    if train and not claims:
        raise UsageError("--run trains for days if no claim is named: name some, such as T1 T5")
    if results.suffix == ".zip" and not results.exists():
        raise UsageError(f"--results {echo(str(results))}: no such pack; name a folder of records, or an existing .zip")
    packed = is_pack(results)
    store = Store(writable(results) if train or not packed else results)
    from benchmark.claims.ledger import ledger
    from benchmark.claims.measuring import measure, missing

    unmeasured = missing(asked, store)  # before anything is trained: it refuses a measurement without a source file
    wrong = _train(asked, store, Settings.read(**settings), "none" if form != "table" else "auto") if train else []
    # A pack is only read: what it lacks is measured beside it, and not kept.
    own = Store(Path(ctx.with_resource(TemporaryDirectory()))) if packed else store
    store = Store.merged([store, own]) if packed else store
    for claim in unmeasured:
        click.echo(t("measuring {name}", name=claim.id), err=True)
        measure(claim, own)
    judged = ledger(asked, store)
    _show(judged, form)
    if out is not None:
        _write(judged, store, out)
    name_problems(store)
    for line in map(trouble, wrong):
        click.echo(line, err=True)
    ctx.exit(1 if wrong else 0)


def _train(claims: Sequence[Any], store: Store, settings: Settings, style: str) -> list[str]:
    """Run whatever the claims' runs lack; the cells that failed, a line each."""
    wrong: list[str] = []
    # All are planned before the first is executed: a missing checkpoint must not end the call after hours of training.
    # Each looks up what the store lacks only when it is executed, so what two of them share is trained once.
    planned = [
        (request, stages_of(request, store), executor_of(request, settings, store)) for request in _requests(claims)
    ]
    for request, stages, executor in planned:
        click.echo(command_line(request), err=True)
        with display(style) as shown:
            for event in execute(stages, store, executor):
                shown(event)
        wrong += went_wrong(stages.reached, store)
    return wrong


def _write(judgements: Sequence[Any], store: Store, out: Path) -> None:
    """Write the page, and say where."""
    from benchmark.claims.moves import moves
    from benchmark.claims.page import build
    from benchmark.reports.write.report import write

    paths = write(build(judgements, moves(judgements, store)), out)
    click.echo(t("report: {path}", path=paths.html), err=True)


def _requests(claims: Sequence[Any]) -> list[Request]:
    """The runs that trained claims need, each once."""
    found = [request for claim in claims for request in getattr(claim.evidence, "needs", ())]
    return list({command_line(request): request for request in found}.values())


def _show(judgements: Sequence[Any], form: str) -> None:
    from benchmark.claims import sentences

    if form != "table":
        with speaking("en"):
            rows = [row for judgement in judgements for row in sentences.rows_for_programs(judgement)]
        _for_programs(rows, form)
        return
    show([row for judgement in judgements for row in rows_of(judgement)], CLAIM_COLUMNS)
    for judgement in judgements:
        _explain(judgement)
    click.echo(_counted(judgements))


def rows_of(judgement: Any) -> Iterator[Row]:
    """A row for each criterion of a claim, for people."""
    from benchmark.claims import sentences

    for row, finding in zip(sentences.rows_for_programs(judgement), judgement.findings or (None,), strict=True):
        yield {
            **row,
            "verdict": sentences.VERDICTS[judgement.word],
            "value": sentences.value_of(finding) if finding else "",
            "threshold": sentences.thresholds(finding.criterion) if finding else "",
        }


def _for_programs(rows: Sequence[dict[str, Any]], form: str) -> None:
    if form == "json":
        show_json(rows)
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "runs": " && ".join(row["runs"])} for row in rows)


def _explain(judgement: Any) -> None:
    """Below the table: what would decide a claim, and what other settings say."""
    from benchmark.claims import sentences

    lines = [sentences.decides(judgement), *sentences.elsewhere(judgement), *sentences.runs_for(judgement)]
    for number, line in enumerate(filter(None, lines)):
        click.echo(f"  {line}" if number else t("{name}: {what}", name=judgement.claim.id, what=line))


def _counted(judgements: Sequence[Any]) -> str:
    from benchmark.claims.judging import is_trained
    from benchmark.claims.sentences import VERDICTS

    tested = sum(is_trained(judgement.claim) and judgement.measured for judgement in judgements)
    words = [judgement.word for judgement in judgements]
    counts = listed(f"{words.count(word)} {VERDICTS[word]}" for word in dict.fromkeys(words))
    message = later("1 claim: {counts}.") if len(words) == 1 else later("{n} claims: {counts}.")
    told = said(message).format(n=len(words), counts=counts)
    if tested < 2:
        return told
    error = t(
        "Of {tested} judged from trained models together, the chance that any is wrongly called reproduced or refuted "
        "is at most 5 % (Holm).",
        tested=tested,
    )
    return paragraph(told, error)
