import math
from collections.abc import Iterable

import numpy as np
import pytest
import torch

from benchmark import tasks
from benchmark.encodings import CATALOGUE
from benchmark.results.spec import BudgetSpec, EncodingSpec, ModelSpec, TaskSpec, TrainSpec
from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Ranges, Synthetic
from benchmark.training.evaluate import evaluate
from benchmark.training.step import batch_loss, make_optimiser
from benchmark.training.train import build, learning_rate, train, training_batch

CPU = torch.device("cpu")


def spec_of(encoding: str = "rope", task: str = "offset-recall", **budget: object) -> TrainSpec:
    entry = CATALOGUE.entry(encoding)
    return TrainSpec(
        task=TaskSpec(name=task, fingerprint="x", label=task, version=1),
        encoding=EncodingSpec(name=encoding, fingerprint=entry.fingerprint, label=encoding),
        model=ModelSpec(width=16, heads=2, layers=2),
        budget=BudgetSpec(
            **{"train_length": 12, "steps": 30, "batch": 7, "learning_rate": 5e-3, "warmup_steps": 3, **budget}
        ),
        init_seed=1,
        data_seed=2,
    )


def with_convolution(spec: TrainSpec) -> TrainSpec:
    return spec.model_copy(update={"model": spec.model.model_copy(update={"mixing": "conv"})})


def trained(encoding: str, **budget: object):
    spec, task = spec_of(encoding, **budget), tasks.make("offset-recall:back=2:symbols=3")
    model = build(spec, task, CATALOGUE.choice(encoding))
    outcome = train(model, task, spec, CPU, lambda *_: None)
    return model, task, outcome


def test_an_encoding_is_told_the_digits_of_a_task_that_writes_numbers() -> None:
    for name, digits in (("addition", tuple(range(4, 14))), ("copy", ())):
        model = build(spec_of("rope", name), tasks.make(name), CATALOGUE.choice("rope"))
        assert model.shape.digits == digits


def test_only_an_encoding_that_reads_marks_is_told_those_of_a_text() -> None:
    task = tasks.make("corpus:text=shuihu")
    for name, marks in (("bipe", set("。！？")), ("rope", set())):
        model = build(spec_of(name, "corpus"), task, CATALOGUE.choice(name))
        assert {task.corpus.vocabulary[mark] for mark in model.shape.marks} == marks


def test_an_encoding_is_told_what_share_of_training_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, task = spec_of("drop", steps=4), tasks.make("offset-recall:back=2:symbols=3")
    model, told = build(spec, task, CATALOGUE.choice("drop")), []
    monkeypatch.setattr(model.encoding, "schedule", told.append)
    train(model, task, spec, CPU, lambda *_: None)
    assert told == [0, 0.25, 0.5, 0.75]


def test_every_encoding_sees_the_same_rows_in_the_same_order() -> None:
    task = tasks.make("copy")
    specs = [spec_of(name, "copy") for name in ("rope", "learned")]
    for step in range(5):
        first, second = (training_batch(task, spec, step) for spec in specs)
        assert torch.equal(first.tokens, second.tokens)
        assert torch.equal(first.targets, second.targets)


def test_steps_differ_and_lengths_span_one_to_l() -> None:
    task, spec = tasks.make("copy"), spec_of("rope", "copy")
    lengths = {training_batch(task, spec, step).tokens.shape[1] for step in range(300)}
    assert lengths == {task.tokens(length) for length in range(1, 13)}


@pytest.mark.parametrize("first, second", [("rope", "learned"), ("alibi", "none")])
def test_two_encodings_start_with_the_same_values_bit_for_bit(first: str, second: str) -> None:
    task = tasks.make("copy")
    a, b = (dict(build(spec_of(name), task, CATALOGUE.choice(name)).named_parameters()) for name in (first, second))
    common = {name for name in a if not name.startswith("encodings.")}
    assert common == {name for name in b if not name.startswith("encodings.")} != set()
    assert all(torch.equal(a[name], b[name]) for name in common)


def test_training_learns_and_is_repeatable() -> None:
    model, _, outcome = trained("rope", steps=150)
    again, _, same = trained("rope", steps=150)
    assert outcome.losses[-1] < 0.6 * outcome.losses[0]
    assert outcome.losses == same.losses
    assert all(torch.equal(x, y) for x, y in zip(model.parameters(), again.parameters(), strict=True))


def test_a_batch_without_a_scored_place_has_no_gradient() -> None:
    task, spec = tasks.make("parity"), spec_of("rope", "parity")
    model, rows = build(spec, task, CATALOGUE.choice("rope")), task.sample(4, 5, generator("rows"))
    empty = Batch(tokens=rows.tokens, targets=torch.full_like(rows.targets, UNSCORED))
    loss = batch_loss(model, empty, CPU, generator("positions"))
    loss.backward()
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert loss.item() == 0
    assert gradients and not any(gradient.any() for gradient in gradients)


def test_the_rate_warms_up_then_falls_to_a_tenth() -> None:
    budget = spec_of(steps=100, warmup_steps=10).budget
    rates = [learning_rate(step, budget) for step in range(100)]
    assert rates[0] == pytest.approx(5e-4)
    assert max(rates) == rates[10] == pytest.approx(5e-3)
    assert rates[-1] == pytest.approx(5e-4, rel=0.02)


@pytest.mark.parametrize("name", CATALOGUE.table)
def test_weight_decay_is_for_the_models_own_matrices_and_no_weight_of_an_encoding(name: str) -> None:
    choice = CATALOGUE.choice(name)
    task = "addition" if CATALOGUE.reads_digits(choice) else "corpus" if CATALOGUE.reads_marks(choice) else "copy"
    spec = spec_of(name, task)
    model = build(spec, tasks.make(task), choice)
    decayed, plain = make_optimiser(model, spec.budget).param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)
    pulled, spared = ({id(weight) for weight in group["params"]} for group in (decayed, plain))
    own = {id(weight) for weight in model.encodings.parameters()}
    rest = [weight for weight in model.parameters() if id(weight) not in own]
    assert pulled == {id(weight) for weight in rest if weight.dim() >= 2} != set()
    assert spared == own | {id(weight) for weight in rest if weight.dim() == 1}


def test_the_kernels_of_a_convolution_decay_and_learn() -> None:
    task, spec = tasks.make("offset-recall:back=2:symbols=3"), with_convolution(spec_of("none", steps=60))
    model = build(spec, task, CATALOGUE.choice("none"))
    kernels = [layer.mixing.weight for layer in model.layers]
    decayed, _ = make_optimiser(model, spec.budget).param_groups
    assert {id(kernel) for kernel in kernels} <= {id(weight) for weight in decayed["params"]}
    before = [kernel.detach().clone() for kernel in kernels]
    outcome = train(model, task, spec, CPU, lambda *_: None)
    assert outcome.losses[-1] < 0.8 * outcome.losses[0]
    assert all((kernel - old).abs().amax() > 1e-2 for kernel, old in zip(kernels, before, strict=True))


def test_the_optimiser_steps_as_torchs_own_bit_for_bit() -> None:
    (model, _, _), (twin, _, _) = trained("rope", steps=0), trained("rope", steps=0)
    own = make_optimiser(model, spec_of().budget)
    wanted = torch.optim.AdamW(twin.parameters(), fused=True)
    wanted.param_groups.clear()
    twins = dict(zip(model.parameters(), twin.parameters(), strict=True))
    for group in own.param_groups:
        wanted.add_param_group({**group, "params": [twins[weight] for weight in group["params"]]})
    for step in range(3):
        for weight, other in twins.items():
            weight.grad = torch.randn(weight.shape, generator=generator("gradient", step))
            other.grad = weight.grad.clone()
        own.step()
        wanted.step()
        assert all(weight.equal(other) for weight, other in twins.items())
        assert all(weight.requires_grad for weight in twins)


def test_evaluation_counts_what_a_plain_loop_counts() -> None:
    model, task, _ = trained("alibi")
    measured = evaluate(model, task, 13, 13, CPU, torch.autocast("cpu", enabled=False))
    arrays = measured.arrays
    assert measured.seconds > 0
    loss, correct, rows = torch.zeros(13), torch.zeros(13), 0
    for batch in task.evaluation(13):
        logits = model.logits(model(batch.tokens)).detach()
        for row in range(len(batch.tokens)):
            rows += 1
            for place in range(13):
                if (target := int(batch.targets[row, place])) >= 0:
                    loss[place] -= logits[row, place].log_softmax(0)[target]
                    correct[place] += int(logits[row, place].argmax()) == target
    torch.testing.assert_close(torch.from_numpy(arrays["loss_sum"]).float(), loss, rtol=1e-4, atol=1e-3)
    assert arrays["correct"].tolist() == correct.int().tolist()
    assert arrays["count"].tolist() == [0, 0] + [rows] * 11
    assert arrays["row_count"].tolist() == [11] * rows
    assert arrays["row_correct"].sum() == arrays["correct"].sum()


def test_a_diverged_model_has_no_right_answers() -> None:
    model, task, _ = trained("alibi")
    torch.nn.init.constant_(model.head, math.nan)
    arrays = evaluate(model, task, 13, 13, CPU, torch.autocast("cpu", enabled=False)).arrays
    assert arrays["correct"].sum() == 0 < arrays["count"].sum()


@pytest.mark.parametrize("alike", [[], [0, 1], [1, 2], [0, 1, 2]], ids=str)
def test_the_first_of_tied_logits_is_the_answer(alike: list[int]) -> None:
    """Like `argmax`. Equal rows of the head give equal logits; in bfloat16 even different rows may."""
    model, task, _ = trained("alibi")
    with torch.no_grad():
        model.head[alike] = 2 * model.head[:1]
    arrays = evaluate(model, task, 13, 13, CPU, torch.autocast("cpu", enabled=False)).arrays
    wanted = sum(
        int((model.logits(model(batch.tokens)).argmax(dim=-1) == batch.targets).sum()) for batch in task.evaluation(13)
    )
    assert arrays["correct"].sum() == wanted > 0


class Lights(Synthetic):
    """A grid by the parity of the row's first token, down, and of the place's own token, across."""

    name = "lights"
    title = "Lights"
    group = "recall"
    definition = "name the token that stands here"
    source = "https://example.org"
    metric = "exact_match"
    problems = 17
    batch_tokens = 35
    vocabulary = 3

    def tokens(self, length: int) -> int:
        return length

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        tokens = torch.randint(3, (size, length), generator=generator)
        scored = torch.rand(size, length, generator=generator) < 0.6
        return Batch(tokens=tokens, targets=tokens.where(scored, UNSCORED))

    def chance(self, length: int) -> dict[str, float]:
        return {"exact_match": 0.0}

    def axes(self, length: int) -> dict[str, Ranges]:
        return {"row": ((0, 0), (1, 1)), "token": ((0, 0), (1, 1), (2, 2))}

    def groups(self, batch: Batch, length: int) -> torch.Tensor:
        return 3 * (batch.tokens[:, :1] % 2) + batch.tokens

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        return {"short": [self.sample(5, 2, generator("short")), self.sample(2, 3, generator("short", train_length))]}

    def subsets(self, length: int, train_length: int) -> dict[str, torch.Tensor]:
        targets = torch.cat([batch.targets for batch in self.evaluation(length)])
        return {"ones": targets == 1}


def test_a_subset_counts_what_a_plain_loop_counts() -> None:
    task = Lights()
    model = build(spec_of("rope"), task, CATALOGUE.choice("rope"))
    arrays = evaluate(model, task, 7, 11, CPU, torch.autocast("cpu", enabled=False)).arrays
    sums = []
    for batch in task.evaluation(7):
        losses = -model.logits(model(batch.tokens)).detach().log_softmax(-1)
        for targets, loss in zip(batch.targets.tolist(), losses, strict=True):
            ones = [place for place, target in enumerate(targets) if target == 1]
            right = sum(int(loss[place].argmin()) == 1 for place in ones)
            sums.append((sum(float(loss[place, 1]) for place in ones), right, len(ones)))
    for name, column in zip(("loss", "correct", "count"), zip(*sums, strict=True), strict=True):
        np.testing.assert_allclose(arrays[f"ones_{name}"], column, rtol=1e-4)
    assert 0 < arrays["ones_count"].sum() < arrays["row_count"].sum()


def test_fields_and_views_count_what_a_plain_loop_counts() -> None:
    task = Lights()
    model = build(spec_of("rope"), task, CATALOGUE.choice("rope"))
    arrays = evaluate(model, task, 7, 11, CPU, torch.autocast("cpu", enabled=False)).arrays
    views = list(task.views(7, 11)["short"])
    sums = {name: np.zeros((2, 3)) for name in ("loss", "correct", "count", "exact", "rows")}
    by_row: list[tuple[float, int, int]] = []
    for batch in (*task.evaluation(7), *views):
        losses = -model.logits(model(batch.tokens)).detach().log_softmax(-1)
        for tokens, targets, loss in zip(batch.tokens.tolist(), batch.targets.tolist(), losses, strict=True):
            fields: dict[tuple[int, int], list[tuple[float, bool]]] = {}
            for place, target in enumerate(targets):
                if target != UNSCORED:
                    outcome = (float(loss[place, target]), int(loss[place].argmin()) == target)
                    fields.setdefault((tokens[0] % 2, tokens[place]), []).append(outcome)
            for field, outcomes in fields.items():
                right = [hit for _, hit in outcomes]
                found = (sum(nats for nats, _ in outcomes), sum(right), len(right), all(right), 1)
                for name, value in zip(sums, found, strict=True):
                    sums[name][field] += value
            every = [outcome for outcomes in fields.values() for outcome in outcomes]
            by_row.append((sum(nats for nats, _ in every), sum(hit for _, hit in every), len(every)))
    for name, values in sums.items():
        np.testing.assert_allclose(arrays[f"group_{name}"], values, rtol=1e-4, atol=1e-4)
    assert arrays["row_count"].tolist() == [count for _, _, count in by_row[:17]]
    for name, column in zip(("loss", "correct", "count"), zip(*by_row[17:], strict=True), strict=True):
        np.testing.assert_allclose(arrays[f"short_{name}"], column, rtol=1e-4)
    assert arrays["count"].sum() == arrays["row_count"].sum()  # a view does not count towards the value


def test_a_task_without_axes_stores_no_arrays_of_groups() -> None:
    model, task, _ = trained("rope", steps=0)
    arrays = evaluate(model, task, 13, 13, CPU, torch.autocast("cpu", enabled=False)).arrays
    assert set(arrays) == {"loss_sum", "correct", "count", "row_loss", "row_correct", "row_count"}
