"""Ways of training: T20 and T38."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, NotMeasurable, Sample, Source, Trained
from benchmark.claims.evidence import LEARNED, BySeed, Evidence
from benchmark.claims.families.asked import COUNTED_CHANCE
from benchmark.claims.runs import quick
from benchmark.metrics import MARGIN
from benchmark.reports.page.views import View
from benchmark.reports.words import later

TASKS = ("bucket-sort", "copy-twice", "cycle-navigation", "even-pairs")  # of the paper's: those that train fastest here
UNSOLVED = later("On most of the tasks, neither encoding scores more at 4 L than chance or a simple rule.")
PRECISE, FAST = "float32", "bfloat16"
TEXT = "corpus:vocabulary=1024"  # a task of its own, so that no view of the usual text is at another precision


def _randomised(evidence: Evidence) -> Sample:
    """Raises NotMeasurable if neither encoding solves more than chance or a simple rule on most tasks."""
    skills = [tuple(evidence.above_floor(task, name, 4) for name in ("randomized", "rope")) for task in TASKS]
    if all(own for pair in skills for own in pair):
        unsolved = [pair for pair in skills if max(map(_median, pair)) < LEARNED]
        if 2 * len(unsolved) > len(TASKS):
            raise NotMeasurable(UNSOLVED)
    return {"gain above the floor": _mean_gain([_gains(*pair) for pair in skills])}


def _raw_gain(evidence: Evidence) -> Sample:
    """Version 1: scores as they are."""
    scores = [tuple(evidence.at(task, name, 4) for name in ("randomized", "rope")) for task in TASKS]
    return {"gain": _mean_gain([_gains(*pair) for pair in scores])}


def _mean_gain(gains: Sequence[BySeed]) -> list[float]:
    seeds = sorted(set.intersection(*(set(own) for own in gains)))
    return [sum(own[seed] for own in gains) / len(gains) for seed in seeds]


def _gains(with_: BySeed, without: BySeed) -> BySeed:
    return {seed: with_[seed] - without[seed] for seed in with_.keys() & without.keys()}


def _median(values: BySeed) -> float:
    return median(values.values())


def _gain(name: str, quantity: str) -> Criterion:
    return Criterion(name=name, quantity=quantity, reproduced=Bound(above=MARGIN), refuted=Bound(below=0.0))


T20 = Claim(
    id="T20",
    sentence=later("Positions drawn at random in training let models solve longer problems."),
    source=Source(paper="Ruoss et al. 2023", place=later("abstract"), url="https://arxiv.org/abs/2305.16843"),
    criteria=(
        _gain(
            later("gain above the floor"),
            later(
                "randomised minus plain RoPE: score at 4 L above chance and simple rules, as a share of what is "
                "possible, mean of four tasks"
            ),
        ),
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(_gain(later("gain"), later("randomised minus plain RoPE: score at 4 L, mean of four tasks")),),
            why=COUNTED_CHANCE,
            read=_raw_gain,
        ),
    ),
    evidence=Trained(needs=(quick("rope,randomized", ",".join(TASKS), 4),), read=_randomised),
    scale=later(
        "four of the paper's fifteen tasks, 2 layers of width 64, trained at 10 to 20 and tested at 4 times that"
    ),
    silent=later(
        "Seeds are averaged, where the paper takes the best of ten; and no other base than RoPE is randomised."
    ),
)


def _precision(evidence: Evidence) -> Sample:
    """The loss at L in bfloat16 minus that in float32, for the newest setting that was trained in both."""
    views = [view for view in evidence.selection.views if view.task.partition(" (")[0] == TEXT and not view.tuned]
    for fast in sorted(views, key=lambda view: view.created, reverse=True):
        for precise in views:
            if (fast.spec.precision, precise.spec.precision) == (FAST, PRECISE) and _alike(fast, precise):
                low, high = (replace(evidence, views={TEXT: view}).at(TEXT, "rope") for view in (fast, precise))
                return {"change": [low[seed] - high[seed] for seed in sorted(low.keys() & high.keys())]}
    return {}


def _alike(one: View, other: View) -> bool:
    return (one.spec.task, one.spec.model, one.spec.budget) == (other.spec.task, other.spec.model, other.spec.budget)


_BOTH = tuple(quick("rope", TEXT).model_copy(update={"precision": precision}) for precision in (PRECISE, FAST))

T38 = Claim(
    id="T38",
    sentence=later("Trained in bfloat16, with its angles in float32, RoPE reaches almost the same loss."),
    source=Source(
        paper=later("common practice"),
        place=later("against Wang, H. et al. 2024"),
        url="https://arxiv.org/abs/2411.13476",
    ),
    criteria=(
        Criterion(
            name=later("change"),
            quantity=later("rope: loss at L trained in bfloat16 minus that in float32, nats"),
            reproduced=Bound(above=-0.01, below=0.01),
            refuted=Bound(above=-MARGIN, below=MARGIN, outside=True),
        ),
    ),
    evidence=Trained(needs=_BOTH, read=_precision),
    scale=later("a model of 2 layers and width 64 on a Chinese novel of 1,024 words, at 64 tokens"),
    silent=later(
        "Matrix products and the rotation are in bfloat16. With angles in float32 RoPE stays relative (A12-ANGLES), so "
        "this does not say what training costs where relativity breaks, of which the paper warns in long contexts."
    ),
)
