"""Encodings that change RoPE in training, or the sharpness of its attention: T10 to T13, T35 and T36.

The papers report who is better, so the criteria ask for the sign of a paired difference.
"""

from collections.abc import Callable

from benchmark.claims.claim import Claim, Criterion, Earlier, Sample, Source, Trained, positive
from benchmark.claims.evidence import Evidence, gap, growth
from benchmark.claims.families.asked import BOTH, LOSS_AT_4, RECALL, RECALL_AT_4, RECALL_AT_8, TEXT, ahead
from benchmark.claims.runs import quick
from benchmark.reports.words import later

BARBERO = Source(paper="Barbero et al. 2024", place=later("on p-RoPE"), url="https://arxiv.org/abs/2410.06205")
RECALL_AT = {4: RECALL_AT_4, 8: RECALL_AT_8}
TURNING, STILL = "rope:base=78", "p-rope:base=78"  # 10,000 is 1.22 of the paper's 8,192 tokens, and 78 of 64
TOO_SLOW = later("at base 10,000 the slowest quarter turns by at most .06 rad within 64 tokens: it stands still anyway")


def _p_rope(still: str, turning: str, multiple: int) -> Callable[[Evidence], Sample]:
    return lambda evidence: {"p-rope, rope": gap(evidence, "corpus", still, turning, multiple)}


def _at_base_10000(criterion: Criterion, multiple: int) -> Earlier:
    """Version 1: the paper's base, at a length 128 times shorter."""
    return Earlier(version=1, criteria=(criterion,), why=TOO_SLOW, read=_p_rope("p-rope", "rope", multiple))


NEARER = ahead("p-rope", "rope", later("loss of the second minus that of the first at L, nats"))
FARTHER = ahead("p-rope", "rope", LOSS_AT_4)
SAME_RATIO = later(
    "models of 2 layers and width 64 on a Chinese novel, trained at 64 tokens; base 78, which is to L as in the paper"
)

T10 = Claim(
    id="T10",
    sentence=later("RoPE models text better if the slowest quarter of its frequencies stands still."),
    source=BARBERO,
    criteria=(NEARER,),
    version=2,
    earlier=(_at_base_10000(NEARER, 1),),
    evidence=Trained(needs=(quick(f"{TURNING},{STILL}", "corpus"),), read=_p_rope(STILL, TURNING, 1)),
    scale=SAME_RATIO,
    silent=later(
        "The paper's perplexities are 4.4414 and 4.4627 at 2 billion parameters: .005 nats, less than matters here."
    ),
)


T11 = Claim(
    id="T11",
    sentence=later("RoPE is more robust to long contexts if the slowest quarter of its frequencies stands still."),
    source=BARBERO,
    criteria=(FARTHER,),
    version=2,
    earlier=(_at_base_10000(FARTHER, 4),),
    evidence=Trained(needs=(quick(f"{TURNING},{STILL}", "corpus", 4),), read=_p_rope(STILL, TURNING, 4)),
    scale=SAME_RATIO,
    silent=later("The paper argues that slow frequencies are not robust; it reports no lengths past training."),
)


def _hope(evidence: Evidence) -> Sample:
    return {"hope, rope": gap(evidence, "corpus", "hope", "rope", 4)}


T12 = Claim(
    id="T12",
    sentence=later(
        "HoPE, which rotates only by frequencies that turn fully in training, extrapolates better than RoPE."
    ),
    source=Source(paper="HoPE", place=later("abstract"), url="https://arxiv.org/abs/2410.21216"),
    criteria=(ahead("hope", "rope", LOSS_AT_4),),
    evidence=Trained(needs=(quick("rope,hope", "corpus", 4),), read=_hope),
    scale=TEXT,
    silent=later("Says nothing about how good HoPE is in itself. How RoPE does past L, with which it is compared: T5."),
)


def _fope(evidence: Evidence) -> Sample:
    return {
        "text: rise, rope, fope": growth(evidence, "corpus", "fope", "rope", 4),
        "recall: fall, rope, fope": growth(evidence, "recall-mqar", "fope", "rope", 4),
    }


def _fope_level(evidence: Evidence) -> Sample:
    """Version 1: who does better at 4 L, whatever they do at L."""
    return {
        "text: fope, rope": gap(evidence, "corpus", "fope", "rope", 4),
        "recall: fope, rope": gap(evidence, "recall-mqar", "fope", "rope", 4),
    }


T13 = Claim(
    id="T13",
    sentence=later("Past the trained length, FoPE keeps perplexity and retrieval more stable than RoPE does."),
    source=Source(paper="FoPE", place=later("abstract and figure 1"), url="https://arxiv.org/abs/2412.17739"),
    criteria=(
        positive(
            later("text: rise, rope, fope"),
            later("rise of the loss from L to 4 L, same target tokens: that of rope minus that of fope, nats"),
        ),
        positive(
            later("recall: fall, rope, fope"),
            later("fall of the accuracy of recall from L to 4 L: that of rope minus that of fope"),
        ),
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(
                ahead("fope", "rope", LOSS_AT_4, task="text"),
                ahead("fope", "rope", RECALL_AT_4, task="recall"),
            ),
            why=later("values at 4 L were compared, and “more stable” speaks of the change from L"),
            read=_fope_level,
        ),
    ),
    evidence=Trained(needs=(quick("rope,fope", "corpus,recall-mqar", 4),), read=_fope),
    scale=BOTH,
    silent=later(
        "The paper retrieves a passkey from text, with models of up to 1.2 billion parameters. Where fope recalls "
        "everything, the difference in recall is what rope loses."
    ),
)


def _hybrid(evidence: Evidence) -> Sample:
    return _far_recall(evidence, "hybrid")


T35 = Claim(
    id="T35",
    sentence=later("A model with RoPE in some layers and no positions in the others beats RoPE in long contexts."),
    source=Source(paper="RNoPE", place=later("abstract"), url="https://arxiv.org/abs/2501.18795"),
    criteria=tuple(ahead("hybrid", "rope", quantity, task=f"{at} L") for at, quantity in RECALL_AT.items()),
    evidence=Trained(needs=(quick("rope,hybrid", "recall-mqar", *RECALL_AT),), read=_hybrid),
    scale=RECALL,
    silent=later(
        "Here one layer of two has RoPE. The paper's best model also restricts those layers to a window. Where the "
        "hybrid recalls everything, the difference is what rope loses."
    ),
)


def _log_length(evidence: Evidence) -> Sample:
    return _far_recall(evidence, "logn")


def _far_recall(evidence: Evidence, encoding: str) -> Sample:
    return {f"{at} L: {encoding}, rope": gap(evidence, "recall-mqar", encoding, "rope", at) for at in RECALL_AT}


T36 = Claim(
    id="T36",
    sentence=later("Attention extrapolates better if its scores grow with the logarithm of the length."),
    source=Source(paper=later("Su 2021"), place=later("on entropy invariance"), url="https://kexue.fm/archives/8823"),
    criteria=tuple(ahead("logn", "rope", quantity, task=f"{at} L") for at, quantity in RECALL_AT.items()),
    evidence=Trained(needs=(quick("rope,logn", "recall-mqar", *RECALL_AT),), read=_log_length),
    scale=RECALL,
    silent=later("The factor is applied at test time; a model that is trained with it may gain more."),
)
