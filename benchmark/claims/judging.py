"""From values to verdicts.

An exact value is compared with the bounds of its criterion. A sample of trained models is judged by the one rule
(`reports.stats.verdict`): a bound is shown to hold on most seeds if going through the seeds in order, at some number of
them, so many lie inside that a fair coin would do so with less than the allowed probability.

    strength(criterion)      the largest number of comparisons among which its bound would still be shown
    strength(reproduced)     the least of its criteria: all must hold
    strength(refuted)        the greatest of its criteria, divided by their number: any may fail
    Holm                     claims in order of strength; the first of n must reach n, the next n - 1, and so on to 1

So whatever the number of claims judged together, the chance that any of them is wrongly called reproduced or refuted is
at most 5 %, as often as the records are looked at while they grow. Only claims with a value for some criterion count.

The verdict is that of the main condition, or, if that has no values, of the first one that has. If another condition
shows the opposite, the claim depends on the setting: it is inconclusive, and the sentences about it say where it holds
and where it does not. Another condition refutes a claim only by values of its own, never by those that it shares.

Source: Holm 1979, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6.
Convention: a value at the very edge of a bound is outside it. The main condition decides; others only warn.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from benchmark.claims.claim import (
    Bound,
    Claim,
    Criterion,
    Exact,
    NotMeasurable,
    OutOfScale,
    Trained,
    Word,
    users_code,
)
from benchmark.claims.evidence import Evidence
from benchmark.errors import UsageError
from benchmark.reports.page.views import View
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.verdict import Duel, Who

INSIDE, OUTSIDE = Who("inside", "inside"), Who("outside", "outside")
MOST = 512  # comparisons: no call judges more claims
SIDES: tuple[Word, Word] = ("reproduced", "refuted")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One criterion and what was measured for it."""

    criterion: Criterion
    values: tuple[float, ...]  # one if exact, else one a seed; () if nothing was measured
    exact: bool

    @property
    def effect(self) -> Effect:
        """The value; of a sample the median, with its 95 % interval from 6 values on."""
        if self.exact and self.values:
            return Effect(value=self.values[0], low=math.nan, high=math.nan, n=1, covers="")
        return Effect.of(self.values)

    def strength(self, side: Word) -> int:
        """The largest number of comparisons among which the bound of a side is shown to hold; 0: not even alone."""
        inside = self._inside(side)
        return MOST * any(inside) if self.exact else _strength_of(inside)

    def more(self, side: Word, comparisons: int) -> int:
        """How many more seeds would show it, if all lie inside the bound."""
        return 0 if self.exact else _duel(self._inside(side), comparisons).more_seeds

    def bound(self, side: Word) -> Bound:
        """The values that speak for a side."""
        return self.criterion.reproduced if side == "reproduced" else self.criterion.refuted

    def outside(self, side: Word) -> int:
        """The number of values that do not speak for a side."""
        return self._inside(side).count(False)

    @property
    def leans(self) -> Word:
        """The side that the value lies on; "inconclusive" for neither, or without a value."""
        value = self.effect.value
        return next((side for side in SIDES if self.bound(side).holds(value)), "inconclusive")

    def _inside(self, side: Word) -> tuple[bool, ...]:
        """Which values speak for a side."""
        return tuple(map(self.bound(side).holds, self.values))


@cache
def _strength_of(inside: tuple[bool, ...]) -> int:
    """The largest number of comparisons among which such values are shown to lie inside a bound."""
    # Up from one: what is shown among n is not always shown among fewer, since losses are allowed at other places.
    shown = (n for n in range(1, MOST + 1) if _duel(inside, n).winner != INSIDE)
    return next(shown, MOST + 1) - 1


def _duel(inside: tuple[bool, ...], comparisons: int) -> Duel:
    signs = tuple(1.0 if each else -1.0 for each in inside)
    return Duel(first=INSIDE, second=OUTSIDE, differences=signs, pairs=comparisons)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one condition says of a claim."""

    evidence: Evidence
    findings: tuple[Finding, ...] = ()
    seen: frozenset[tuple[str, str]] = frozenset()  # keys of the models and evaluations that it was read from
    reason: str = ""  # why nothing can be said in this condition
    word: Word = "inconclusive"

    def beside(self, main: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings with values of their own, which are not those of the main condition."""
        return tuple(each for each in self.findings if each.values and each not in main)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict on one claim."""

    claim: Claim
    word: Word
    findings: tuple[Finding, ...]  # of the main condition
    reason: str = ""  # why it is not measurable
    elsewhere: tuple[Reading, ...] = ()  # under other conditions
    comparisons: int = 1  # among which it was judged
    seen: frozenset[tuple[str, str]] = frozenset()  # keys of the models and evaluations behind the findings
    views: tuple[View, ...] = ()  # that the findings were read from

    @property
    def measured(self) -> bool:
        """True if any criterion has a value."""
        return any(finding.values for finding in self.findings)

    @property
    def lacks(self) -> tuple[Criterion, ...]:
        """The criteria without a value."""
        return tuple(finding.criterion for finding in self.findings if not finding.values)

    @property
    def leans(self) -> Word:
        """Where the values lie, shown or not."""
        sides = [finding.leans for finding in self.findings if finding.values]
        if "refuted" in sides:
            return "refuted"
        return "reproduced" if set(sides) == {"reproduced"} else "inconclusive"

    @property
    def split(self) -> tuple[Finding, ...]:
        """Of the criteria that lean to a side, those with a third of their values or more outside its bound."""
        leaning = (each for each in self.findings if each.values and each.leans == self.leans)
        return tuple(each for each in leaning if 3 * each.outside(self.leans) >= len(each.values))

    @property
    def contradicted(self) -> bool:
        """True if the main condition and another one show opposite verdicts."""
        words = {self.shown, *(each.word for each in self.elsewhere)}
        return set(SIDES) <= words

    @property
    def shown(self) -> Word:
        """What the main condition shows by itself."""
        return _shown(self.findings, self.comparisons)

    @property
    def more_seeds(self) -> int:
        """How many more seeds would show the side that the values lean to, if all agree; 0 if it is none."""
        side, known = self.leans, [finding for finding in self.findings if finding.values]
        if side == "inconclusive" or self.word in SIDES:
            return 0
        if side == "refuted":
            against = [each for each in known if each.leans == side]
            return min(each.more(side, self.comparisons * len(self.findings)) for each in against)
        return max(each.more(side, self.comparisons) for each in known)


def judge(
    claims: Iterable[Claim], exact: Mapping[str, Mapping[str, float]], evidence: Sequence[Evidence]
) -> list[Judgement]:
    """The verdict on each claim; `exact`: measured values by claim; `evidence`: of `evidence.conditions`."""
    return decide([gather(claim, exact.get(claim.id, {}), evidence) for claim in claims])


def gather(claim: Claim, values: Mapping[str, float], evidence: Sequence[Evidence]) -> Judgement:
    """What was measured, before it is known among how many claims it counts."""
    if isinstance(claim.evidence, OutOfScale):
        return Judgement(claim=claim, word="not measurable", findings=(), reason=claim.evidence.why)
    if isinstance(claim.evidence, Exact):
        own = {name: (value,) for name, value in values.items()}
        return Judgement(claim=claim, word="inconclusive", findings=_findings(claim, own, exact=True))
    serves = [each for each in evidence if bool(each.checkpoint) == claim.evidence.pretrained]
    found = [each for each in _readings(claim, serves) if each.reason or _any(each.findings)]
    if not found:
        return Judgement(claim=claim, word="inconclusive", findings=_findings(claim, {}, exact=False))
    main = next((each for each in found if not each.reason or each.evidence is serves[0]), found[0])
    if main.reason:
        return Judgement(claim=claim, word="not measurable", findings=(), reason=main.reason)
    models = {model for model, _ in main.seen}
    return Judgement(
        claim=claim,
        word="inconclusive",  # for now
        findings=main.findings,
        elsewhere=tuple(each for each in found if each is not main and (each.reason or each.beside(main.findings))),
        seen=main.seen,
        views=tuple(view for view in main.evidence.views.values() if view.models & models),
    )


def _readings(claim: Claim, evidence: Sequence[Evidence]) -> Iterator[Reading]:
    """What each condition says of a claim, the main one first; those of tasks that it does not look at are left out."""
    for each in evidence:
        if each.differs and each is not evidence[0] and each.differs not in evidence[0].asked:
            continue  # its values would be those of the main condition
        try:
            sample, seen = _read(claim, each)
        except NotMeasurable as error:
            yield Reading(evidence=each, reason=str(error), word="not measurable")
        else:
            yield Reading(evidence=each, findings=_findings(claim, sample, exact=False), seen=seen)


def _read(claim: Claim, evidence: Evidence) -> tuple[dict[str, tuple[float, ...]], frozenset[tuple[str, str]]]:
    """The values of a condition, and the keys of what they were read from; UsageError if a user's `read` fails."""
    assert isinstance(claim.evidence, Trained)
    evidence.seen.clear()
    evidence.asked.clear()
    read = claim.evidence.read
    with users_code(claim.id, "reading its records", ours=read.__module__.startswith("benchmark.")):
        sample = {name: tuple(map(float, _in_order(values))) for name, values in read(evidence).items()}
    known = {criterion.name for criterion in claim.criteria}
    if not sample.keys() <= known:
        raise UsageError(
            f"claim {claim.id}: its `read` gave {sorted(sample.keys() - known)}, but its criteria are {sorted(known)}"
        )
    return sample, frozenset(evidence.seen)


def _in_order(values: Sequence[float] | Mapping[int, float]) -> Sequence[float]:
    """The values, those by seed in ascending order of seeds."""
    return [values[seed] for seed in sorted(values)] if isinstance(values, Mapping) else values


def _findings(claim: Claim, sample: Mapping[str, Sequence[float]], *, exact: bool) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            criterion=each,
            values=tuple(value for value in sample.get(each.name, ()) if not math.isnan(value)),
            exact=exact,
        )
        for each in claim.criteria
    )


def _any(findings: Iterable[Finding]) -> bool:
    return any(finding.values for finding in findings)


def decide(raw: Sequence[Judgement]) -> list[Judgement]:
    """What was gathered for each claim, with the verdicts: exact ones by comparison, samples in Holm's order."""
    tested = [each for each in raw if isinstance(each.claim.evidence, Trained) and each.measured]
    ranked = sorted(tested, key=lambda each: -max(_strength(each.findings, side) for side in SIDES))
    comparisons, left = {}, len(ranked)
    for each in ranked:
        comparisons[each.claim.id] = left
        if max(_strength(each.findings, side) for side in SIDES) >= left:
            left -= 1  # shown: the next one is judged among one fewer
    return [_final(each, comparisons.get(each.claim.id, max(left, 1))) for each in raw]


def _final(raw: Judgement, comparisons: int) -> Judgement:
    if raw.word == "not measurable":
        return raw
    elsewhere = tuple(replace(each, word=_shown_by(each, raw.findings, comparisons)) for each in raw.elsewhere)
    found = replace(raw, comparisons=comparisons, elsewhere=elsewhere)
    return replace(found, word="inconclusive" if found.contradicted else found.shown)


def _shown_by(reading: Reading, main: tuple[Finding, ...], comparisons: int) -> Word:
    """What another condition shows. Values that it shares with the main one can help to reproduce, and never refute."""
    if reading.reason:
        return reading.word
    refutes = max(finding.strength("refuted") for finding in reading.beside(main)) // len(reading.findings)
    if refutes >= comparisons:
        return "refuted"
    return "reproduced" if _strength(reading.findings, "reproduced") >= comparisons else "inconclusive"


def _shown(findings: Sequence[Finding], comparisons: int) -> Word:
    return next((side for side in SIDES if _strength(findings, side) >= comparisons), "inconclusive")


def _strength(findings: Sequence[Finding], side: Word) -> int:
    strengths = [finding.strength(side) for finding in findings]
    if not strengths:
        return 0
    return min(strengths) if side == "reproduced" else max(strengths) // (1 if findings[0].exact else len(strengths))


def is_trained(claim: Claim) -> bool:
    """True if a claim is judged from trained models."""
    return isinstance(claim.evidence, Trained)
