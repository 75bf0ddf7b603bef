"""`time --suite peers` on the terminal: how many times longer the same work takes in other libraries."""

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmark.cli.terminal.table import Row, show
from benchmark.experiments.machine import default_workers
from benchmark.experiments.presets import preset
from benchmark.files import write_atomically
from benchmark.timing.side_by_side import (
    BY_HAND,
    ENCODINGS,
    OURS,
    PRESET,
    SEEDS,
    TASK,
    Case,
    Seconds,
    content,
    time_steps,
    time_whole,
)

ROUNDS_A_PAIR = 10  # one pair of whole runs for every ten rounds of a step
HALF, UNRECORDED, PRODUCT = "bfloat16", "step by step", "matrix product"
PEERS = ("x-transformers", "transformers")
PEER_COLUMNS = {
    "width": "width",
    "layers": "layers",
    "encoding": "encoding",
    OURS: "ours, ms per step",
    PEERS[0]: "x-transformers, times ours",
    PEERS[1]: "transformers, times ours",
    HALF: "ours in bfloat16, times ours",
    UNRECORDED: "ours step by step, times ours",
    PRODUCT: "ours, share of a matrix product's rate",
    "rounds": "rounds",
}


def time_peers(suite: str, results: Path, rounds: int, threads: int, device: str) -> None:
    """Time what a suite asks for, show it, and save it with the results."""
    from benchmark.experiments.cell import choose_device
    from benchmark.timing.peers import require

    require()
    place = choose_device(device).type
    steps = [] if suite == "peers-run" else list(_steps(rounds, threads, place))
    whole = {} if suite == "peers-step" else _whole(max(1, rounds // ROUNDS_A_PAIR), place)
    if steps:
        rows = [step_row(case) for case in steps]
        show(rows, {key: heading for key, heading in PEER_COLUMNS.items() if any(key in row for row in rows)})
        click.echo(about_steps(steps[0]))
    if whole:
        click.echo(about_whole(whole, place))
    now = datetime.now(UTC)
    target = results / "timing" / f"{now:%Y%m%dT%H%M%S%fZ}.json"
    write_atomically(target, json.dumps(content(now, threads, place, steps, whole), indent=1).encode())
    click.echo(f"saved: {target}")


def _steps(rounds: int, threads: int, device: str) -> Iterator[Case]:
    for case in time_steps(rounds, threads, device):
        click.echo(f"timed: a step at width {case['width']}, {case['encoding']}", err=True)
        yield case


def _whole(pairs: int, device: str) -> Seconds:
    seconds: Seconds = {BY_HAND: [], OURS: []}
    for number, (by_hand, ours) in enumerate(time_whole(pairs, device), start=1):
        seconds[BY_HAND].append(by_hand)
        seconds[OURS].append(ours)
        click.echo(f"timed: whole runs, pair {number} of {pairs}", err=True)
    return seconds


def step_row(case: Case) -> Row:
    """A row of the table: times with 95 % intervals over the rounds."""
    seconds = case["seconds"]
    row = {
        "width": case["width"],
        "layers": case["layers"],
        "encoding": case["encoding"],
        OURS: f"{statistics.median(seconds[OURS]) * 1e3:.2f}",
        PRODUCT: spelled(seconds[PRODUCT], seconds[OURS], case["operations"] / case["product_operations"]),
        "rounds": len(seconds[OURS]),
    }
    return row | {
        other: spelled(seconds[other], seconds[OURS]) for other in (*PEERS, HALF, UNRECORDED) if other in seconds
    }


def spelled(own: Sequence[float], reference: Sequence[float], scale: float = 1.0) -> str:
    """The median of own / reference over the pairs, with its 95 % interval where there is one: "1.31 [1.29, 1.34]"."""
    from benchmark.reports.stats.intervals import paired_ratio

    ratio = paired_ratio(own, reference)
    median = f"{ratio.value * scale:.2f}"
    return median if math.isnan(ratio.low) else f"{median} [{ratio.low * scale:.2f}, {ratio.high * scale:.2f}]"


def about_steps(case: Case) -> str:
    """The line below the table: what was timed, and how."""
    rate = case["product_operations"] / statistics.median(case["seconds"][PRODUCT]) / 1e9
    one, on_cpu = case["threads"] == 1, case["device"] == "cpu"
    threads = f"{case['threads']} CPU thread{'' if one else 's'}"
    return (
        f"medians over rounds, with 95 % intervals of paired ratios; {case['rows']} rows of {case['length']} "
        f"tokens, vocabulary {case['vocabulary']}, {case['heads']} heads, fused AdamW; "
        f"{threads if on_cpu else case['device']}, {'processor time' if one and on_cpu else 'wall-clock time'}; "
        f"a float32 matrix product reaches {rate:.0f} GFLOP/s"
    )


def about_whole(seconds: Seconds, device: str) -> str:
    """A sentence about the whole runs."""
    pairs = len(seconds[OURS])
    return (
        f"time to verdict: {' and '.join(ENCODINGS)} on {TASK}, evaluated at {len(preset(PRESET).multiples)} lengths: "
        f"{statistics.median(seconds[OURS]):.1f} s by `run --seeds auto` with {workers(device)}, "
        f"{statistics.median(seconds[BY_HAND]):.1f} s by hand on x-transformers, {SEEDS} seeds each: "
        f"{spelled(seconds[BY_HAND], seconds[OURS])} times ours, {pairs} pair{'s' * (pairs != 1)}"
    )


def workers(device: str) -> str:
    """The default number of workers of `run`."""
    count = default_workers(device)
    return f"{count} worker{'s' * (count != 1)}"
