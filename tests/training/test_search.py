"""The search at test time: which rows it reads, what its loss is, and what it leaves behind."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark import tasks
from benchmark.encodings import CATALOGUE
from benchmark.encodings.encoding import Encoding
from benchmark.errors import UsageError
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.model.transformer import Transformer
from benchmark.results.spec import TrainSpec
from benchmark.tasks.language import Corpus
from benchmark.tasks.task import UNSCORED, Task
from benchmark.training.search import FEWEST, TOKENS, Trial, search, search_rows, searches
from benchmark.training.train import build

CPU = torch.device("cpu")


def spec_of(task: str = "copy", seed: int = 0) -> TrainSpec:
    """Of a small model for a trained length of 16, or 32 on a text."""
    (cell,) = make_plan(Request(encodings="rope", tasks=task, preset="smoke", seeds=(seed,), multiples=(1,))).cells
    return cell.train


def model_of(encoding: str, task: Task, spec: TrainSpec) -> Transformer:
    return build(spec, task, CATALOGUE.choice(encoding))


def test_rows_of_a_text_come_from_the_first_quarter_of_what_was_held_out() -> None:
    task = Corpus(text="shuihu")
    batch = search_rows(task, 101)
    assert batch.tokens.shape == (TOKENS // 101, 101)
    quarter = task.held_out[: len(task.held_out) // 4]
    windows = {tuple(row) for row in quarter.unfold(0, 102, 1).tolist()}
    rows = torch.cat((batch.tokens, batch.targets[:, -1:]), dim=1)
    assert {tuple(row) for row in rows.tolist()} <= windows
    assert torch.equal(rows[:, 1:-1], batch.targets[:, :-1])
    assert torch.equal(rows[0], quarter[:102]) and torch.equal(rows[-1], quarter[-102:])


def test_no_target_that_counts_is_read_at_any_length() -> None:
    task = Corpus(text="shuihu")
    quarter, room = len(task.held_out) // 4, len(task.held_out) // 2
    assert int(task.ends.min()) - 64 >= quarter  # the value at a length: the last targets of each row, at most 64
    for length in (1, quarter - 1):
        assert int(task.ends.min()) - length >= quarter
    assert len(task.held_out) - min(room, 64 * 3) >= quarter  # windows, of a trained length of 3


def test_a_text_that_is_too_short_is_refused_with_the_length_that_would_do() -> None:
    task = Short(7)
    with pytest.raises(
        UsageError, match="rows of 2 tokens needs 12 held-out tokens, but the text has 7; give a longer"
    ):
        search_rows(task, 2)


def test_a_text_without_its_held_out_tokens_is_refused() -> None:
    task = Short(7)
    del task.held_out
    with pytest.raises(UsageError, match="corpus has no held_out, the text that encodings are fitted on"):
        search_rows(task, 2)


class Short(Corpus):
    """A text with some held-out tokens and nothing else."""

    def __init__(self, held_out: int) -> None:
        self.held_out = torch.arange(held_out)


@pytest.mark.parametrize("name, length", [("copy", 6), ("recall-mqar", 32), ("parity", 6), ("addition", 3)])
def test_rows_of_a_task_are_drawn_as_for_training_and_are_no_test_rows(name: str, length: int) -> None:
    task = tasks.make(name)
    batch = search_rows(task, length)
    assert len(batch.tokens) == max(FEWEST, TOKENS // task.tokens(length))
    assert torch.equal(batch.tokens, search_rows(task, length).tokens)
    scored = (batch.targets != UNSCORED).any(dim=1)
    asked = {tuple(row) for test in task.evaluation(length) for row in test.tokens.tolist()}
    assert scored.any()
    assert not any(tuple(row) in asked for row in batch.tokens[scored].tolist())


def test_a_task_whose_problems_are_all_test_problems_is_refused() -> None:
    task = tasks.make("parity")
    asked = next(iter(task.evaluation(5)))
    task.evaluation = lambda length: [asked]  # type: ignore[method-assign]
    task.sample = lambda size, length, generator: asked  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="parity has no problems of length 5 that no test asks: nothing to search on"):
        search_rows(task, 5)


@pytest.mark.parametrize("times, length", [(1.0, 16), (2.5, 40)])
def test_the_loss_is_the_mean_over_scored_places_with_the_values_given(times: float, length: int) -> None:
    task, spec = tasks.make("copy"), spec_of()
    model = model_of("longrope", task, spec).eval()
    trial, batch = Trial(model=model, task=task, spec=spec, device=CPU), search_rows(task, length)
    for factors in ([1.0, 1.5, 2.0, 4.0], [2.0, 2.5, 3.0, 3.5]):
        loss = trial.loss(torch.tensor(factors), times)
        assert model.encoding.found.tolist() == factors
        with torch.no_grad():
            logits = model.logits(model(batch.tokens))
        expected = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=UNSCORED)
        torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)
        assert not loss.requires_grad
    assert (trial.evaluations, trial.tokens) == (2, 2 * batch.tokens.numel())


class Descends(Encoding):
    """One step against the slope, in each of two layers that have instances of their own."""

    name = "descends"
    per_layer = True

    def __init__(self, *, shape: object) -> None:
        super().__init__(shape)
        self.found = torch.tensor([1.0])

    def rotate(self, q: Tensor, k: Tensor, site: object) -> tuple[Tensor, Tensor]:
        return q * self.found, k

    def search(self, loss, generator: torch.Generator) -> Tensor:
        start = torch.rand(1, generator=generator).requires_grad_()
        loss(start, 2.0).backward()
        return start - 0.1 * start.grad


def descending(task: Task, spec: TrainSpec) -> Transformer:
    model = model_of("cope", task, spec)
    model.encodings = torch.nn.ModuleList(Descends(shape=model.shape) for _ in range(2))
    return model


def test_a_gradient_reaches_the_values_and_no_weight_of_the_model() -> None:
    task, spec = tasks.make("copy"), spec_of()
    model = descending(task, spec)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = search(model, task, spec, CPU)
    assert not found.values.requires_grad
    assert all(weight.grad is None for weight in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [each.found.item() for each in model.encodings] == [found.values.item()] * 2
    assert (found.search.evaluations, found.search.tokens) == (1, search_rows(task, 32).tokens.numel())
    assert found.search.seconds > 0


def test_the_seed_decides_what_is_found() -> None:
    task = tasks.make("copy")
    first, again, other = (
        search(descending(task, spec_of()), task, spec_of(seed=seed), CPU).values.item() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_only_an_encoding_with_a_search_of_its_own_is_fitted() -> None:
    task, spec = tasks.make("copy"), spec_of()
    own = {"longrope", "head-scale"}
    choices = ("rope", "yarn", "logn", "ssmax", "longrope", "head-scale")
    assert {choice for choice in choices if searches(model_of(choice, task, spec))} == own
