"""`run --dry-run`: a summary that agrees with the whole plan, and a price that says what it rests on."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.results.record import Environment, TrainRecord
from benchmark.results.store import Store

PLAN = ("run", "--preset", "smoke", "--tasks", "copy,offset-recall", "--encodings", "rope,yarn,alibi", "--seeds", "3")
GPU = "NVIDIA Example"


def trained(root: Path, tasks: str, seeds: tuple[int, ...], *, seconds: float, device: str = "cpu", threads: int = 1):
    """Put records of finished trainings into a folder."""
    environment = Environment(
        benchmark="0", python="3", torch="2", platform="any", processor="any", device=device, threads=threads
    )
    for cell in make_plan(Request(preset="smoke", tasks=tasks, encodings="rope", seeds=seeds)).cells:
        record = TrainRecord(
            status="ok",
            created=datetime(2026, 11, 29, tzinfo=UTC),
            environment=environment,
            spec=cell.train,
            task=cell.facts,
            parameters=25_568,
            trained_tokens=10_000,
            train_seconds=seconds,
        )
        Store(root).put(record)


def table_of(output: str) -> list[list[str]]:
    """The rows of the plain table: fields are two or more spaces apart."""
    lines = [line for line in output.splitlines() if "  " in line]
    return [[field.strip() for field in line.split("  ") if field.strip()] for line in lines[1:]]


def test_the_summary_agrees_with_the_whole_plan(invoke, tmp_path):
    trained(tmp_path / "results", "copy", (0, 2), seconds=1.0)
    summary = table_of(invoke(*PLAN, "--dry-run").stdout)
    whole = json.loads(invoke(*PLAN, "--dry-run", "--format", "json").stdout)
    states: dict[tuple[str, str], Counter[str]] = {}
    for row in whole:
        states.setdefault((row["task"], row["encoding"]), Counter())[row["state"]] += 1
    assert len(whole) == 2 * 2 * 3 and len(states) == len(summary) == 4
    for task, encoding, measured, cells, seeds, *_, state in summary:
        counts = states[task, encoding]
        assert int(cells) == sum(counts.values()) and seeds == "0 to 2"
        told = [f"{number} {name}" if len(counts) > 1 else name for name, number in counts.items()]
        assert sorted(state.split(", ")) == sorted(told)
        assert measured == ("rope, yarn" if encoding == "rope" else "alibi")
    assert states["copy", "rope"] == {"to measure": 2, "to train": 1}


def test_csv_and_json_hold_the_same_cells_and_nothing_else(invoke):
    as_csv, as_json = (invoke(*PLAN, "--dry-run", "--format", form) for form in ("csv", "json"))
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    known = json.loads(as_json.stdout)
    plan = make_plan(Request(preset="smoke", tasks=PLAN[4], encodings=PLAN[6], seeds=(0, 1, 2)))
    assert [row["key"] for row in rows] == [row["key"] for row in known] == [cell.train.key for cell in plan.cells]
    for one, other in zip(rows, known, strict=True):
        assert one == {name: ",".join(value) if name == "measured" else str(value) for name, value in other.items()}
    for output in (as_csv, as_json):
        assert "12 cells, 0 finished, 12 to do" in output.stderr and "disk: about" in output.stderr


def test_a_format_without_a_dry_run_is_refused(invoke):
    result = invoke(*PLAN, "--format", "csv")
    assert result.exit_code == 2
    assert result.stderr == "error: --format is csv, but only a dry run prints a plan: add --dry-run\n"


def test_a_plan_without_records_says_what_it_assumes(invoke):
    total, time, disk = invoke(*PLAN, "--dry-run", "--device", "cpu").stdout.splitlines()[-3:]
    assert total.startswith("12 cells, 0 finished, 12 to do: about ") and " of training on " in total
    assert "floating-point operations at 0.36 of the rate of a matrix product here" in time
    assert time.endswith("GFLOP/s a core) for 12 cells; evaluation comes on top")
    assert disk.startswith("disk: about 1.") and disk.endswith("are free")  # 12 models of 25,000 weights


def test_finished_cells_are_the_measure_of_the_others(invoke, tmp_path):
    trained(tmp_path / "results", "copy", (7,), seconds=50.0, threads=2)
    trained(tmp_path / "results", "offset-recall", (7,), seconds=70.0, device=GPU)
    lines = invoke(*PLAN, "--dry-run", "--device", "cpu", "--workers", "1").stdout.splitlines()
    seconds = {(row[0], row[1]): int(row[11]) for row in table_of("\n".join(lines))}
    assert seconds["copy", "rope"] == seconds["copy", "alibi"] == 100  # on two cores
    assert seconds["offset-recall", "rope"] not in (70, 100)
    assert "what finished cells of the same task and size took (cpu) for 6 cells" in lines[-2]
    assert "floating-point operations at the rate of finished cells of the same size (cpu) for 6 cells" in lines[-2]


def test_a_gpu_is_priced_from_its_own_cells_only(invoke, tmp_path):
    trained(tmp_path / "results", "copy", (7,), seconds=50.0)
    *_, total, time, _ = invoke(*PLAN, "--dry-run", "--device", "cuda").stdout.splitlines()
    assert "of training on one NVIDIA H200" in total
    assert "at 1.8 TFLOP/s, the rate of training steps of width 64 to 256 on an NVIDIA H200 (docs/speed.md" in time
    assert "no cell of the same size has finished on a GPU here" in time
    trained(tmp_path / "results", "copy,offset-recall", (8,), seconds=7200.0, device=GPU)
    *_, total, time, _ = invoke(*PLAN, "--dry-run", "--device", "cuda").stdout.splitlines()
    assert f"about 24 GPU hours of training on one {GPU}" in total  # 12 cells of two hours
    assert f"what finished cells of the same task and size took ({GPU}) for 12 cells" in time


def test_an_apple_gpu_without_cells_has_no_price(invoke):
    *_, total, time, disk = invoke(*PLAN, "--dry-run", "--device", "mps").stdout.splitlines()
    assert total.endswith("the time of training on an Apple GPU is not known")
    assert "no cell of this size has finished on an Apple GPU here" in time
    assert disk.startswith("disk: about ")


def test_the_paper_grid_has_a_price_on_a_gpu(invoke):
    arguments = ("run", "--preset", "paper", "--tasks", "copy", "--device", "cuda", "--precision", "bfloat16")
    *_, total, time, disk = invoke(*arguments, "--dry-run").stdout.splitlines()
    hours = float(total.partition(" to do: about ")[2].partition(" GPU hours")[0].replace(",", ""))
    assert 100 < hours < 200 and "GPU hours if every task goes to its cap" in total
    assert "at 28.3 TFLOP/s" in time and "a wider model counts as 256" in time
    assert "GB, up to" in disk
    assert float(disk.split()[2]) == pytest.approx(2 * 5 * 9 * 85e6 * 4 / 1e9, rel=0.02)  # budgets, encodings, seeds


def test_a_plan_that_takes_cores_weeks_is_also_priced_on_a_gpu(invoke):
    *_, total, time, _, on_gpu, basis = invoke(
        "run", "--preset", "paper", "--tasks", "copy", "--dry-run"
    ).stdout.splitlines()
    assert "core hours)" in total and "GFLOP/s a core" in time
    priced = invoke("run", "--preset", "paper", "--tasks", "copy", "--dry-run", "--device", "cuda").stdout.splitlines()
    assert on_gpu == f"with --device cuda: {priced[-3].partition(' to do: ')[2]}"
    assert basis == priced[-2]


def test_a_cluster_is_not_priced_by_the_number_of_cores_here(invoke):
    cluster = ("run", "--preset", "standard", "--tasks", "copy", "--seeds", "8", "--executor", "ray", "--dry-run")
    *_, total, _, _ = invoke(*cluster).stdout.splitlines()
    # Core hours, or hours if there are few: this machine's own speed decides.
    assert re.search(r"about [\d.,]+ (core hours|h|min) of training on cores as fast as those here", total)
    assert " of 2 cores" not in total and "memory" not in total
    *_, total, time, _ = invoke(*cluster, "--gpus-per-cell", ".25").stdout.splitlines()
    assert "of training on one NVIDIA H200" in total and "TFLOP/s" in time
