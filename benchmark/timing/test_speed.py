"""The suite: seconds of each round, and of the round of `none` right before it.

Two adjacent rounds see the machine in the same state. Their ratio cancels drift (clock speed, other work); a ratio of
two separate measurements would not.
"""

import time
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE
from benchmark.standard_input import no_standard_input
from benchmark.timing.operations import Call, Case, prepare, unsupported

WARM_UP = 3  # rounds that are run but not counted


def test_speed(
    benchmark: BenchmarkFixture, choice: Choice, case: Case, rounds: int, unsupported_cases: list[dict[str, Any]]
) -> None:
    """Time one operation of one encoding at one length, interleaved with `none`."""
    with no_standard_input():  # pytest itself would open a debugger
        _time(benchmark, choice, case, rounds, unsupported_cases)


def _time(
    benchmark: BenchmarkFixture, choice: Choice, case: Case, rounds: int, unsupported_cases: list[dict[str, Any]]
) -> None:
    label = {"encoding": choice.label, "operation": case.operation, "length": case.length}
    reason = unsupported(case, choice)
    if reason is not None:
        unsupported_cases.append({**label, "reason": reason})
        pytest.skip(reason)
    own, none = prepare(case, choice), prepare(case, CATALOGUE.choice("none"))
    none_seconds: list[float] = []

    def one_round() -> tuple[tuple[Call], dict[str, Any]]:
        none_seconds.append(_seconds(none()))
        return (own(),), {}

    benchmark.group = f"{case.operation} {case.length}"
    benchmark.extra_info.update(label, **_circumstances(case))
    benchmark.pedantic(_call, setup=one_round, rounds=rounds, warmup_rounds=WARM_UP)  # type: ignore[no-untyped-call]
    benchmark.extra_info["none_seconds"] = none_seconds[WARM_UP : WARM_UP + rounds]


def _call(call: Call) -> None:
    call()


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    _call(call)
    return time.perf_counter() - start


def _circumstances(case: Case) -> dict[str, Any]:
    shape, cuda = case.shape, case.device.type == "cuda"
    return {
        "tokens": case.tokens,
        "width": shape.width,
        "heads": shape.heads,
        "layers": shape.layers,
        "device": torch.cuda.get_device_name(case.device) if cuda else case.device.type,
        "threads": torch.get_num_threads(),
    }
