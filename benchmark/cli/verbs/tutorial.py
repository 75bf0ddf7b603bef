"""`tutorial`: the tutorial's own experiment, on passages about 《水浒传》."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.file_names import file_name
from benchmark.cli.terminal.options import encoding_name, folder, spoken
from benchmark.errors import UsageError, echo
from benchmark.reports.words import later, listed, said, t

if TYPE_CHECKING:
    from benchmark.tutorial.experiment import TutorialResult

EVERY = 50  # epochs between two lines
WHAT_IT_SHOWS = later(
    "What this shows: what attention looks like here, and whether it depends only on distance. "
    "What it cannot show: extrapolation, since it reconstructs three training passages and never sees longer or "
    "held-out text. For that: python -m benchmark run"
)


@click.command(
    "tutorial",
    epilog=examples(
        "tutorial",
        "tutorial --encoding sinusoidal --epochs 50",
    ),
)
@encoding_name
@click.option("--epochs", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Training steps.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Seed of the words and weights."
)
@folder("--out", "reports/tutorial", "Folder of the figures.")
@spoken
def command(encoding: str, epochs: int, seed: int, out: Path) -> None:
    """Reproduce the tutorial's experiment: attention that reconstructs Chinese sentences.

    One attention layer (width 32, 4 heads) learns to reconstruct the embedded words of three passages. One figure per
    passage, with a heatmap for each head.
    """
    from benchmark.encodings import CATALOGUE
    from benchmark.experiments.cell import refuse_bad_values
    from benchmark.tutorial.experiment import experiment, passages
    from benchmark.tutorial.figure import draw

    choices = CATALOGUE.parse(encoding)
    if len(choices) != 1:
        raise UsageError(f"--encoding {echo(encoding)} names {len(choices)} encodings, but the tutorial uses one")
    (choice,) = choices
    outcome = refuse_bad_values(lambda: experiment(choice, passages(), epochs=epochs, seed=seed))
    if not math.isfinite(outcome.losses[-1]):
        message = t("{encoding}: the loss is not finite after {n} epochs", encoding=choice.label, n=epochs)
        raise click.ClickException(message)
    for line in lines(choice.label, outcome):
        click.echo(line)
    for number, seen in enumerate(outcome.passages, start=1):
        path = draw(choice.label, seen, seed, out / f"{file_name(choice.label)}-{number}.png")
        click.echo(t("{title} ({n} words): {path}", title=seen.title, n=len(seen.words), path=path))
    click.echo(said(WHAT_IT_SHOWS))


def lines(label: str, outcome: "TutorialResult") -> Iterator[str]:
    """The losses, and facts about the weights."""
    from benchmark.tutorial.experiment import SHIFT

    if outcome.causal:
        yield t(
            "{encoding} is not defined for words ahead: each word sees itself and the words before it", encoding=label
        )
    for epoch, loss in enumerate(outcome.losses):
        if epoch % EVERY == 0 or epoch == len(outcome.losses) - 1:
            yield t("epoch {n:>4}  mean squared error {loss:.4f}", n=epoch, loss=loss)
    yield t("predicting zeros would cost about 1")
    if outcome.shift_change is None:
        yield t("all positions shifted by {n}: {encoding} ends before that", n=SHIFT, encoding=label)
    else:
        yield t(
            "all positions shifted by {n}: the weights change by at most {change:.1e}",
            n=SHIFT,
            change=outcome.shift_change,
        )
    yield t(
        "mean weight of a word on itself, by head: {heads}   (uniform attention: {chance:.2f})",
        heads=listed(f"{share:.2f}" for share in outcome.to_itself),
        chance=outcome.by_chance,
    )
