"""Each check of an encoding catches a fault that people make.

The contract test shows that registered encodings pass (tests/encodings/test_contract.py). No check can catch a wrong
formula that keeps every promise: the value tests in tests/encodings/ plant such faults.
"""

import random
import re

import numpy as np
import pytest
import torch
from planted import choice_of
from torch import Tensor, nn

from benchmark.catalogue import Choice
from benchmark.checks.encoding import CHECKS, check
from benchmark.checks.outcome import ASKS_NOBODY, Outcome, run
from benchmark.checks.precision import LENGTHS, TOLERATED
from benchmark.checks.subject import QUICK, Subject
from benchmark.encodings import CATALOGUE
from benchmark.encodings.alibi import Alibi
from benchmark.encodings.bases import RelativeBias, Rotation, by_distance, geometric
from benchmark.encodings.bias import Bias
from benchmark.encodings.cope import CoPE
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.fox import Fox
from benchmark.encodings.learned import Learned
from benchmark.encodings.rope import Rope
from benchmark.encodings.sinusoidal import Sinusoidal
from benchmark.experiments.presets import PRESETS
from benchmark.standard_input import REASON, NoInputError

Faulty = type[Encoding]
FACTS = {"same as", "kernel", "KV cache", "parameters", "operations"}


def checked(kind: Faulty) -> dict[str, Outcome]:
    return {found.name: found for found in check(choice_of(kind))}


def outcome(choice: Choice, name: str) -> Outcome:
    """The outcome of one check."""
    (each,) = (each for each in CHECKS if each.name == name)
    with torch.random.fork_rng(devices=[]):
        return run(each, Subject(choice=choice))


def failures(outcomes: dict[str, Outcome]) -> list[str]:
    return [name for name, found in outcomes.items() if found.status == "fail"]


class SeesTheFuture(CoPE):
    """Counts gates over all keys, not only over visible ones."""

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        unmasked = q @ k.transpose(-1, -2) / self.shape.head_width**0.5
        return scores + super().rescore(unmasked, q, k, site) - unmasked


class SeesOnlyItself(RelativeBias):
    def at(self, distance: Tensor) -> Tensor:
        return torch.where(distance == 0, 0.0, -torch.inf).expand(self.shape.heads, *distance.shape)


class CentresOverTheBatch(Encoding):
    relative = True

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return q - q.mean(dim=0), k


class TurnsOnlyQueries(Rope):
    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        return super().rotate(q, k, site)[0], k


class ClaimsToBeRelative(Learned):
    relative = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.max_length = None

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return super().embed(x, positions % self.shape.train_length)


class MisspellsItsHook(Encoding):
    acts = "bias"

    def biass(self, site: Site) -> Tensor:
        return -site.distance.float()


class TurnsByIndex(Rope):
    """Rotates queries as if they were the first tokens."""

    def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
        cos, sin = self.table(site, q.dtype)
        count = q.shape[-2]
        return self.turn(q, cos[..., :count, :], sin[..., :count, :]), self.turn(k, cos, sin)


class IgnoresTheBlock(Encoding):
    """Returns the first rows of the square bias, whichever queries ask."""

    relative = True

    def bias(self, site: Site) -> Tensor:
        places = site.key_positions[:, None]
        return -(places[..., :, None] - places[..., None, :]).abs().float()[..., : site.query_positions.shape[1], :]


class ReadsTheFirstRow(Encoding):
    """Divides distances by the query's position in the first row, whatever the row."""

    def bias(self, site: Site) -> Tensor:
        return -site.distance / (1.0 + site.query_positions[:1, None, :, None])


class TemperesWhatIsMasked(Encoding):
    """Multiplies -inf by a weight: harmless in the forward pass, NaN in the backward pass."""

    relative = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.temperature = nn.Parameter(torch.ones(()))

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return scores * self.temperature


class SeesNothingAhead(RelativeBias):
    def at(self, distance: Tensor) -> Tensor:
        return torch.where(distance >= 0, -distance.float(), -torch.inf).expand(self.shape.heads, *distance.shape)


class Rates(RelativeBias):
    """A learned slope per head, to plant faults in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.rate = nn.Parameter(torch.ones(shape.heads))

    def at(self, distance: Tensor) -> Tensor:
        return -self.rate.view(-1, *(1,) * distance.dim()) * distance.abs()


class TrainsNothing(Rates):
    def at(self, distance: Tensor) -> Tensor:
        return super().at(distance).detach()


class HalvesItsGradient(Rates):
    def at(self, distance: Tensor) -> Tensor:
        return (super().at(distance) + super().at(distance).detach()) / 2


class HidesItsBias(Rates):
    """Returns no bias at every third call, so attention takes a kernel without one."""

    asked = 0

    def bias(self, site: Site) -> Bias | None:
        self.asked += 1
        return super().bias(site) if self.asked % 3 else None


class KeepsItsBias(Rates):
    """Caches its bias without a gradient, and returns it where a gradient is needed."""

    kept: Tensor | None = None

    def bias(self, site: Site) -> Tensor:
        if site.visible.shape[-1] != 11 or not torch.is_grad_enabled():
            return by_distance(self.at, site)
        kept, self.kept = self.kept, by_distance(self.at, site).detach()
        return by_distance(self.at, site) if kept is None else kept


class RoundsItsAngles(Rotation):
    def theta(self, dtype: torch.dtype, site: Site) -> Tensor:
        rotated = self.shape.head_width // 2 * 2
        return geometric(10000.0, rotated, rotated, dtype, site.key_positions.device)

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        angles = site.key_positions[:, None, :, None].to(dtype) * self.theta(dtype, site)
        return angles.cos(), angles.sin()


class ForgetsItsEnd(Learned):
    """Declares where it ends, and accepts longer rows all the same."""

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return super().embed(x, positions.clamp(max=self.shape.train_length - 1))


class ClampsInSilence(ForgetsItsEnd):
    past = "defined"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.max_length = None


class ClampsFarAway(Sinusoidal):
    """Like a table of fixed size, larger than any short test reaches."""

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return super().embed(x, positions.clamp(max=2047))


class BeginsAgain(Learned):
    past = "defined"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.max_length = None

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return super().embed(x, positions % self.shape.train_length)


class NeedsAToken(Encoding):
    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return x + (positions / (1 + positions.max()))[..., None]


class NeedsPairs(Rope):
    def turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        a, b = x.unflatten(-1, (2, -1)).unbind(-2)
        return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class NeedsAPowerOfTwo(Alibi):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        if shape.heads & (shape.heads - 1):
            raise ValueError(f"{shape.heads} heads are not a power of two")


class DrawsWithNumpy(Encoding):
    acts = "embedding"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.table = nn.Parameter(torch.from_numpy(np.random.randn(shape.width)).float())

    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return x + self.table * positions[..., None]


class DrawsWithPython(Encoding):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.scale = nn.Parameter(torch.tensor(random.random()))


class SetsItsOwnSeed(Encoding):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        torch.manual_seed(0)
        self.table = nn.Parameter(torch.randn(shape.width))


class AddsNoise(Encoding):
    def embed(self, x: Tensor, positions: Tensor) -> Tensor:
        return x + torch.randn_like(x)


class IgnoresTheGenerator(Encoding):
    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        places = torch.arange(tokens.shape[1])[None]
        return places if generator is None else places + torch.randint(2**20, ())


class GivesFlatPositions(Encoding):
    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        places = torch.arange(tokens.shape[1])
        return places[None] if generator is None else places


class LeavesItsDrawUnsorted(Encoding):
    """Randomised positions in training, in the order of the draw."""

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        count = tokens.shape[1]
        return (
            torch.arange(count)[None] if generator is None else torch.randperm(5000, generator=generator)[None, :count]
        )


class RepeatsInSilence(Encoding):
    past = "defined"

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return torch.arange(tokens.shape[1])[None] // 2


class RoundsItsPositions(Encoding):
    """Distinct in a short row; bfloat16 cannot tell 256 from 257."""

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().positions(tokens, generator).bfloat16()


class EndsItsSchedule(Encoding):
    def schedule(self, done: float) -> None:
        if done > 0.9:
            raise RuntimeError("no schedule for the end")


class ForgetsToNormalise(Encoding):
    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return scores.sigmoid()


class WeighsHiddenKeys(Encoding):
    """Hidden keys enter the average over all keys of the row."""

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return scores.masked_fill(~site.visible, 0).softmax(-1)


class WeighsBelowZero(Encoding):
    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return (scores.softmax(-1) - 0.01).masked_fill(~site.visible, 0)


class OverflowsWhenSure(Encoding):
    """Divides exponentials by their sum, without subtracting the largest score first."""

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return scores.exp() / scores.exp().sum(-1, keepdim=True)


class SharesByTheQueriesAsked(Encoding):
    """As many queries as keys in a full pass, but not in decoding."""

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        queries, keys = site.pairs
        return scores.softmax(-1) * keys / queries


class LosesAQueryThatSeesNothing(Fox):
    """Normalises over the keys before a query: 0 / 0 for the first."""

    def weigh(self, scores: Tensor, site: Site) -> Tensor:
        return scores.masked_fill(~site.visible.tril(site.first_query - 1), -torch.inf).softmax(-1)


FAULTS: list[tuple[Faulty, str]] = [
    (SeesTheFuture, "no token sees the future"),
    (SeesOnlyItself, "later tokens see earlier ones"),
    (CentresOverTheBatch, "rows of a batch are independent"),
    (TurnsOnlyQueries, "shift of all positions"),
    (ClaimsToBeRelative, "shift of all positions"),
    (MisspellsItsHook, "does something"),
    (TurnsByIndex, "decoding with a cache"),
    (IgnoresTheBlock, "evaluation in blocks"),
    (ReadsTheFirstRow, "left padding"),
    (TemperesWhatIsMasked, "no NaN where keys are hidden"),
    (ForgetsToNormalise, "attention weights"),
    (WeighsHiddenKeys, "attention weights"),
    (WeighsBelowZero, "attention weights"),
    (OverflowsWhenSure, "attention weights"),
    (SharesByTheQueriesAsked, "attention weights"),
    (LosesAQueryThatSeesNothing, "attention weights"),
    (SeesNothingAhead, "attention both ways"),
    (TrainsNothing, "gradients reach own weights"),
    (HalvesItsGradient, "gradients match finite differences"),
    (HidesItsBias, "fused equals eager: outputs"),
    (KeepsItsBias, "fused equals eager: gradients"),
    (RoundsItsAngles, "bfloat16 by position"),
    (ForgetsItsEnd, "past the trained length"),
    (ClampsInSilence, "positions past it are distinct"),
    (ClampsFarAway, "positions past it are distinct"),
    (BeginsAgain, "positions past it are distinct"),
    (NeedsAToken, "lengths 0 and 1"),
    (NeedsPairs, "odd head widths"),
    (NeedsAPowerOfTwo, "any number of heads"),
    (DrawsWithNumpy, "global random state is unchanged"),
    (DrawsWithPython, "own weights follow the seed"),
    (DrawsWithNumpy, "own weights follow the seed"),
    (SetsItsOwnSeed, "own weights follow the seed"),
    (AddsNoise, "two passes are identical"),
    (IgnoresTheGenerator, "positions in training"),
    (GivesFlatPositions, "positions in training"),
    (LeavesItsDrawUnsorted, "positions rise along a row"),
    (RepeatsInSilence, "positions rise along a row"),
    (RoundsItsPositions, "positions rise along a row"),
    (EndsItsSchedule, "schedule"),
]


@pytest.mark.parametrize(("kind", "name"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_fault_is_caught(kind: Faulty, name: str) -> None:
    found = outcome(choice_of(kind), name)
    assert found.status == "fail", found.detail
    assert found.remedy


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (LeavesItsDrawUnsorted, r"step from a token to the next: -\d+ in training, in a row of 4,096 tokens"),
        (RepeatsInSilence, r"step from a token to the next: 0 in evaluation, in a row of 11 tokens"),
        (RoundsItsPositions, r"step from a token to the next: 0 in evaluation, in a row of 4,096 tokens"),
    ],
)
def test_positions_that_do_not_rise_are_said_to_be_where_they_do_not(kind: Faulty, reason: str) -> None:
    assert re.search(reason, outcome(choice_of(kind), "positions rise along a row").detail)


class RepeatsOnPurpose(RepeatsInSilence):
    past = "repeats each position"


class CountsFromTheLastMark(Encoding):
    """As a segment or a number does: which token is at a place decides its position."""

    past = "defined"

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        steps = torch.arange(tokens.shape[1])
        return steps - torch.where(tokens == 0, steps, 0).cummax(1).values


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (RepeatsOnPurpose, "`past` says 'repeats each position'"),
        (CountsFromTheLastMark, "positions follow from what the tokens are"),
    ],
)
def test_positions_that_are_meant_to_repeat_are_spared(kind: Faulty, reason: str) -> None:
    found = outcome(choice_of(kind), "positions rise along a row")
    assert found.status == "not applicable"
    assert found.detail.startswith(reason)


def test_every_check_catches_a_fault() -> None:
    assert {name for _, name in FAULTS} | FACTS == {each.name for each in CHECKS}


class BiasInFloat32(Rates):
    """Computes in float32 internally, as the guide advises, which is not a fault."""

    acts = "bias"
    past = "defined"

    def at(self, distance: Tensor) -> Tensor:
        return -self.rate.float().view(-1, *(1,) * distance.dim()) * torch.log1p(distance.abs().float())


class TurnsInFloat32(RoundsItsAngles):
    acts = "rotation"
    past = "unseen phases"

    def table(self, site: Site, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        angles = site.key_positions[:, None, :, None].float() * self.theta(torch.float32, site)
        return angles.cos().to(dtype), angles.sin().to(dtype)


@pytest.mark.parametrize("kind", [BiasInFloat32, TurnsInFloat32])
def test_computing_in_float32_is_not_a_fault(kind: Faulty) -> None:
    assert failures(checked(kind)) == []


class WrongSign(Alibi):
    def at(self, distance: Tensor) -> Tensor:
        return -super().at(distance)


class WrongDirection(CoPE):
    def count(self, scores: Tensor) -> Tensor:
        exact = scores.to(torch.promote_types(scores.dtype, torch.float32))
        return exact.sigmoid().cumsum(-1).clamp(max=self.places - 1)


class WrongWayBack(Fox):
    def kept(self, hidden: Tensor) -> Tensor:
        return -super().kept(hidden)


@pytest.mark.parametrize("kind", [WrongSign, WrongDirection, WrongWayBack])
def test_a_wrong_formula_keeps_every_promise(kind: Faulty) -> None:
    """This is why an encoding also needs a value test; those in tests/encodings/ plant the same faults."""
    assert failures(checked(kind)) == []


class Raises(Rope):
    def bias(self, site: Site) -> Tensor | None:
        raise KeyError("no such\n table")


class Exits(Encoding):
    def __init__(self, shape: Shape) -> None:
        raise SystemExit("3")


@pytest.mark.parametrize(("kind", "message"), [(Raises, "KeyError: 'no such\\n table'"), (Exits, "SystemExit: 3")])
def test_an_exception_in_an_authors_code_fails_only_the_checks_that_meet_it(kind: Faulty, message: str) -> None:
    found = checked(kind)
    assert len(found) == len(CHECKS)
    assert found["decoding with a cache"].status == "fail"
    assert found["decoding with a cache"].detail == message
    assert found["own weights follow the seed"].status == ("pass" if kind is Raises else "fail")


class Asks(Encoding):
    def __init__(self, shape: Shape) -> None:
        raise NoInputError(REASON)


def test_code_that_reads_standard_input_gets_no_advice_on_anything_else() -> None:
    failed = [outcome for outcome in checked(Asks).values() if outcome.status == "fail"]
    assert failed
    assert {outcome.remedy for outcome in failed} == {ASKS_NOBODY}


def test_weights_drawn_from_the_seed_are_named() -> None:
    drawn, fixed = (outcome(CATALOGUE.choice(name), "own weights follow the seed") for name in ("learned", "alibi"))
    assert drawn.detail.endswith("drawn from the seed: table")
    assert fixed.detail.endswith("drawn from the seed: none")


class Sinks(Encoding):
    """Relative without claiming it."""

    acts = "bias"

    def bias(self, site: Site) -> Tensor:
        return -site.distance.abs().float()


def test_a_relative_encoding_that_does_not_claim_it_is_pointed_out() -> None:
    found = outcome(choice_of(Sinks), "shift of all positions")
    assert found.status == "pass"
    assert "relative = True would be true" in found.detail


def test_a_check_that_does_not_apply_says_why() -> None:
    found = outcome(CATALOGUE.choice("none"), "gradients reach own weights")
    assert (found.status, found.detail) == ("not applicable", "it has no weights of its own")
    found = outcome(CATALOGUE.choice("none"), "schedule")
    assert (found.status, found.detail) == ("not applicable", "it has no schedule")


class CountsTokens(Encoding):
    """Scales positions by the length of the row."""

    length_aware = True
    acts = "positions"

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return torch.linspace(0, 1, tokens.shape[1])[None]

    def bias(self, site: Site) -> Tensor:
        return -site.distance.abs()


def test_a_length_aware_encoding_skips_the_checks_of_cache_and_padding() -> None:
    for name in ("decoding with a cache", "left padding"):
        found = outcome(choice_of(CountsTokens), name)
        assert found.status == "not applicable"
        assert found.detail.startswith("length_aware: ")


def test_drift_is_reported_by_position_and_grows_only_with_rounded_angles() -> None:
    good = outcome(CATALOGUE.choice("rope"), "bfloat16 by position")
    bad = outcome(choice_of(RoundsItsAngles), "bfloat16 by position")
    assert [position for position, _ in good.curve] == [length - 1 for length in LENGTHS]
    assert good.curve[-1][1] < TOLERATED / 10
    assert bad.curve[-1][1] > 2 * TOLERATED
    assert abs(bad.curve[0][1] - good.curve[0][1]) < 0.001


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("rope", "fused causal"),
        ("alibi", "fused, with the bias as its mask"),
        ("rerope", "fused, in parts that are merged"),
        ("cope", "eager: the scores themselves, in plain operations"),
    ],
)
def test_the_kernel_is_reported(name: str, kernel: str) -> None:
    assert outcome(CATALOGUE.choice(name), "kernel").detail == kernel


def test_costs_are_counted_on_the_model_of_the_quick_preset() -> None:
    model = PRESETS["quick"].model
    assert (QUICK.width, QUICK.heads, QUICK.layers) == (model.width, model.heads, model.layers)
    assert PRESETS["quick"].budgets["corpus"][0].train_length == QUICK.train_length
    cope = CATALOGUE.choice("cope:places=33")
    assert outcome(cope, "parameters").detail.startswith(f"{2 * 33 * 16:,} own")
    operations = outcome(cope, "operations").detail
    # q . e for each place, in 2 layers of 4 heads: 2 x (2 x T x 64 x 33) operations in a row of T tokens.
    assert f"({2 * 2 * 64 * 64 * 33 / 1e6:+,.1f} million)" in operations
    assert f"({2 * 2 * 1024 * 64 * 33 / 1e6:+,.1f} million)" in operations


def test_the_callers_random_state_is_unchanged() -> None:
    before = torch.get_rng_state()
    check(CATALOGUE.choice("learned"))
    assert torch.equal(torch.get_rng_state(), before)


def test_no_two_checks_share_a_name_or_a_remedy() -> None:
    assert len({each.name for each in CHECKS}) == len(CHECKS)
    assert len({each.remedy for each in CHECKS}) == len(CHECKS)
