"""What a cell asks of a machine; what none can give is refused in one line."""

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.cluster.agent import _settled
from benchmark.experiments.cluster.machines import Ask, Machine, refuse_impossible
from benchmark.experiments.cluster.versions import difference, versions
from benchmark.experiments.machine import WORKER_MEMORY_BYTES
from benchmark.results.environment import installed


def machine(**resources: float) -> Machine:
    return Machine(id="x", name="x", resources={"node:10.0.0.1": 1.0, **resources})


BIG = machine(CPU=64.0, memory=200e9)
GPU = machine(CPU=4.0, memory=16e9, GPU=2.0)


@pytest.mark.parametrize(
    ("ask", "room"),
    [
        (Ask(), (64, 4)),
        (Ask(cores=3), (21, 1)),
        (Ask(memory_bytes=10_000_000_000), (20, 1)),
        (Ask(gpus=0.5), (0, 4)),
        (Ask(gpus=0.1, memory_bytes=1_000_000_000), (0, 4)),
        (Ask(gpus=1.0), (0, 2)),
    ],
)
def test_a_machine_has_room_for_as_many_cells_as_its_scarcest_resource_allows(ask: Ask, room: tuple[int, int]) -> None:
    assert (BIG.room(ask), GPU.room(ask)) == room
    refuse_impossible(ask, [BIG, GPU])


def test_a_cell_asks_for_the_memory_of_a_quick_cell_unless_told_otherwise() -> None:
    assert Ask().resources == {"CPU": 1, "memory": WORKER_MEMORY_BYTES}
    assert Ask(cores=2, memory_bytes=5, gpus=0.25).resources == {"CPU": 2, "memory": 5, "GPU": 0.25}


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (
            Ask(cores=65),
            "a cell asks for 65 cores, but no machine of the cluster has more than 64 cores: lower --cores-per-cell, "
            "or add a machine that has it",
        ),
        (
            Ask(memory_bytes=300_000_000_000),
            "a cell asks for 300.0 GB of memory, but no machine of the cluster has more than 200.0 GB of memory: lower "
            "--memory-per-cell, or add a machine that has it",
        ),
        (
            Ask(cores=8, gpus=0.5),
            "a cell asks for 8 cores, 1.4 GB of memory, 0.5 GPU, and no machine of the cluster has all of that: ask "
            "for less of one",
        ),
    ],
)
def test_what_no_machine_has_is_refused_in_one_line(ask: Ask, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_impossible(ask, [BIG, GPU])
    assert str(refused.value) == told


def test_a_share_of_a_gpu_is_refused_where_there_is_none() -> None:
    with pytest.raises(
        UsageError, match=r"asks for 0\.25 GPU, but no machine of the cluster has more than 0 GPUs: lower"
    ):
        refuse_impossible(Ask(gpus=0.25), [BIG])
    with pytest.raises(UsageError, match="asks for 1 core, but no machine of the cluster has more than 0 cores"):
        refuse_impossible(Ask(), [])


@pytest.mark.parametrize(
    ("gpus", "device", "there", "settled"),
    [
        (0.0, "auto", [BIG], (0.0, "cpu")),
        (0.0, "auto", [BIG, GPU], (1.0, "cuda")),
        (0.25, "auto", [BIG, GPU], (0.25, "cuda")),
        (0.0, "cuda", [BIG], (1.0, "cuda")),
        (0.0, "cpu", [GPU], (0.0, "cpu")),
    ],
)
def test_a_cell_gets_a_gpu_if_the_cluster_has_any(
    gpus: float, device: str, there: list[Machine], settled: tuple[float, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.experiments.cluster.agent.machines", lambda: there)
    ask, chosen = _settled(Ask(gpus=gpus), device)
    assert (ask.gpus, chosen) == settled


def test_versions_that_differ_are_named_on_both_sides() -> None:
    here = versions()
    assert difference(here, here) == ""
    assert difference(here, {**here, "torch": "2.5.0"}) == f"torch 2.5.0 there, {here['torch']} here"
    told = difference(here, {"Python": "3.12.1"})
    assert told.startswith(f"position-benchmark not installed there, {installed('position-benchmark')} (code ")
    assert told.endswith(f", Python 3.12.1 there, {here['Python']} here")
    assert "+" not in here["torch"]  # a build for another GPU is the same version
