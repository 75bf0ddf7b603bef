"""RoPE made to reach farther, by other frequencies at test time or by another base: T6 to T9.

Thresholds of the catalogue of claims: T7's 2 %. The margins of the whole project: losses up to 1.05 times and
accuracies down to .9 times those at L are usable (`benchmark.metrics`). Our own: a tenth, and a half, of the recall.
"""

from collections.abc import Callable
from dataclasses import replace

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Sample, Source, Trained, near
from benchmark.claims.evidence import Evidence, gap, kept
from benchmark.claims.families.asked import BOTH, TEXT, Recall, ahead, far_shares, recalls, trained
from benchmark.claims.runs import quick
from benchmark.metrics import ACCURACY_HOLDS, LOSS_HOLDS
from benchmark.reports.words import later

SCALED, PLAIN = ("ntk", "yarn"), ("rope", "pi", "pi:factor=2")
SMALL, LARGE = "rope:base=10", "rope:base=1e+06"
FIRST_ZERO = 5  # tokens: where B_m of claim A6 first turns negative, for base 10 and heads of width 16


def _zero_shot(*plain: str) -> Callable[[Evidence], Sample]:
    return lambda evidence: {f"{new}, {old}": gap(evidence, "corpus", new, old, 2) for new in SCALED for old in plain}


def _better_than(*plain: str) -> tuple[Criterion, ...]:
    quantity = later("loss of the second minus that of the first at 2 L, nats")
    return tuple(ahead(new, old, quantity) for old in plain for new in SCALED)


T6 = Claim(
    id="T6",
    sentence=later(
        "Without fine-tuning, NTK-aware scaling and YaRN extend RoPE better than position interpolation, and than "
        "nothing at all."
    ),
    source=Source(paper="YaRN", place=later("on NTK-aware scaling"), url="https://arxiv.org/abs/2309.00071"),
    criteria=_better_than(*PLAIN),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=_better_than("rope", "pi"),
            why=later("at 2 L, interpolation by 4 does worse than by 2, which is all that is needed there"),
            read=_zero_shot("rope", "pi"),
        ),
    ),
    evidence=Trained(needs=(quick("rope,ntk,yarn,pi,pi:factor=2", "corpus", 2, seeds=18),), read=_zero_shot(*PLAIN)),
    scale=TEXT,
    silent=later(
        "NTK-aware scaling and YaRN are set to a factor of 4, since NTK-aware scaling reaches less far than its factor "
        "says; interpolation to 4 and to 2. Says nothing about fine-tuning."
    ),
)


def _cropped(evidence: Evidence) -> Sample:
    return {
        "loss over cropping": _over_cropping(evidence),
        "far recall": far_shares(evidence, "recall-mqar", "yarn", 4, trained),
    }


def _over_cropping(evidence: Evidence) -> list[float]:
    """The loss of yarn at 4 L over that of rope after only L tokens of the same text, as a share of it; by seed."""
    rope, over = evidence.at("corpus", "rope"), evidence.at("corpus", "rope", metric="over_crop_nats")
    yarn = evidence.at("corpus", "yarn", 4)
    seeds = sorted(rope.keys() & over.keys() & yarn.keys())
    return [yarn[seed] / (rope[seed] - over[seed]) - 1 for seed in seeds]


T7 = Claim(
    id="T7",
    sentence=later("Without fine-tuning, YaRN does no more than cut the context to the trained length."),
    source=Source(paper="DroPE", place=later("on zero-shot scaling"), url="https://arxiv.org/abs/2512.12167"),
    criteria=(
        near(
            later("loss over cropping"),
            later("yarn at 4 L: its loss over that of rope after only L tokens, as a share of the latter"),
            expected=0.0,
            within=0.02,
        ),
        Criterion(
            name=later("far recall"),
            quantity=later(
                "yarn at 4 L: accuracy above chance of answers more than L back, as a share of that of nearer answers"
            ),
            reproduced=Bound(below=0.1),
            refuted=Bound(above=0.5),
        ),
    ),
    evidence=Trained(needs=(quick("rope,yarn", "corpus,recall-mqar", 4),), read=_cropped),
    scale=BOTH,
    silent=later(
        "A model this small gains little from far context, so on text it has little to lose by cutting it. The claim "
        "is about text. Recall here is synthetic, and no merit of YaRN where plain RoPE keeps it as well."
    ),
)


def _bases(evidence: Evidence) -> Sample:
    return {f"{base}, rope": gap(evidence, "corpus", base, "rope", 8) for base in (SMALL, LARGE)}


T8 = Claim(
    id="T8",
    sentence=later("RoPE's base of 10,000 extrapolates worst: a smaller and a larger base both do better."),
    source=Source(paper="Liu et al. 2023", place=later("abstract"), url="https://arxiv.org/abs/2310.05209"),
    criteria=tuple(
        ahead(base, "rope", later("loss of the second minus that of the first at 8 L, nats")) for base in (SMALL, LARGE)
    ),
    evidence=Trained(needs=(quick(f"rope,{SMALL},{LARGE}", "corpus", 8),), read=_bases),
    scale=TEXT,
    silent=later(
        "The paper fine-tunes a model of base 10,000, and here each base is trained from the start: this is not the "
        "paper's experiment. Base 10 is L / 2π."
    ),
)


def _far_from_small(evidence: Evidence) -> dict[int, tuple[Recall, Recall]]:
    """The recall of base 10 and of base 10,000 at 4 L, by seed."""
    small, usual = (recalls(evidence, "recall-mqar", base, 4, lambda _: FIRST_ZERO - 1) for base in (SMALL, "rope"))
    return {seed: (small[seed], usual[seed]) for seed in sorted(small.keys() & usual.keys())}


def _small_base_raw(evidence: Evidence) -> Sample:
    """Version 1: also of models that recall nothing nearby."""
    found = [small for small, _ in _far_from_small(evidence).values()]
    return {
        "text": kept(evidence, "corpus", SMALL, 4),
        "recall": [(each.far - each.chance) / (each.near - each.chance) for each in found if each.near > each.chance],
    }


def _small_against_usual(evidence: Evidence) -> Sample:
    """Version 2: far recall as a share of that of base 10,000."""
    found = _far_from_small(evidence).values()
    return {
        "text": kept(evidence, "corpus", SMALL, 4),
        "far recall": [
            (small.far - small.chance) / (usual.far - usual.chance)
            for small, usual in found
            if usual.far > usual.chance
        ],
    }


def _small_base(evidence: Evidence) -> Sample:
    return {
        "text": kept(evidence, "corpus", SMALL, 4),
        "recall": far_shares(evidence, "recall-mqar", SMALL, 4, lambda _: FIRST_ZERO - 1),
    }


PERPLEXITY_KEPT = Criterion(
    name=later("text"),
    quantity=later("rope of base 10: loss at 4 L, divided by that at L"),
    reproduced=Bound(below=LOSS_HOLDS),
    refuted=Bound(above=1.1),
)
FAR_BY_NEAR = Criterion(
    name=later("recall"),
    quantity=later(
        "rope of base 10 at 4 L: accuracy above chance of answers 5 or more tokens back, as a share of that of nearer "
        "answers"
    ),
    reproduced=Bound(below=0.5),
    refuted=Bound(above=ACCURACY_HOLDS),
)
FAR_BY_USUAL = replace(
    FAR_BY_NEAR,
    name=later("far recall"),
    quantity=later(
        "rope of base 10 at 4 L: accuracy above chance of answers 5 or more tokens back, as a share of that of base "
        "10,000"
    ),
)

T9 = Claim(
    id="T9",
    sentence=later("With too small a base, RoPE keeps its perplexity in long contexts but cannot retrieve from them."),
    source=Source(paper="Men et al. 2024", place=later("abstract"), url="https://arxiv.org/abs/2405.14591"),
    criteria=(PERPLEXITY_KEPT, FAR_BY_NEAR),
    version=3,
    earlier=(
        Earlier(
            version=1,
            criteria=(PERPLEXITY_KEPT, FAR_BY_NEAR),
            why=later("at base 10 nearer answers are not found either, so there is nothing to compare with"),
            read=_small_base_raw,
        ),
        Earlier(
            version=2,
            criteria=(PERPLEXITY_KEPT, FAR_BY_USUAL),
            why=later("a model of base 10 that has not learned the task within L says nothing about far recall"),
            read=_small_against_usual,
        ),
    ),
    evidence=Trained(needs=(quick(f"rope,{SMALL}", "corpus,recall-mqar", 4),), read=_small_base),
    scale=BOTH,
    silent=later(
        "By the paper's bound, base 10 reaches 5 tokens in heads of width 16. The bound is about attention to similar "
        "tokens, and two layers may find answers in another way."
    ),
)
