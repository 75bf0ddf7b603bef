"""Models without a position encoding, or whose encoding is dropped: T18 and T19."""

from benchmark.claims.claim import Bound, Claim, Criterion, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, gap
from benchmark.claims.families.asked import BOTH, LOSS_AT_4, RECALL_AT_4, ahead
from benchmark.claims.runs import quick
from benchmark.metrics import MARGIN
from benchmark.reports.words import later


def _dropped(evidence: Evidence) -> Sample:
    return {
        "at L": [-value for value in gap(evidence, "corpus", "drop", "rope")],
        "text: drop, yarn": gap(evidence, "corpus", "drop", "yarn", 4),
        "recall: drop, yarn": gap(evidence, "recall-mqar", "drop", "yarn", 4),
    }


T19 = Claim(
    id="T19",
    sentence=later(
        "A model whose RoPE is dropped late in training loses nothing within the trained length, and does better "
        "past it than with YaRN."
    ),
    source=Source(paper="DroPE", place=later("abstract"), url="https://arxiv.org/abs/2512.12167"),
    criteria=(
        Criterion(
            name="at L",
            quantity=later("drop less rope: loss at L, nats"),
            reproduced=Bound(below=MARGIN),
            refuted=Bound(above=0.1),
        ),
        ahead("drop", "yarn", LOSS_AT_4, task="text"),
        ahead("drop", "yarn", RECALL_AT_4, task="recall"),
    ),
    evidence=Trained(needs=(quick("rope,yarn,drop", "corpus,recall-mqar", 4),), read=_dropped),
    scale=BOTH,
    silent=later(
        "All models take the same number of steps, the dropped one the last eighth without RoPE. The paper adds steps "
        "to a model that is already trained."
    ),
)
