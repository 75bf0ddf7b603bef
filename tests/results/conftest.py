"""Specs and records to build on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmark.results.record import Environment, EvalRecord, ProbeRecord, TrainRecord
from benchmark.results.spec import (
    BudgetSpec,
    EncodingSpec,
    EvalSpec,
    ModelSpec,
    ProbeSpec,
    TaskSpec,
    TrainSpec,
)

ENVIRONMENT = Environment(
    benchmark="0.1.0", python="3.11.7", torch="2.13.0", platform="Linux", processor="any", device="cpu", threads=1
)
CREATED = datetime(2026, 11, 23, 12, 30, 15, 250000, tzinfo=UTC)


@pytest.fixture
def encoding() -> EncodingSpec:
    return EncodingSpec(name="rope", parameters={"base": 1e4, "interleaved": False}, fingerprint="f" * 16, label="rope")


@pytest.fixture
def train_spec(encoding: EncodingSpec) -> TrainSpec:
    return TrainSpec(
        task=TaskSpec(
            name="corpus",
            parameters={"vocabulary": 4096},
            fingerprint="e" * 16,
            label="corpus",
            version=1,
            corpus="三国",
            corpus_hash="a" * 16,
        ),
        encoding=encoding,
        model=ModelSpec(width=64, heads=4, layers=2),
        budget=BudgetSpec(train_length=32, steps=100, batch=16, learning_rate=3e-3, warmup_steps=10),
        init_seed=0,
        data_seed=1,
    )


@pytest.fixture
def eval_spec(train_spec: TrainSpec, encoding: EncodingSpec) -> EvalSpec:
    return EvalSpec(train_key=train_spec.key, encoding=encoding, length=64)


@pytest.fixture
def probe_spec(train_spec: TrainSpec, encoding: EncodingSpec) -> ProbeSpec:
    return ProbeSpec(train_key=train_spec.key, encoding=encoding, text="话说天下大势", distances=64)


@pytest.fixture
def trained(train_spec: TrainSpec) -> TrainRecord:
    return TrainRecord(
        spec=train_spec,
        status="ok",
        created=CREATED,
        environment=ENVIRONMENT,
        parameters=12345,
        train_seconds=0.1,
        train_steps=[50, 100],
        train_losses=[2.5, 1 / 3],
    )


@pytest.fixture
def measured(eval_spec: EvalSpec) -> EvalRecord:
    return EvalRecord(
        spec=eval_spec, status="ok", created=CREATED, environment=ENVIRONMENT, tokens=64, chance={"loss_nats": 8.3}
    )


@pytest.fixture
def probed(probe_spec: ProbeSpec) -> ProbeRecord:
    return ProbeRecord(
        spec=probe_spec,
        status="failed",
        reason="the sentence has <unk> words",
        created=CREATED,
        environment=ENVIRONMENT,
        words=["话说", "天下"],
    )


@pytest.fixture
def each_record(trained: TrainRecord, measured: EvalRecord, probed: ProbeRecord) -> list[Any]:
    return [trained, measured, probed]
