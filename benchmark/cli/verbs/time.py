"""`time`: run the package's pytest-benchmark suite in a separate process and show the ratios."""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from benchmark.catalogue.grammar import WIDE
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import CHANGES, Known, changes, results_folder, text_encoding
from benchmark.cli.terminal.sampling import show_sampling
from benchmark.cli.terminal.table import Row, show
from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError, echo
from benchmark.experiments.changes import Changes, option_of
from benchmark.experiments.presets import QUICK
from benchmark.experiments.request import Request
from benchmark.experiments.settings import DEVICES
from benchmark.files import write_atomically

SUITE = Path(__file__).parents[2] / "timing"
TIMING_COLUMNS = {
    "operation": "operation",
    "length": "length",
    "encoding": "encoding",
    "median": "median",
    "ratio": "ratio to none",
    "interval": "95 % interval",
    "rounds": "rounds",
}
LONGEST = 2**20  # tokens
PASSED, FAILED, INTERRUPTED = 0, 1, 2  # pytest's exit codes
PEERS = ("peers", "peers-step", "peers-run")
SUITES = ("encodings", "tasks", "cells", "records", "executors", "checkpoint", *PEERS)
SIZES = {"width", "heads", "layers"}
READING = {"encodings": "rope", "lengths": "2048,8192,16384"}  # the defaults of the suite checkpoint
HEEDED = {  # the options of each suite
    "encodings": {"encodings", "lengths", "results", "rounds", "threads", "device", *SIZES},
    "tasks": {"tasks", "rounds", "threads", "train_length", "batch", "text_encoding"},
    "cells": {"encodings", "tasks", "rounds", "text_encoding", *CHANGES},
    "records": set(),
    "executors": {"rounds"},
    "checkpoint": {"checkpoint", "encodings", "lengths", "results", "rounds", "threads", "device"},
    **{suite: {"results", "rounds", "threads", "device"} for suite in PEERS},
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request for timings."""

    encodings: str
    lengths: tuple[int, ...]
    rounds: int
    device: str  # cpu, cuda or mps
    width: int
    heads: int
    layers: int
    threads: int

    def options(self) -> list[str]:
        """The suite's command-line options."""
        values = {**vars(self), "lengths": ",".join(map(str, self.lengths))}
        return [f"--{name}={value}" for name, value in values.items()]


@click.command(
    "time",
    epilog=examples(
        "time --encodings rope,alibi --lengths 256,1024",
        "time --suite tasks --tasks copy,corpus",
        "time --suite cells --encodings rope,alibi --rounds 20",
    ),
)
@click.option(
    "--suite",
    type=Known("suite", SUITES),
    default="encodings",
    show_default=True,
    help="tasks: how fast rows are drawn; cells: the parts of whole cells; records: what plans and reports of up to "
    "10,000 cells take; executors: what the pool and Ray add to a cell; checkpoint: the reading of long rows with a "
    "pretrained model; peers: a step and a whole run next to other libraries (peers-step, peers-run).",
)
@click.option(
    "--tasks",
    default="all",
    show_default=True,
    shell_complete=completion.tasks,
    help="With --suite tasks or cells: names, groups or files.",
)
@click.option(
    "--encodings",
    default="classic",
    show_default=True,
    shell_complete=completion.encodings,
    help="Names, groups or files.",
)
@click.option("--lengths", default="64,256,1024", show_default=True, help="Lengths in tokens.")
@results_folder
@click.option("--rounds", type=click.IntRange(2, 100_000), default=20, show_default=True, help="Rounds of each case.")
@click.option("--device", type=Known("device", DEVICES), default="auto", show_default=True)
@changes()
@text_encoding
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads on the CPU.")
@click.option("--checkpoint", help="With --suite checkpoint: a folder or .gguf file, instead of random weights.")
@click.pass_context
def command(
    ctx: click.Context,
    suite: str,
    tasks: str,
    encodings: str,
    lengths: str,
    results: Path,
    rounds: int,
    device: str,
    changes: Mapping[str, str | None],
    text_encoding: str | None,
    threads: int,
    checkpoint: str | None,
) -> int:
    """Time the forward, backward and decoding passes of encodings, interleaved with `none`.

    Each round of an encoding is paired with a round of `none` immediately before it; the ratio is the median over
    these pairs. The result file has pytest-benchmark's own format: pytest-benchmark compare FILE.

    The model is that of the preset `quick` unless you change its size. --suite tasks times how fast tasks draw their
    training rows instead. --suite cells shows where the time of whole
    cells goes (by default, the preset's four tasks), with one round for every ten requested. --suite executors runs
    200 empty cells and 24 of the preset `smoke` through the pool and through Ray, as often. The peers suites time
    the same work here and in other libraries, which the extra `peers` installs; every ten rounds of a step come with
    one pair of whole runs, which takes minutes. --suite checkpoint reads long rows with a pretrained model, here and by
    transformers' own forward pass, with one round for every ten requested; by default with `rope`, at 2,048, 8,192 and
    16,384 tokens.
    """
    refuse_others(ctx, suite)
    own = Changes.read(changes)
    if suite == "tasks":
        show_sampling(tasks, rounds, threads, own, text_encoding)
        return 0
    if suite == "cells":
        from benchmark.cli.terminal.cells import time_cells

        given_tasks = ctx.get_parameter_source("tasks") is not ParameterSource.DEFAULT
        request = Request(
            encodings=encodings,
            tasks=tasks if given_tasks else None,
            seeds=(0,),
            text_encoding=text_encoding,
            changes=own,
        )
        time_cells(request, rounds)
        return 0
    if suite == "records":
        from benchmark.cli.terminal.records import time_records

        time_records()
        return 0
    if suite == "executors":
        from benchmark.cli.terminal.executors import time_executors

        time_executors(rounds)
        return 0
    if suite == "checkpoint":
        from benchmark.cli.terminal.reading import time_reading

        given = {name for name in READING if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}
        names = CATALOGUE.parse(encodings if "encodings" in given else READING["encodings"])
        tokens = parse_lengths(lengths if "lengths" in given else READING["lengths"])
        time_reading(checkpoint, names, tokens, rounds, threads, device, results)
        return 0
    if suite != "encodings":
        from benchmark.cli.terminal.peers import time_peers

        time_peers(suite, results, rounds, threads, device)
        return 0
    from benchmark.experiments.cell import choose_device

    model = own.model(QUICK.model)
    asked = Asked(
        encodings=encodings,
        lengths=parse_lengths(lengths),
        rounds=rounds,
        device=choose_device(device).type,
        width=model.width,
        heads=model.heads,
        layers=model.layers,
        threads=threads,
    )
    check(asked)
    target = results / "timing" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
    with tempfile.TemporaryDirectory() as scratch:
        code = run_suite(asked, Path(scratch))
        content = read_result(Path(scratch))
    if content["benchmarks"]:
        write_atomically(target, json.dumps(content, indent=1).encode())
    show(rows(content), TIMING_COLUMNS)
    for line in remarks(asked, content):
        click.echo(line)
    if content["benchmarks"]:
        click.echo(f"saved: {target}   (pytest-benchmark compare {target})")
    return 1 if code == FAILED else 0


def refuse_others(ctx: click.Context, suite: str) -> None:
    """Refuse options that a suite would ignore."""
    for name in ctx.params.keys() - HEEDED[suite] - {"suite"}:
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            options = ", ".join(option_of(each) for each in sorted(HEEDED[suite])) or "none"
            raise UsageError(f"{option_of(name)} is not an option of --suite {suite}, which takes {options}: omit it")


def parse_lengths(text: str) -> tuple[int, ...]:
    """Lengths in tokens from "64,256", sorted and without duplicates."""
    try:
        lengths = {int(part) for part in text.translate(WIDE).split(",")}
    except ValueError:
        raise UsageError(f"--lengths {echo(text)}: write whole numbers separated by commas, such as 64,256") from None
    if min(lengths) < 1 or max(lengths) > LONGEST:
        raise UsageError(f"--lengths {echo(text)}: a length is at least 1 token, and at most {LONGEST}")
    return tuple(sorted(lengths))


def check(asked: Asked) -> None:
    """Refuse a size or a parameter that an encoding cannot be built with, before anything is timed."""
    from benchmark.encodings import make
    from benchmark.encodings.encoding import Shape
    from benchmark.experiments.cell import refuse_bad_values
    from benchmark.timing.operations import DIGITS, MARKS

    for choice in CATALOGUE.parse(asked.encodings):
        for length in asked.lengths:
            size = {"width": asked.width, "heads": asked.heads, "layers": asked.layers, "train_length": length}
            shape = partial(Shape, **size, digits=DIGITS, marks=MARKS)
            refuse_bad_values(lambda choice=choice, shape=shape: make(choice, shape()))  # type: ignore[misc]


def run_suite(asked: Asked, scratch: Path) -> int:
    """Run the suite with its progress on the error stream and its result in `scratch`; pytest's exit code."""
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *pytest_options(scratch), *asked.options(), str(SUITE)],
        env=environment(asked.threads),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            for line in process.stdout or ():
                click.echo(line.rstrip().partition("test_speed.py::")[2] or line.rstrip(), err=True)
        except KeyboardInterrupt:
            process.terminate()  # if only this process was interrupted
            raise
    if process.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if process.returncode not in (PASSED, FAILED):
        raise click.ClickException(f"the timing suite could not run (pytest exit code {process.returncode}); see above")
    return process.returncode


def pytest_options(scratch: Path) -> list[str]:
    """Options that ignore the current folder's pytest settings and write only to the scratch folder."""
    return [
        *("-q", "--tb=line", "--disable-warnings", "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin"),
        *("-c", os.devnull, "--rootdir", str(SUITE.parents[1]), "--confcutdir", str(SUITE)),
        *("-o", "verbosity_test_cases=1", "--benchmark-quiet", "--benchmark-disable-gc"),
        f"--benchmark-json={scratch / 'result.json'}",
        f"--benchmark-storage=file://{scratch / 'storage'}",
    ]


def environment(threads: int) -> dict[str, str]:
    """The environment of the process: the threads; no other pytest plugins or options; no bytecode files."""
    mine = {
        "OMP_NUM_THREADS": str(threads),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    others = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return {**others, **mine}


def read_result(scratch: Path) -> dict[str, Any]:
    """The file that pytest-benchmark wrote, if anything could be timed."""
    path = scratch / "result.json"
    if not path.is_file():
        return {"benchmarks": [], "unsupported": None}
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def rows(content: dict[str, Any]) -> list[Row]:
    """The table's rows: times in a readable unit, and the ratio with its interval."""
    from benchmark.reports.tables.timings import timing_table
    from benchmark.results.files import Folder

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "timing").mkdir()
        (Path(folder) / "timing" / "result.json").write_text(json.dumps(content))
        table = timing_table(Folder(Path(folder)), [])
    return [_row(row) for row in table.to_dict("records")]


def _row(row: dict[Any, Any]) -> Row:
    known = not math.isnan(row["low"])
    return {
        "operation": row["operation"],
        "length": row["length"],
        "encoding": row["encoding"],
        "median": duration(row["seconds"]),
        "ratio": f"{row['ratio']:.2f}",
        "interval": f"{row['low']:.2f} to {row['high']:.2f}" if known else None,
        "rounds": row["rounds"],
    }


def duration(seconds: float) -> str:
    """A time with three digits and a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def remarks(asked: Asked, content: dict[str, Any]) -> Iterator[str]:
    """Lines below the table: the settings, and what was not timed."""
    labels = [choice.label for choice in CATALOGUE.parse(asked.encodings)]
    where = f"{asked.threads} CPU thread{'s' if asked.threads > 1 else ''}" if asked.device == "cpu" else asked.device
    yield f"width {asked.width}, {asked.heads} heads, {asked.layers} layers; {where}"
    yield from _not_timed(labels, content)


def _not_timed(labels: Sequence[str], content: dict[str, Any]) -> Iterator[str]:
    for case in content["unsupported"] or ():
        yield "{encoding}: {operation} at {length} tokens unsupported: {reason}".format(**case)
    timed = {bench["extra_info"]["encoding"] for bench in content["benchmarks"]}
    silent = {*labels} - timed - {case["encoding"] for case in content["unsupported"] or ()}
    for label in sorted(silent):
        yield f"{label}: nothing could be timed; see the lines above the table"
