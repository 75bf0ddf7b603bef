"""No tensor in float64 is ever made on a device: an Apple GPU (`--device mps`) has none. On a stand-in for one."""

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from stand_in import CPU, DEVICE, Device, OnDevice, moved

from benchmark.encodings import CATALOGUE
from benchmark.experiments.cell import encoding_choice, make_task
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator
from benchmark.tasks.task import Batch, Task
from benchmark.training.evaluate import _outcome, evaluate
from benchmark.training.probe import attention, structure
from benchmark.training.step import gradients
from benchmark.training.train import build, training_batch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def case(encoding: str, task: str = "") -> tuple[Cell, Task, Batch]:
    """A cell of a task, by default of one that the encoding is offered, the task and a few rows."""
    task = task or ("corpus" if CATALOGUE.reads_marks(CATALOGUE.choice(encoding)) else "addition")
    request = Request(encodings=encoding, tasks=task, preset="smoke", seeds=(0,), multiples=(1,))
    (cell,) = make_plan(request).cells
    made = make_task(cell)
    rows = training_batch(made, cell.train, 0)
    return cell, made, Batch(tokens=rows.tokens[:3], targets=rows.targets[:3])


def trained(cell: Cell, task: Task) -> Transformer:
    return build(cell.train, task, encoding_choice(cell.encoding)).train()


def measured(cell: Cell, task: Task) -> Transformer:
    return build(cell.train, task, encoding_choice(cell.measures[0].origin)).eval()


@pytest.mark.parametrize("encoding", CATALOGUE.table)
def test_a_training_step_makes_no_float64_there(encoding: str) -> None:
    cell, task, rows = case(encoding)
    plain = gradients(trained(cell, task), rows, "float32", CPU, generator("positions", 0, 0))
    model = moved(trained(cell, task))
    with Device() as device:
        loss = gradients(model, rows, "float32", DEVICE, generator("positions", 0, 0))
        torch.nn.utils.clip_grad_norm_(list(model.parameters()), 1.0)
    assert device.operations > 100
    assert isinstance(loss, OnDevice)
    assert all(weight.grad is None or isinstance(weight.grad, OnDevice) for weight in model.parameters())
    assert float(loss.held) == pytest.approx(float(plain), rel=1e-5)


@pytest.mark.parametrize("encoding", CATALOGUE.table)
def test_an_evaluation_makes_float64_on_the_cpu_only(encoding: str) -> None:
    cell, task, rows = case(encoding)
    with torch.inference_mode():
        wanted = _outcome(measured(cell, task), rows, CPU)
    model = moved(measured(cell, task))
    with Device() as device, torch.no_grad():
        found = _outcome(model, rows, DEVICE)
        weights, curve = attention(model, rows.tokens[0].to(DEVICE)), structure(model, 5)
    assert device.operations > 100
    assert isinstance(weights, OnDevice) and weights.cpu().isfinite().all()
    assert not curve.cpu().isnan().any()
    assert type(found.loss) is torch.Tensor and found.loss.dtype == torch.float64
    torch.testing.assert_close(found.loss, wanted.loss, atol=1e-4, rtol=1e-4)
    assert torch.equal(found.scored, wanted.scored)


@pytest.mark.parametrize("task", ["copy", "corpus"])
def test_a_whole_evaluation_is_that_of_the_cpu(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With views, subsets and fields of a grid."""
    cell, made, rows = case("alibi", task)
    monkeypatch.setattr(made, "evaluation", lambda length: [rows])
    monkeypatch.setattr(made, "views", lambda length, trained: {"other": [rows]})
    monkeypatch.setattr(made, "subsets", lambda length, trained: {"first": rows.tokens == rows.tokens[:, :1]})
    length = cell.train.budget.train_length
    wanted = evaluate(measured(cell, made), made, length, length, CPU, nullcontext()).arrays
    with Device():
        found = evaluate(moved(measured(cell, made)), made, length, length, DEVICE, nullcontext()).arrays
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.double(),
        lambda x: x.to(torch.float64),
        lambda x: torch.zeros(3, dtype=torch.float64, device=x.device),
        lambda x: torch.tensor([1.0], dtype=torch.float64, device=x.device),
        lambda x: torch.arange(3, dtype=torch.float64, device=x.device),
        lambda x: x.new_ones(2, dtype=torch.float64),
        lambda x: x.sum(dtype=torch.float64),
        lambda x: x.cpu().double().to(x.device),
    ],
)
def test_the_stand_in_refuses_float64(make: object) -> None:
    with Device(), pytest.raises(TypeError, match="float64 on a device that has none"):
        make(OnDevice(torch.ones(3)))  # type: ignore[operator]


def test_the_stand_in_keeps_devices_apart() -> None:
    x = OnDevice(torch.ones(3))
    with Device():
        assert type(x.cpu().double()) is torch.Tensor
        assert type(torch.zeros(3)) is torch.Tensor
        assert isinstance(x + 2.0, OnDevice)
        with pytest.raises(RuntimeError, match="two devices"):
            x + torch.ones(3)
