"""`time --suite checkpoint` on the terminal: reading long rows with a checkpoint, here and by transformers itself."""

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmark.catalogue import Choice
from benchmark.checkpoints.rope import refuse_untrained
from benchmark.checkpoints.source import find, require
from benchmark.cli.terminal.peers import spelled
from benchmark.cli.terminal.table import Row, show
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.cell import choose_device
from benchmark.files import write_atomically
from benchmark.results.environment import environment
from benchmark.timing.processes import told
from benchmark.timing.reading import OURS, SCORED, THEIRS, Asked
from benchmark.timing.side_by_side import kept

SHAPE = Shape(width=64, heads=4, layers=2, train_length=64)  # whether a checkpoint can take an encoding shows in any
ROUNDS_A_ROW = 10  # requested rounds per row read, since these rounds take seconds rather than milliseconds

READING_COLUMNS = {
    "length": "length",
    "encoding": "encoding",
    "precision": "precision",
    OURS: "ours, s per row",
    "rate": "ours, tokens/s",
    THEIRS: "transformers, times ours",
    "rounds": "rounds",
}


def time_reading(
    checkpoint: str | None,
    encodings: Sequence[Choice],
    lengths: Sequence[int],
    rounds: int,
    threads: int,
    device: str,
    results: Path,
) -> None:
    """Time every case in a process of its own, show the table, and save the rounds with the results."""
    require()
    # Refused here, in one line, and not by the process.
    if checkpoint is not None:
        find(checkpoint)
    for choice in encodings:
        refuse_untrained(make(choice, SHAPE), choice.label)
    asked = Asked(
        checkpoint=checkpoint,
        encodings=tuple(choice.label for choice in encodings),
        lengths=tuple(lengths),
        rounds=max(1, rounds // ROUNDS_A_ROW),
        threads=threads,
        device=choose_device(device).type,
    )
    found = list(_measured(asked))
    show([row_of(case) for case in found], READING_COLUMNS)
    click.echo(about(asked))
    target = results / "timing" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
    write_atomically(target, json.dumps(content(asked, found), indent=1).encode())
    click.echo(f"saved: {target}")


def content(asked: Asked, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The content of the file: every round, in the format of the other timing files."""
    names = [f"reading {case['length']} tokens, {case['encoding']}, {case['precision']}" for case in found]
    return {
        "datetime": datetime.now(UTC).isoformat(),
        "environment": environment(asked.device, asked.threads).model_dump(mode="json"),
        "benchmarks": [kept(name, case["seconds"], case) for name, case in zip(names, found, strict=True)],
    }


def _measured(asked: Asked) -> Iterator[dict[str, Any]]:
    text = json.dumps(asdict(asked))
    for case in told("the timing of a checkpoint", ["benchmark.timing.reading"], text, threads=asked.threads):
        click.echo(f"timed: {case['length']} tokens, {case['encoding']}, {case['precision']}", err=True)
        yield case


def row_of(case: dict[str, Any]) -> Row:
    """A row of the table: medians over rounds."""
    seconds = case["seconds"]
    median = statistics.median(seconds[OURS])
    return {
        **{key: case[key] for key in ("length", "encoding", "precision")},
        OURS: f"{median:.2f}",
        "rate": f"{case['length'] / median:.0f}",
        THEIRS: spelled(seconds[THEIRS], seconds[OURS]),
        "rounds": len(seconds[OURS]),
    }


def about(asked: Asked) -> str:
    """The line below the table: what was timed, and how."""
    one, on_cpu = asked.threads == 1, asked.device == "cpu"
    model = asked.checkpoint or "random weights, the size of SmolLM2-135M"
    where = f"{asked.threads} CPU thread{'s' * (not one)}" if on_cpu else asked.device
    return (
        f"{model}; logits of the last {SCORED} tokens; transformers: its fused attention and the model's own rope; "
        f"{where}, {'processor time' if one and on_cpu else 'wall-clock time'}"
    )
