"""Training that is interrupted at any step resumes to the same weights and losses, bit for bit."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from benchmark import tasks
from benchmark.encodings import CATALOGUE
from benchmark.model.transformer import Transformer
from benchmark.results.record import SCHEMA
from benchmark.results.spec import BudgetSpec, EncodingSpec, Mixing, ModelSpec, TaskSpec, TrainSpec
from benchmark.training.checkpoint import HEADER, Checkpoint, Training
from benchmark.training.step import make_optimiser
from benchmark.training.train import build, train

CPU = torch.device("cpu")
STEPS = 7
TRAINED = [name for name in CATALOGUE.table if CATALOGUE.entry(name).attributes.get("adapts") is None]


class CutError(Exception):
    """Stands in for a kill: nothing is written after it."""


class Bench:
    """One spec, trained whole or in parts."""

    def __init__(self, path: Path, encoding: str, mixing: Mixing = "none", **budget: object) -> None:
        self.choice = CATALOGUE.choice(encoding)
        reads_marks = CATALOGUE.reads_marks(CATALOGUE.choice(encoding))
        self.task = tasks.make("corpus:text=shuihu:vocabulary=600" if reads_marks else "addition")
        self.path = path
        self.told: list[tuple[int, str | None]] = []
        settings = {"train_length": 5, "steps": STEPS, "batch": 3, "learning_rate": 3e-2, "warmup_steps": 2, **budget}
        self.spec = TrainSpec(
            task=TaskSpec(name="addition", fingerprint="x", label="addition", version=1),
            encoding=EncodingSpec(name=encoding, fingerprint="x", label=encoding),
            model=ModelSpec(width=16, heads=2, layers=2, mixing=mixing),
            budget=BudgetSpec(**settings),
            init_seed=3,
            data_seed=5,
        )

    def checkpoint(self, seconds: float = 0.0) -> Checkpoint:
        return Checkpoint(
            file=self.path,
            key=self.spec.key,
            told=lambda *note: self.told.append(note),
            seconds=seconds,
            share=math.inf,
        )

    def model(self) -> Transformer:
        return build(self.spec, self.task, self.choice)

    def run(
        self, checkpoint: Checkpoint | None = None, cut_at: int | None = None
    ) -> tuple[dict[str, torch.Tensor], Training]:
        model = self.model()

        def progress(step: int, *_: object) -> None:
            if step == cut_at:
                raise CutError

        outcome = train(model, self.task, self.spec, CPU, progress, checkpoint)
        return model.state_dict(), outcome

    def cut(self, *steps: int) -> None:
        for step in steps:
            with pytest.raises(CutError):
                self.run(self.checkpoint(), cut_at=step)


def alike(one: tuple[dict[str, torch.Tensor], Training], other: tuple[dict[str, torch.Tensor], Training]) -> bool:
    (weights, training), (others, again) = one, other
    facts = [(each.done, each.steps, each.losses, each.tokens, each.diverged) for each in (training, again)]
    same = weights.keys() == others.keys() and all(torch.equal(weights[name], others[name]) for name in weights)
    return same and facts[0] == facts[1]


@pytest.mark.parametrize("encoding", TRAINED)
def test_every_encoding_resumes_to_the_same_result(tmp_path: Path, encoding: str) -> None:
    bench = Bench(tmp_path / "c", encoding)
    whole = bench.run()
    bench.cut(3, 6)  # when `progress` is called, the step is done but not yet written
    assert alike(bench.run(bench.checkpoint()), whole)
    assert bench.told == [(2, None), (5, None)]


def test_a_model_with_a_convolution_resumes_to_the_same_result(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "c", "rope", mixing="conv")
    bench.cut(3)
    assert alike(bench.run(bench.checkpoint()), bench.run())
    assert bench.told == [(2, None)]


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_training_resumes_from_every_step(tmp_path: Path, step: int) -> None:
    bench = Bench(tmp_path / "c", "kerple-log")
    bench.cut(step)
    assert alike(bench.run(bench.checkpoint()), bench.run())
    assert bench.told == ([(step - 1, None)] if step > 1 else [])


def test_seconds_add_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "c", "rope")
    bench.cut(5)
    content = bench.path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    before = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][HEADER])["seconds"]
    assert before > 0
    assert bench.run(bench.checkpoint())[1].seconds > before


def test_nothing_is_written_early_or_without_a_checkpoint(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "c", "rope")
    whole = bench.run()
    assert alike(bench.run(bench.checkpoint(seconds=3600)), whole)
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_a_small_share_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path / "c", "rope")
    model = bench.model()
    checkpoint = Checkpoint(file=bench.path, key=bench.spec.key, told=lambda *_: None, seconds=60)
    clock = iter([1000.0, 1010.0])  # a slow disk: ten seconds
    monkeypatch.setattr("benchmark.training.checkpoint.time.perf_counter", lambda: next(clock))
    checkpoint.save(model, make_optimiser(model, bench.spec.budget), Training())
    assert checkpoint.due == 1010 + 10 / 0.02


def header(bench: Bench, **changed: object) -> dict[str, str]:
    content = {"key": bench.spec.key, "done": 3, "steps": [], "losses": [], "tokens": 0, "seconds": 1.0}
    return {HEADER: json.dumps({"schema_version": SCHEMA, **content, **changed})}


def moved(tensors: dict[str, torch.Tensor], name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    return {**tensors, name: value}


FAULTS: dict[str, tuple[Callable[[Bench, dict[str, torch.Tensor]], bytes], str]] = {
    "empty": (lambda *_: b"", ""),
    "garbage": (lambda *_: b"\x80\x04\x95not safetensors", ""),
    "truncated": (lambda bench, tensors: safetensors.torch.save(tensors, header(bench))[:-1], ""),
    "no header": (lambda _, tensors: safetensors.torch.save(tensors), "schema version None"),
    "newer": (
        lambda bench, tensors: safetensors.torch.save(tensors, header(bench, schema_version=SCHEMA + 1)),
        f"schema version {SCHEMA + 1}",
    ),
    "foreign": (lambda bench, tensors: safetensors.torch.save(tensors, header(bench, mood=1)), "Extra inputs"),
    "of another": (
        lambda bench, tensors: safetensors.torch.save(tensors, header(bench, key="a" * 32)),
        "belongs to another training",
    ),
    "a tensor less": (
        lambda bench, tensors: safetensors.torch.save(dict(list(tensors.items())[1:]), header(bench)),
        "not those of this model",
    ),
    "a tensor too many": (
        lambda bench, tensors: safetensors.torch.save(moved(tensors, "x", torch.ones(2)), header(bench)),
        "not those of this model",
    ),
    "a moment of nothing": (
        lambda bench, tensors: safetensors.torch.save(
            moved(tensors, "optimiser.999.exp_avg", torch.ones(2)), header(bench)
        ),
        "not those of this model",
    ),
    "another shape": (
        lambda bench, tensors: safetensors.torch.save(
            moved(tensors, "optimiser.0.exp_avg", torch.ones(2)), header(bench)
        ),
        "not those of this model",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_resumed_from_is_named_and_skipped(tmp_path: Path, fault: str) -> None:
    bench = Bench(tmp_path / "c", "rope")
    bench.cut(5)
    spoil, why = FAULTS[fault]
    bench.path.write_bytes(spoil(bench, safetensors.torch.load(bench.path.read_bytes())))
    assert alike(bench.run(bench.checkpoint()), bench.run())
    ((step, reason),) = bench.told
    assert step == 0
    assert reason is not None
    assert reason.startswith(f"{bench.path}: skipped: ")
    assert why in reason
    assert "\n" not in reason
