"""Recorded and replayed steps train like steps taken one by one.

Without a GPU, a stand-in recorder repeats the work at each replay, which tests inputs, shapes and updates, but not
CUDA.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import tasks
from benchmark.encodings import CATALOGUE
from benchmark.encodings.rope import Rope
from benchmark.results.spec import TrainSpec
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch
from benchmark.training.checkpoint import Checkpoint
from benchmark.training.replay import FILLED, Replay, Work
from benchmark.training.step import make_optimiser, scored, stepping
from benchmark.training.train import build, train, training_batch
from tests.training.test_train import CPU, spec_of, with_convolution

CUDA = torch.device("cuda") if torch.cuda.is_available() else None
on_gpu = pytest.mark.skipif(CUDA is None, reason="no GPU")
TRAINED = [name for name in CATALOGUE.names() if CATALOGUE.entry(name).attributes.get("adapts") is None]


class Standin:
    """Repeats the work at each replay, and counts."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def __call__(self, work: Work) -> Work:
        self.recorded += 1

        def replay() -> torch.Tensor:
            self.replayed += 1
            return work()

        return replay


def refusing(work: Work) -> Work:
    """Fails like CUDA in the middle of a step: after the gradients, before the update."""
    raise RuntimeError("operation not permitted when stream is capturing")


def losses(spec: TrainSpec, label: str, steps: int, take_of, device: torch.device = CPU, task: str = "copy"):
    """Each step's loss, and the weights at the end."""
    made = tasks.make(task)
    model = build(spec, made, CATALOGUE.choice(label)).to(device)
    take = take_of(model, make_optimiser(model, spec.budget), spec.budget, "float32", device)
    model.train()
    found = []
    for step in range(steps):
        rows, sampler = training_batch(made, spec, step), generator("positions", step)
        model.schedule(step / steps)
        found.append(take(rows, 1e-3, sampler).item())
    return torch.tensor(found), torch.cat([weight.detach().flatten().cpu() for weight in model.parameters()])


@pytest.mark.parametrize("label", ["rope", "alibi", "learned", "fire", "randomized:base=rope", "cope"])
@pytest.mark.parametrize("convolve", [False, True])
def test_replayed_steps_train_like_others(label: str, convolve: bool) -> None:
    spec, recorder = spec_of("rope", "copy", train_length=6), Standin()
    spec = with_convolution(spec) if convolve else spec
    plain, weights = losses(spec, label, 24, stepping)
    again, same = losses(spec, label, 24, lambda *given: Replay(*given, record=recorder))
    torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, weights, rtol=1e-3, atol=1e-4)
    assert 0 < recorder.recorded <= 6  # lengths 1 to 6
    assert recorder.recorded + recorder.replayed > 12
    assert recorder.recorded < recorder.replayed


def test_a_model_that_cannot_be_recorded_is_trained_step_by_step() -> None:
    spec = spec_of("rope", "copy", train_length=4)
    plain, weights = losses(spec, "rope", 10, stepping)
    with pytest.warns(UserWarning, match="^rope: steps are taken one by one, not recorded: operation not permitted"):
        again, same = losses(spec, "rope", 10, lambda *given: Replay(*given, record=refusing))
    torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, weights, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("label", ["drop:share=0.5", "kerple-log", "dape", "randomized:base=alibi"])
def test_an_encoding_that_follows_a_schedule_or_samples_is_replayed(label: str) -> None:
    spec, recorder = spec_of("rope", "offset-recall"), Standin()
    plain, weights = losses(spec, label, 20, stepping, task="offset-recall")
    again, same = losses(spec, label, 20, lambda *given: Replay(*given, record=recorder), task="offset-recall")
    torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, weights, rtol=1e-3, atol=1e-4)
    modes = 2 if label.startswith("drop") else 1
    assert (recorder.recorded, recorder.replayed) == (modes, 20 - modes)  # the first step of a mode is not recorded


@pytest.mark.parametrize("mode", [float, str, lambda step: [step], lambda step: torch.tensor(step), np.float32])
def test_an_encoding_whose_mode_changes_at_every_step_is_never_recorded(
    mode: Callable[[int], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, task, recorder = spec_of("none", "offset-recall"), tasks.make("offset-recall"), Standin()
    model = build(spec, task, CATALOGUE.choice("none"))
    replay = Replay(model, make_optimiser(model, spec.budget), spec.budget, "float32", CPU, recorder)
    monkeypatch.setattr("benchmark.training.replay.SHAPES", 5)
    for step in range(9):
        model.encoding.mode = mode(step)
        replay(training_batch(task, spec, step), 1e-3, generator("positions"))
    assert (recorder.recorded, len(replay.inputs)) == (0, 5)


def test_a_mode_that_is_changed_in_place_is_another() -> None:
    spec, task, recorder = spec_of("none", "offset-recall"), tasks.make("offset-recall"), Standin()
    model = build(spec, task, CATALOGUE.choice("none"))
    replay = Replay(model, make_optimiser(model, spec.budget), spec.budget, "float32", CPU, recorder)
    model.encoding.mode = {"on": False}
    for step in range(6):
        model.encoding.mode["on"] = step >= 3
        replay(training_batch(task, spec, step), 1e-3, generator("positions"))
    assert (recorder.recorded, recorder.replayed) == (2, 4)


def test_positions_that_are_a_view_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of("rope", "offset-recall")
    plain, _ = losses(spec, "rope", 8, stepping, task="offset-recall")
    monkeypatch.setattr(
        Rope, "positions", lambda _, tokens, generator=None: torch.arange(12)[None].expand(tokens.shape)
    )
    again, _ = losses(spec, "rope", 8, lambda *given: Replay(*given, record=Standin()), task="offset-recall")
    torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-5)


def test_an_interrupted_replayed_training_resumes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmark.training.train.stepping", lambda *given: Replay(*given, record=Standin()))
    spec, task = spec_of("rope", steps=20), tasks.make("offset-recall:back=2:symbols=3")
    whole, part = (build(spec, task, CATALOGUE.choice("rope")) for _ in range(2))
    wanted = train(whole, task, spec, CPU, lambda *_: None)

    def checkpoint(file: str) -> Checkpoint:
        return Checkpoint(file=tmp_path / file, key="k", told=lambda *_: None, seconds=0.0, share=1.0)

    def cut(step: int, *_: object) -> None:
        if step == 11:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(part, task, spec, CPU, cut, checkpoint("cut"))
    again = build(spec, task, CATALOGUE.choice("rope"))
    found = train(again, task, spec, CPU, lambda *_: None, checkpoint("cut"))
    assert found.losses == wanted.losses
    for one, other in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_padding_has_no_effect() -> None:
    spec, recorder = spec_of("rope", "copy", train_length=6), Standin()
    model = build(spec, tasks.make("copy"), CATALOGUE.choice("rope"))
    replay = Replay(model, make_optimiser(model, spec.budget), spec.budget, "float32", CPU, recorder)
    batch = training_batch(tasks.make("copy"), spec, 0)
    inputs = replay.prepare(batch, generator("positions"))
    places, targets = scored(batch)
    assert inputs is not None
    assert len(inputs.places) == FILLED > len(places)
    assert inputs.targets[len(targets) :].eq(UNSCORED).all()


def test_a_batch_without_a_scored_place_has_no_loss_and_no_recording() -> None:
    spec, recorder = spec_of("rope", "copy"), Standin()
    model = build(spec, tasks.make("copy"), CATALOGUE.choice("rope"))
    replay = Replay(model, make_optimiser(model, spec.budget), spec.budget, "float32", CPU, recorder)
    tokens = torch.ones(2, 5, dtype=torch.long)
    for _ in range(3):
        loss = replay(Batch(tokens=tokens, targets=torch.full_like(tokens, UNSCORED)), 1e-3, generator("positions"))
        assert loss.item() == 0
    assert recorder.recorded == 0


@on_gpu
@pytest.mark.filterwarnings("ignore:randomized. steps are taken one by one")
@pytest.mark.parametrize("label", [*TRAINED, "randomized:base=alibi"])
def test_on_a_gpu_recorded_steps_train_as_on_a_cpu(label: str) -> None:
    choice = CATALOGUE.choice(label)
    task = "addition" if CATALOGUE.reads_digits(choice) else "corpus" if CATALOGUE.reads_marks(choice) else "copy"
    spec = spec_of("rope", task, train_length=6)
    plain, _ = losses(spec, label, 24, stepping, task=task)
    again, _ = losses(spec, label, 24, Replay, CUDA, task=task)
    torch.testing.assert_close(again, plain, rtol=2e-3, atol=1e-3)


@on_gpu
def test_on_a_gpu_a_training_ends_as_on_a_cpu() -> None:
    spec, task = spec_of("rope", steps=60), tasks.make("offset-recall:back=2:symbols=3")
    found = {}
    for device in (CPU, CUDA):
        model = build(spec, task, CATALOGUE.choice("rope")).to(device)
        found[device] = train(model, task, spec, device, lambda *_: None)
    assert found[CUDA].tokens == found[CPU].tokens
    torch.testing.assert_close(torch.tensor(found[CUDA].losses), torch.tensor(found[CPU].losses), rtol=1e-2, atol=1e-2)
