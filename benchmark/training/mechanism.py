"""What a trained model does inside, on test rows of one length.

    entropy     of the attention weights w of a query, scaled to sum to 1:  -sum over keys of w log w, in nats.
                Beside it log n, the entropy of uniform attention to the n keys that the query sees
    probe       ridge regression of a token's index in its row on the residual stream, fitted on every other row and
                measured on the rest: the absolute error in tokens. Chance: the error of the mean index
    squares     scores s[r, i, j] of row r, less their mean over the keys j of query i, which softmax does not see:
                s[r, i, j] = m[i, j] + rest,  m being the mean over rows: what position explains, whatever the tokens.
                position_squares = R sum of m ** 2;  content_squares = sum of the rest ** 2

Sources: linear and other probes of models without an encoding, Haviv et al. 2022, https://arxiv.org/abs/2203.16634;
where absolute position comes from, Ruscio et al. 2026, https://arxiv.org/abs/2606.06160. The squares are our own.
Convention: the probe is fitted at the length it is measured at, on all places of its rows, and not within L. Keys that
a query cannot see in some row, though they are not ahead of it, are left out of the squares.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from benchmark.encodings.encoding import Shape, Site
from benchmark.model.transformer import Transformer
from benchmark.results.record import Arrays, Ranges
from benchmark.tasks.task import Task
from benchmark.training.clock import part

TOKENS = 16_384  # in the rows taken, approximately: half fit the probe, half measure it
ATTENDED = 4096  # in those of them whose attention is observed, which takes about five times as long
FEWEST, FEWEST_ATTENDED = 8, 4  # rows of each half, and of those whose attention is observed, however long
PENALTIES = tuple(10.0**power for power in range(-8, 4))  # of the regression, in units of a channel's mean variance


class TooFewRowsError(ValueError):
    """Test rows that are too few to look inside on: reported as unsupported."""


See = Callable[[Tensor, Tensor, Site], None]  # (final scores, attention weights, attention call)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one length gave."""

    arrays: Arrays  # see MechanismRecord
    rows: int
    queries: Ranges
    fitted: int
    seconds: float


@part("a look inside")
def look(
    model: Transformer, task: Task, length: int, device: torch.device, cast: AbstractContextManager[object]
) -> Look:
    """Observe a model at a length."""
    model.eval()
    started = time.perf_counter()
    fit, test = chosen_rows(task, length)
    attended = max(FEWEST_ATTENDED, ATTENDED // test.shape[1])
    regressions = [Regression(model.shape.width) for _ in range(model.shape.layers + 1)]
    attention = Attention(model.shape, test.shape[1])
    with torch.inference_mode(), cast:
        with streaming(model, lambda layer, x: regressions[layer].add(x)):
            model(fit.to(device))
        probes = [regression.solve() for regression in regressions]
        with streaming(model, lambda layer, x: probes[layer].measure(x)):
            with observing(model, attention.see):
                model(test[:attended].to(device))
            if len(test) > attended:
                model(test[attended:].to(device))
    ranges = query_ranges(test.shape[1])
    arrays = {
        **attention.arrays(ranges),
        "probe_error": torch.tensor([probe.error for probe in probes], dtype=torch.float64).numpy(),
        "chance_error": torch.tensor([probe.chance for probe in probes], dtype=torch.float64).numpy(),
        "places": torch.full((len(probes),), test.numel(), dtype=torch.int32).numpy(),
    }
    return Look(
        arrays=arrays,
        rows=min(attended, len(test)),
        queries=ranges,
        fitted=fit.numel(),
        seconds=time.perf_counter() - started,
    )


def chosen_rows(task: Task, length: int) -> tuple[Int[Tensor, "fit time"], Int[Tensor, "test time"]]:
    """The rows that fit the probe and those that measure it: the first test rows of the length, in turns."""
    found: list[Tensor] = []
    wanted = max(2 * FEWEST, TOKENS // task.tokens(length))
    for batch in task.evaluation(length):
        found.append(batch.tokens)
        if sum(map(len, found)) >= wanted:
            break
    rows = torch.cat(found)[:wanted]
    if len(rows) < 2 * FEWEST:
        raise TooFewRowsError(
            f"{task.name} has {len(rows)} test rows of length {length}, but a look inside takes {2 * FEWEST}"
        )
    return rows[0::2], rows[1::2]


def query_ranges(tokens: int) -> Ranges:
    """The first and the last query of each half of a row, of the half of the first half, and so on, in their order."""
    ends = sorted({0, *(tokens >> halved for halved in range(tokens.bit_length()))})
    return tuple((start, stop - 1) for start, stop in pairwise(ends))


@contextmanager
def observing(model: Transformer, see: See) -> Iterator[None]:
    """Show `see` the final scores and the weights of every attention call, which is computed eagerly, in blocks."""

    def watched(weigh: Callable[[Tensor, Site], Tensor]) -> Callable[[Tensor, Site], Tensor]:
        def observed(scores: Tensor, site: Site) -> Tensor:
            kept = scores.clone()  # an encoding may overwrite them
            weights = weigh(scores, site)
            see(kept, weights, site)
            return weights

        return observed

    with ExitStack() as stack:
        for encoding in model.encodings:
            hook: Any = watched(encoding.weigh)  # type: ignore[arg-type]
            encoding.weigh = hook
            stack.callback(delattr, encoding, "weigh")
        yield


@contextmanager
def streaming(model: Transformer, see: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Show `see` the residual stream [B, T, C] before each layer, and after the last, with the layers before it."""

    def before(layer: int) -> Callable[[nn.Module, Any], None]:
        return lambda module, given: see(layer, given[0])

    def after(module: nn.Module, given: Any, made: Any) -> None:
        see(len(model.layers), made[0])

    with ExitStack() as stack:
        for index, layer in enumerate(model.layers):
            stack.callback(layer.register_forward_pre_hook(before(index)).remove)
        stack.callback(model.layers[-1].register_forward_hook(after).remove)
        yield


class Attention:
    """Sums over attention calls, in float64 on the CPU."""

    def __init__(self, shape: Shape, tokens: int) -> None:
        heads = (shape.layers, shape.heads)
        self.entropy, self.queries = (torch.zeros(*heads, tokens, dtype=torch.float64) for _ in range(2))
        self.position, self.content, self.pairs = (torch.zeros(heads, dtype=torch.float64) for _ in range(3))

    def see(self, scores: Tensor, weights: Tensor, site: Site) -> None:
        """Count a call, or a block of its queries."""
        own = slice(site.first_query, site.first_query + site.pairs[0])
        entropy, asked = entropies(weights)
        self.entropy[site.layer, :, own] += entropy.sum(dim=0).cpu()
        self.queries[site.layer, :, own] += asked.sum(dim=0).cpu()
        for total, found in zip((self.position, self.content, self.pairs), squares(scores), strict=True):
            total[site.layer] += found.cpu()

    def arrays(self, ranges: Ranges) -> Arrays:
        """The sums, those of queries by range; see MechanismRecord."""
        uniform = self.queries * torch.arange(1, self.queries.shape[-1] + 1).log()
        by_range = {"entropy": self.entropy, "uniform": uniform, "queries": self.queries}
        return {
            **{
                name: torch.stack([each[..., first : last + 1].sum(dim=-1) for first, last in ranges], dim=-1).numpy()
                for name, each in by_range.items()
            },
            "position_squares": self.position.numpy(),
            "content_squares": self.content.numpy(),
            "pairs": self.pairs.numpy(),
        }


def entropies(
    weights: Float[Tensor, "batch heads query key"],
) -> tuple[Float[Tensor, "batch heads query"], Bool[Tensor, "batch heads query"]]:
    """The entropy of each query's weights in nats, and where there is one: weights may be zero altogether."""
    exact = weights.float()
    total = exact.sum(dim=-1)
    asked = total > 0
    entropy = torch.special.entr(exact).sum(dim=-1) / total + total.log()
    return entropy.where(asked, 0.0), asked


def squares(
    scores: Float[Tensor, "row heads query key"],
) -> tuple[Float[Tensor, " heads"], Float[Tensor, " heads"], Int[Tensor, " heads"]]:
    """The squares of scores due to position and to content, by head, and the pairs of query and key behind them."""
    known = scores.isfinite().all(dim=0)
    exact = scores.float().where(known, 0.0)
    centred = (exact - exact.sum(dim=-1, keepdim=True) / known.sum(dim=-1, keepdim=True).clamp(min=1)).where(known, 0.0)
    mean = centred.mean(dim=0)
    position = len(scores) * mean.square().sum(dim=(1, 2))
    return position, (centred - mean).square().sum(dim=(0, 2, 3)), known.sum(dim=(1, 2))


@dataclass(kw_only=True)
class Probe:
    """A fitted linear read-out of a token's index, and its errors so far."""

    weights: Float[Tensor, " width"]
    offset: float
    guess: float  # the mean index where it was fitted
    error: float = 0.0  # absolute, in tokens, summed over places
    chance: float = 0.0  # that of the guess

    def measure(self, x: Float[Tensor, "batch time width"]) -> None:
        """Add the errors at every place of a residual stream."""
        index = torch.arange(x.shape[1], dtype=torch.float64)
        read = x.cpu().double() @ self.weights + self.offset
        self.error += float((read - index).abs().sum())
        self.chance += len(x) * float((self.guess - index).abs().sum())


class Regression:
    """Ridge regression of a token's index on its residual stream, from the sums of products of both.

    Rows count towards two folds in turns. The penalty is the one with the least squared error on the rows of either
    fold when fitted on those of the other: tokens of a row are alike, so places are fewer than they seem.
    """

    def __init__(self, width: int) -> None:
        self.folds = torch.zeros(2, width + 2, width + 2, dtype=torch.float64)  # of channels, index and 1

    def add(self, x: Float[Tensor, "batch time width"]) -> None:
        """Count every place of a residual stream."""
        index = torch.arange(x.shape[1], dtype=torch.float64).expand(len(x), -1)[..., None]
        rows = torch.cat([x.cpu().double(), index, torch.ones_like(index)], dim=-1)
        for fold in (0, 1):
            places = rows[fold::2].flatten(0, 1)
            self.folds[fold] += places.T @ places

    def solve(self) -> Probe:
        """The read-out with the least squared error."""
        one, other = self.folds
        errors = [_crossed(one, other, penalty) + _crossed(other, one, penalty) for penalty in PENALTIES]
        return _fitted(one + other, PENALTIES[errors.index(min(errors))])


def _fitted(products: Float[Tensor, "all all"], penalty: float) -> Probe:
    means = products[-1, :-1] / products[-1, -1]
    covariance = products[:-1, :-1] / products[-1, -1] - torch.outer(means, means)
    channels, with_index = covariance[:-1, :-1], covariance[:-1, -1]
    added = (penalty * channels.diagonal().mean()).clamp(min=torch.finfo(torch.float64).tiny)
    weights = torch.linalg.solve(channels + added * torch.eye(len(channels), dtype=torch.float64), with_index)
    guess = float(means[-1])
    return Probe(weights=weights, offset=guess - float(weights @ means[:-1]), guess=guess)


def _crossed(fit: Tensor, test: Tensor, penalty: float) -> float:
    """The squared error on the places behind some products of a read-out that is fitted on others."""
    probe = _fitted(fit, penalty)
    miss = torch.cat([probe.weights, torch.tensor([-1.0, probe.offset], dtype=torch.float64)])
    return float(miss @ test @ miss)
