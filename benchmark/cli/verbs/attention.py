"""`attention`: what each head of a trained model attends to in a given sentence."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.file_names import file_name
from benchmark.cli.terminal.options import (
    Known,
    encoding_name,
    folder,
    preset_name,
    results_folder,
    spoken,
    text_encoding,
)
from benchmark.cli.terminal.progress import DISPLAYS, display
from benchmark.errors import UsageError, echo
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.pool import Pool
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Rounds
from benchmark.experiments.runs import execute
from benchmark.experiments.settings import DEVICES
from benchmark.reports.words import t
from benchmark.results.record import MeasuredRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import TUNING_SEEDS_FROM
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.tasks.corpus import Corpus

LONGEST = 400  # characters; beyond it, the words on the axes are illegible


@click.command(
    "attention",
    epilog=examples(
        'attention --text "关羽温酒斩华雄"',
        "attention --encoding alibi --format svg --out reports/alibi",
        "attention --encoding rope:base=500000 --corpus path/to/novel.txt",
    ),
)
@encoding_name
@click.option("--text", default="", help="The sentence.  [default: one of the held-out chapters]")
@preset_name
@click.option(
    "--corpus",
    default=None,
    shell_complete=completion.corpora,
    help="sanguo, shuihu, or the path of a text.  [default: the preset's]",
)
@text_encoding
@click.option(
    "--seed",
    type=click.IntRange(0, TUNING_SEEDS_FROM - 1),
    default=0,
    show_default=True,
    help="Seed of the trained model.",
)
@results_folder
@folder("--out", "reports/attention", "Folder of the figures.")
@click.option("--format", "style", type=Known("format", ["png", "svg"]), default="png", show_default=True)
@click.option("--device", type=Known("device", DEVICES), default="auto", show_default=True)
@click.option("--display", "shown", type=Known("display", DISPLAYS), default="auto", show_default=True)
@spoken
def command(
    encoding: str,
    text: str,
    preset: str,
    corpus: str | None,
    text_encoding: str | None,
    seed: int,
    results: Path,
    out: Path,
    style: str,
    device: str,
    shown: str,
) -> None:
    """Draw what each head attends to in a sentence.

    The model of the corpus task is trained first, unless the results folder already has it. One figure per trained
    length: a heatmap for each head and layer, with the words on both axes.
    """
    if len(text) > LONGEST:
        raise UsageError(f"--text has {len(text)} characters, but at most {LONGEST} can be drawn: give a shorter one")
    if text and not text.strip():
        raise UsageError(f"--text {echo(text)} has no words: give a sentence, or omit --text")
    request = Request(
        encodings=encoding,
        tasks="corpus",
        preset=preset,
        seeds=(seed,),
        multiples=(1,),
        corpus=corpus,
        text_encoding=text_encoding,
    )
    plan = make_plan(request)
    plan = plan.model_copy(update={"cells": tuple(_looking_at(cell, text) for cell in plan.cells)})
    store = Store(results)
    with display(shown) as show:
        for event in execute([Rounds(plan)], store, Pool(store=store, device=device), retry_failed=True):
            show(event)
    for cell in plan.cells:
        click.echo(_draw(cell, store, out, style))


def _looking_at(cell: Cell, text: str) -> Cell:
    """The cell with attention on the text as its only measurement."""
    measures = tuple(
        measure.model_copy(
            update={
                "evaluations": (),
                "probes": tuple(probe.model_copy(update={"text": text}) for probe in measure.probes),
            }
        )
        for measure in cell.measures
    )
    return cell.model_copy(update={"measures": measures})


def _why(record: TrainRecord | MeasuredRecord | None) -> str:
    """Why a record has no result."""
    from benchmark.reports.phrases import explained

    return explained(record.reason or "") if record is not None else ""


def _draw(cell: Cell, store: Store, out: Path, style: str) -> str:
    """Draw the probes of a cell; the paths of the figures, one per line."""
    from benchmark.reports.draw.attention import attention
    from benchmark.reports.draw.canvas import save
    from benchmark.reports.tables.probes import probe_of

    trained = store.train(cell.train.key)
    if trained is None or trained.status != "ok":
        raise click.ClickException(f"{cell.label}: {_why(trained) or t('no model was trained')}")
    paths, corpus = [], _corpus(cell)
    for spec in (spec for measure in cell.measures for spec in measure.probes):
        record = store.measured(spec.key, cell.train.key)
        if not isinstance(record, ProbeRecord) or record.status != "ok":
            raise click.ClickException(f"{cell.label}: {_why(record) or t('the sentence was not read')}")
        probe = probe_of(store, trained, record)
        if probe is None:
            raise click.ClickException(f"{cell.label}: {store.problems[-1]}")
        name = f"{file_name(spec.encoding.label)}-seed{cell.train.init_seed}-{spec.key[:8]}.{style}"
        figure = attention(
            probe, spelled=corpus.spelled(record.spec.text), without_id=corpus.without_id(record.spec.text)
        )
        paths.append(str(save(figure, out / name)))
    return "\n".join(paths)


def _corpus(cell: Cell) -> "Corpus":
    """The text that the model of a cell was trained on."""
    from benchmark.experiments.cell import make_task
    from benchmark.tasks.language import Corpus as Reading

    task = make_task(cell)
    assert isinstance(task, Reading)
    return task.corpus
