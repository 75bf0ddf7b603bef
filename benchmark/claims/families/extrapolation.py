"""What happens past the trained length: T1, T3, T4 and T39.

A loss at a length is that of the same target tokens at every length (`reports.tables.values`), so a rise past L is due
to the longer context and to nothing else. `.02` and `.9` are the margin and the share that the whole project counts as
equal and as usable (`benchmark.metrics`); the other thresholds are those of the catalogue of claims. The reference run
existed when they were entered here, so for its records they are not a prediction; for later records they are.
"""

import math
from collections.abc import Iterator

import numpy as np

from benchmark.claims.claim import Bound, Claim, Criterion, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, rise
from benchmark.claims.runs import quick
from benchmark.metrics import ACCURACY_HOLDS, MARGIN
from benchmark.reports.words import later

SMALL = later("models of 2 layers and width 64, a Chinese novel and synthetic recall, trained at 32 to 64 tokens")
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
            quantity=later("sinusoidal: loss at 2 L less that at L, same target tokens, nats"),
            reproduced=Bound(below=MARGIN),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Trained(needs=(quick("sinusoidal", "corpus", 2),), read=_sinusoidal),
    scale=SMALL,
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
            quantity=later("alibi: loss at 4 L less that at L, same target tokens, nats"),
            reproduced=Bound(above=-0.01, below=0.01),
            refuted=Bound(below=-0.01),
        ),
        Criterion(
            name=later("windows"),
            quantity=later("alibi: loss in disjoint windows of 4 L less that in windows of L, nats"),
            reproduced=Bound(below=0.0),
            refuted=Bound(above=0.0),
        ),
    ),
    evidence=Trained(needs=(quick("alibi", "corpus", 4),), read=_early_tokens),
    scale=SMALL,
    silent=later("Nothing about a model so large that far context would lower its loss at all."),
)


def _far_recall(evidence: Evidence) -> Sample:
    shares = []
    for record, arrays in evidence.arrays("recall-mqar", "alibi", 4).values():
        if "group_rows" in arrays:
            (lags,) = record.axes.values()
            length = record.spec.length // 4
            near, far = (
                _accuracy(arrays, [field for field, (first, last) in enumerate(lags) if inside(first, last, length)])
                for inside in (_within, _beyond)
            )
            chance = record.chance.get("token_accuracy", 0.0)
            shares.append((far - chance) / (near - chance) if near > chance else math.nan)
    return {"far recall": shares}


def _within(first: int, last: int, length: int) -> bool:
    return last <= length


def _beyond(first: int, last: int, length: int) -> bool:
    return first > length


def _accuracy(arrays: dict[str, np.ndarray], fields: list[int]) -> float:
    places = arrays["group_count"][fields].sum()
    return float(arrays["group_correct"][fields].sum() / places) if places else math.nan


T4 = Claim(
    id="T4",
    sentence=later("ALiBi does not use context beyond the trained length."),
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
    scale=SMALL,
    silent=later("A model can be able to recall from far back and still not need to on running text."),
)


def _spread(evidence: Evidence) -> Sample:
    return {"ratio": [ratio for task in evidence.views for ratio in _ratios(evidence, task)]}


def _ratios(evidence: Evidence, task: str) -> Iterator[float]:
    """For each encoding, the standard deviation over seeds at 4 L divided by that at L, of the loss."""
    for encoding in evidence.encodings(task):
        near, far = (list(evidence.at(task, encoding, at, metric="loss_nats").values()) for at in (1, 4))
        if min(len(near), len(far)) > 2:
            inside, outside = (float(np.std(values, ddof=1)) for values in (near, far))
            yield outside / inside if inside else math.nan


T39 = Claim(
    id="T39",
    sentence=later("Results past the trained length vary far more between seeds than results inside it."),
    source=Source(paper="Zhou et al. 2024", place="", url="https://arxiv.org/abs/2402.09371"),
    criteria=(
        Criterion(
            name=later("ratio"),
            quantity=later("standard deviation of the loss over seeds at 4 L, divided by that at L"),
            reproduced=Bound(above=5.0),
            refuted=Bound(below=1.0),
        ),
    ),
    evidence=Trained(needs=(quick("classic", "corpus,offset-recall,recall-mqar,copy", 4),), read=_spread, unit="model"),
    scale=later("every encoding and task of the records, one ratio each"),
    silent=later("Encodings of one task share their seeds, so the ratios are not independent."),
)
