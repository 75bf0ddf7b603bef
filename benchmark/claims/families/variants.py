"""Encodings that change RoPE in training, or the sharpness of its attention: T10 to T13, T35 and T36.

The papers report who is better, so the criteria ask for the sign of a paired difference.
"""

from benchmark.claims.claim import Claim, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, gap
from benchmark.claims.families.asked import BOTH, LOSS_AT_4, RECALL, RECALL_AT_4, RECALL_AT_8, TEXT, ahead
from benchmark.claims.runs import quick
from benchmark.reports.words import later

BARBERO = Source(paper="Barbero et al. 2024", place=later("on p-RoPE"), url="https://arxiv.org/abs/2410.06205")
RECALL_AT = {4: RECALL_AT_4, 8: RECALL_AT_8}


def _p_rope(evidence: Evidence) -> Sample:
    return {"p-rope, rope": gap(evidence, "corpus", "p-rope", "rope")}


T10 = Claim(
    id="T10",
    sentence=later("RoPE models text better if the slowest quarter of its frequencies stands still."),
    source=BARBERO,
    criteria=(ahead("p-rope", "rope", later("loss of the second less that of the first at L, nats")),),
    evidence=Trained(needs=(quick("rope,p-rope", "corpus"),), read=_p_rope),
    scale=TEXT,
    silent=later(
        "The paper's perplexities are 4.4414 and 4.4627 at 2 billion parameters: .005 nats, less than matters here."
    ),
)


def _p_rope_past(evidence: Evidence) -> Sample:
    return {"p-rope, rope": gap(evidence, "corpus", "p-rope", "rope", 4)}


T11 = Claim(
    id="T11",
    sentence=later("RoPE is more robust to long contexts if the slowest quarter of its frequencies stands still."),
    source=BARBERO,
    criteria=(ahead("p-rope", "rope", LOSS_AT_4),),
    evidence=Trained(needs=(quick("rope,p-rope", "corpus", 4),), read=_p_rope_past),
    scale=TEXT,
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
    silent=later("Nothing about how good it is: RoPE, with which it is compared, breaks down."),
)


def _fope(evidence: Evidence) -> Sample:
    return {
        "text: fope, rope": gap(evidence, "corpus", "fope", "rope", 4),
        "recall: fope, rope": gap(evidence, "recall-mqar", "fope", "rope", 4),
    }


T13 = Claim(
    id="T13",
    sentence=later("Past the trained length, FoPE keeps perplexity and retrieval more stable than RoPE does."),
    source=Source(paper="FoPE", place=later("abstract and figure 1"), url="https://arxiv.org/abs/2412.17739"),
    criteria=(
        ahead("fope", "rope", LOSS_AT_4, task="text"),
        ahead("fope", "rope", RECALL_AT_4, task="recall"),
    ),
    evidence=Trained(needs=(quick("rope,fope", "corpus,recall-mqar", 4),), read=_fope),
    scale=BOTH,
    silent=later("The paper retrieves a passkey from text, with models of up to 1.2 billion parameters."),
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
    silent=later("Here one layer of two has RoPE. The paper's best model also restricts those layers to a window."),
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
