"""What happens past the trained length: T1, T3, T4 and T39.

A loss at a length is that of the same target tokens at every length (`reports.tables.values`), so a rise past L is due
to the longer context and to nothing else. `.02` and `.9` are the margin and the share that the whole project counts as
equal and as usable (`benchmark.metrics`); the other thresholds are those of the catalogue of claims. The reference run
existed when they were entered here, so for its records they are not a prediction; for later records they are.
"""

import math

import numpy as np

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, rise
from benchmark.claims.families.asked import RECALL, TEXT, far_shares, trained
from benchmark.claims.runs import quick
from benchmark.metrics import ACCURACY_HOLDS, MARGIN
from benchmark.reports.words import later

FEWEST = 3  # seeds that a spread takes
SHORT = 0.1  # of the score at L: below it, nothing of the skill is left


def _sinusoidal(evidence: Evidence) -> Sample:
    return {"rise": rise(evidence, "corpus", "sinusoidal", 2)}


T1 = Claim(
    id="T1",
    sentence=later("Sinusoidal positions may let a model extrapolate to longer sequences than it was trained on."),
    source=Source(
        paper="Attention Is All You Need", place=later("section 3.5"), url="https://arxiv.org/abs/1706.03762"
    ),
    criteria=(
        Criterion(
            name=later("rise"),
            quantity=later("sinusoidal: loss at 2 L minus that at L, same target tokens, nats"),
            reproduced=Bound(below=MARGIN),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Trained(needs=(quick("sinusoidal", "corpus", 2),), read=_sinusoidal),
    scale=TEXT,
    silent=later("The paper wrote “may”: a refutation concerns the hope, not a result that it reported."),
)


def _early_tokens(evidence: Evidence) -> Sample:
    windows = rise(evidence, "corpus", "alibi", 4, metric="window_loss_nats")
    return {"same targets": rise(evidence, "corpus", "alibi", 4), "windows": windows}


T3 = Claim(
    id="T3",
    sentence=later("ALiBi's lower perplexity on longer inputs comes from fewer early tokens, not from longer context."),
    source=Source(paper="ALiBi", place=later("appendix B"), url="https://arxiv.org/abs/2108.12409"),
    criteria=(
        Criterion(
            name=later("same targets"),
            quantity=later("alibi: loss at 4 L minus that at L, same target tokens, nats"),
            reproduced=Bound(above=-0.01, below=0.01),
            refuted=Bound(below=-0.01),
        ),
        Criterion(
            name=later("windows"),
            quantity=later("alibi: loss in disjoint windows of 4 L minus that in windows of L, nats"),
            reproduced=Bound(below=0.0),
            refuted=Bound(above=0.0),
        ),
    ),
    evidence=Trained(needs=(quick("alibi", "corpus", 4),), read=_early_tokens),
    scale=TEXT,
    silent=later("Nothing about models that are large enough to gain from far context."),
)


def _far_recall(evidence: Evidence) -> Sample:
    return {"far recall": far_shares(evidence, "recall-mqar", "alibi", 4, trained)}


T4 = Claim(
    id="T4",
    sentence=later("ALiBi might not use context beyond the trained length."),
    source=Source(paper="ALiBi", place=later("appendix B"), url="https://arxiv.org/abs/2108.12409"),
    criteria=(
        Criterion(
            name=later("far recall"),
            quantity=later(
                "alibi at 4 L: accuracy above chance of answers more than L back, as a share of that of nearer answers"
            ),
            reproduced=Bound(below=SHORT),
            refuted=Bound(above=ACCURACY_HOLDS),
        ),
    ),
    evidence=Trained(needs=(quick("alibi", "recall-mqar", 4),), read=_far_recall),
    scale=RECALL,
    silent=later(
        "The paper wrote “might”, of running text: a model can be able to recall from far back and not need to there."
    ),
)


def _spread(evidence: Evidence) -> Sample:
    """For each task, the spread over seeds at 4 L divided by that at L, over all encodings trained for it."""
    return {"ratio of spreads": [ratio for task in evidence.views if (ratio := _ratio(evidence, task)) > 0]}


def _ratio(evidence: Evidence, task: str) -> float:
    """The root of the mean variance of the loss at 4 L, divided by that at L; 0 without a value."""
    near, far = [], []
    for encoding in evidence.encodings(task):
        if not evidence.adapted(task, encoding):
            inside, outside = (evidence.at(task, encoding, at, metric="loss_nats") for at in (1, 4))
            seeds = sorted(inside.keys() & outside.keys())
            if len(seeds) >= FEWEST:
                near.append(np.var([inside[seed] for seed in seeds], ddof=1))
                far.append(np.var([outside[seed] for seed in seeds], ddof=1))
    return math.sqrt(np.mean(far) / np.mean(near)) if near and np.mean(near) > 0 else 0.0


def _every_spread(evidence: Evidence) -> Sample:
    """Version 1: a ratio for each encoding, adapted ones included."""
    found = []
    for task in evidence.views:
        for encoding in evidence.encodings(task):
            near, far = (list(evidence.at(task, encoding, at, metric="loss_nats").values()) for at in (1, 4))
            if min(len(near), len(far)) >= FEWEST and np.std(near):
                found.append(float(np.std(far, ddof=1) / np.std(near, ddof=1)))
    return {"ratio": found}


SPREADS = {"reproduced": Bound(above=5.0), "refuted": Bound(below=1.0)}

T39 = Claim(
    id="T39",
    sentence=later("Results past the trained length vary far more between seeds than results inside it."),
    source=Source(paper="Zhou et al. 2024", place="", url="https://arxiv.org/abs/2402.09371"),
    criteria=(
        Criterion(
            name=later("ratio of spreads"),
            quantity=later("standard deviation of the loss over seeds at 4 L, divided by that at L, a task each"),
            **SPREADS,
        ),
    ),
    evidence=Trained(needs=(quick("classic", "corpus,offset-recall,recall-mqar,copy", 4),), read=_spread, unit="task"),
    scale=later("every task of the records, over the encodings trained for it"),
    silent=later("The paper speaks of accuracies of addition. The tasks here share their encodings and seeds."),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(
                Criterion(
                    name=later("ratio"),
                    quantity=later("standard deviation of the loss over seeds at 4 L, divided by that at L"),
                    **SPREADS,
                ),
            ),
            why=later("encodings of one task share their seeds, so a ratio for each is not evidence of its own"),
            read=_every_spread,
        ),
    ),
)
