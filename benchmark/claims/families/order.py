"""Who is better than whom: T2 and T17."""

from itertools import pairwise

from benchmark.claims.claim import Bound, Claim, Criterion, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, gap, midranks
from benchmark.claims.families.runs import quick
from benchmark.reports.words import later

AHEAD, BEHIND = Bound(above=0.0), Bound(below=0.0)
FOUR = ("alibi", "t5", "rope", "sinusoidal")
RIVALS = ("t5", "alibi", "rope", "sinusoidal")
TASKS = ("copy", "reverse", "sort", "parity", "majority", "count-symbol", "induction", "offset-recall")
FAR = 4
FEWEST_TASKS = 8


def _past_the_end(evidence: Evidence) -> Sample:
    return {f"{one} before {two}": gap(evidence, "corpus", one, two, FAR) for one, two in pairwise(FOUR)}


T2 = Claim(
    id="T2",
    sentence=later("Past the trained length, ALiBi is best, then T5's bias, then rotary, and sinusoidal is worst."),
    source=Source(paper="ALiBi", place=later("figure 2 and section 2.2"), url="https://arxiv.org/abs/2108.12409"),
    criteria=tuple(
        Criterion(
            name=f"{one} before {two}",
            quantity=f"{two} - {one}: loss at 4 L, nats",
            reproduced=AHEAD,
            refuted=BEHIND,
        )
        for one, two in pairwise(FOUR)
    ),
    evidence=Trained(needs=(quick(",".join(FOUR), "corpus", FAR),), read=_past_the_end),
    scale=later("models of 2 layers and width 64 on a Chinese novel, trained at 64 tokens and read at 256"),
    silent=later("The order says nothing about how large the steps are, nor about tasks other than text."),
)


def _ranks(evidence: Evidence) -> Sample:
    found: dict[str, list[float]] = {rival: [] for rival in RIVALS}
    for task in evidence.views:
        ranks = midranks(evidence, task, ("none", *RIVALS), FAR) if task != "corpus" else {}
        for rival in ranks.keys() & found.keys():
            found[rival].append(ranks[rival] - ranks["none"])
    return found if all(len(values) >= FEWEST_TASKS for values in found.values()) else {}


T17 = Claim(
    id="T17",
    sentence=later("Of the usual encodings, none at all is best at length generalisation."),
    source=Source(
        paper="Kazemnejad et al. 2023", place=later("section 4, figure 2"), url="https://arxiv.org/abs/2305.19466"
    ),
    criteria=tuple(
        Criterion(
            name=rival,
            quantity=f"{rival} - none: mid-rank at 4 L, over at least 8 tasks",
            reproduced=AHEAD,
            refuted=BEHIND,
        )
        for rival in RIVALS
    ),
    evidence=Trained(needs=(quick(",".join(("none", *RIVALS)), ",".join(TASKS), FAR),), read=_ranks, unit="task"),
    scale=later("eight or more synthetic tasks, 2 layers of width 64, up to 4 L"),
    silent=later("Ranks weigh a narrow lead and a wide one alike. FIRE (arXiv 2402.09371) reports the opposite."),
)
