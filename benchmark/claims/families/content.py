"""Encodings that read the content: T24, T26, T27 and T29."""

from collections.abc import Callable

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, gap, rise, shares, shares_of_learned
from benchmark.claims.families.asked import BOTH, COUNTED_CHANCE, TEXT, ahead, recalls
from benchmark.claims.runs import quick
from benchmark.metrics import ACCURACY_HOLDS, MARGIN
from benchmark.reports.words import later

RIVALS = ("rope", "fox")
LAYERS, HEADS = 1, 2  # of PaTH's model, whose width is that of the preset
COUNTED = ("flip-flop", "count-symbol")
ONE_LAYER = later("models of 1 layer, 2 heads and width 64, trained at 20 instructions and tested at 80")


def _flip_flop(evidence: Evidence) -> Sample:
    if not _one_layer(evidence, "flip-flop"):
        return {}
    return {name: _errors(evidence, name) for name in ("path", *RIVALS)}


def _one_layer(evidence: Evidence, task: str) -> bool:
    """True if a task was trained with models of the size that the papers speak about."""
    return task in evidence.views and evidence.views[task].spec.model.layers == LAYERS


def _errors(evidence: Evidence, encoding: str) -> list[float]:
    return [1 - each.far for each in recalls(evidence, "flip-flop", encoding, 4, _instructions).values()]


def _instructions(length: int) -> int:
    """The tokens of a row of L instructions: no answer in training stands farther back."""
    return 2 * length - 1


T24 = Claim(
    id="T24",
    sentence=later("With a single layer, PaTH solves flip-flop out of distribution, and RoPE and FoX do not."),
    source=Source(paper="PaTH", place=later("section 4"), url="https://arxiv.org/abs/2505.16381"),
    criteria=(
        Criterion(
            name="path",
            quantity=later("path at 4 L: share of errors on bits written farther back than any in training"),
            reproduced=Bound(below=0.01),
            refuted=Bound(above=0.05),
        ),
        *(
            Criterion(
                name=name,
                quantity=later("the same share of errors"),
                reproduced=Bound(above=0.2),
                refuted=Bound(below=0.05),
            )
            for name in RIVALS
        ),
    ),
    evidence=Trained(
        needs=(quick(f"path,{','.join(RIVALS)}", "flip-flop", 4, layers=LAYERS, heads=HEADS),), read=_flip_flop
    ),
    scale=ONE_LAYER,
    silent=later(
        "The paper tests on rows with rarer writes, where RoPE errs on 40.3 %, FoX on 36.3 % and PaTH on 0.0001 %. "
        "Here, writes are as frequent as in training, and rows are longer."
    ),
)


def _fox_far(evidence: Evidence) -> Sample:
    return {"rise": rise(evidence, "corpus", "fox", 16)}


T26 = Claim(
    id="T26",
    sentence=later("FoX extrapolates: its loss does not rise in contexts many times the trained length."),
    source=Source(paper="FoX", place=later("abstract"), url="https://arxiv.org/abs/2503.02130"),
    criteria=(
        Criterion(
            name=later("rise"),
            quantity=later("fox: loss at 16 L minus that at L, same target tokens, nats"),
            reproduced=Bound(below=MARGIN),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Trained(needs=(quick("fox", "corpus", 16),), read=_fox_far),
    scale=TEXT,
    silent=later(
        "A loss that does not rise may come from forgetting: whether far context is used is another question."
    ),
)


def _fox_near(evidence: Evidence) -> Sample:
    fox, rope = (evidence.above_chance("offset-recall", encoding) for encoding in ("fox", "rope"))
    return {"text": _on_text(evidence), "recall by distance, above chance": shares_of_learned(fox, rope)}


def _fox_raw(evidence: Evidence) -> Sample:
    """Version 1: chance counted as skill."""
    fox, rope = (evidence.at("offset-recall", encoding) for encoding in ("fox", "rope"))
    return {"text": _on_text(evidence), "recall by distance": shares(fox, rope)}


def _on_text(evidence: Evidence) -> list[float]:
    return [-value for value in gap(evidence, "corpus", "fox", "rope")]


FOX_ON_TEXT = Criterion(
    name=later("text"),
    quantity=later("fox minus rope: loss at L, nats"),
    reproduced=Bound(below=MARGIN),
    refuted=Bound(above=0.1),
)


T27 = Claim(
    id="T27",
    sentence=later("FoX needs no position encoding beside its gates."),
    source=Source(paper="FoX", place=later("abstract"), url="https://arxiv.org/abs/2503.02130"),
    criteria=(
        FOX_ON_TEXT,
        Criterion(
            name=later("recall by distance, above chance"),
            quantity=later("fox: accuracy of recall by distance at L above chance, as a share of that of rope"),
            reproduced=Bound(above=ACCURACY_HOLDS),
            refuted=Bound(below=0.5),
        ),
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(
                FOX_ON_TEXT,
                Criterion(
                    name=later("recall by distance"),
                    quantity=later("fox: accuracy of recall by distance at L, as a share of that of rope"),
                    reproduced=Bound(above=ACCURACY_HOLDS),
                    refuted=Bound(below=0.5),
                ),
            ),
            why=COUNTED_CHANCE,
            read=_fox_raw,
        ),
    ),
    evidence=Trained(
        needs=(quick("fox,rope", "corpus,offset-recall"), quick("fox,rope", "offset-recall", 4, budgets=(1, 5))),
        read=_fox_near,
    ),
    scale=BOTH,
    silent=later("FoX with RoPE added is not measured: the question is whether it can do without."),
)


def _cope(*, one_layer: bool) -> Callable[[Evidence], Sample]:
    return lambda evidence: {
        f"{task}: cope, rope": gap(evidence, task, "cope", "rope", 4)
        for task in COUNTED
        if _one_layer(evidence, task) == one_layer
    }


COPE_AHEAD = tuple(
    ahead("cope", "rope", later("score of the first minus that of the second at 4 L"), task=task) for task in COUNTED
)

T29 = Claim(
    id="T29",
    sentence=later("CoPE solves counting and flip-flop out of distribution better than RoPE."),
    source=Source(paper="CoPE", place=later("abstract"), url="https://arxiv.org/abs/2405.18719"),
    criteria=COPE_AHEAD,
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=COPE_AHEAD,
            why=later("models of one layer do not learn to count even within L"),
            read=_cope(one_layer=True),
        ),
    ),
    evidence=Trained(needs=(quick("rope,cope", ",".join(COUNTED), 4),), read=_cope(one_layer=False)),
    scale=later("models of 2 layers, 4 heads and width 64, trained at 10 or 20 and tested at 4 times that"),
    silent=later(
        "The paper counts assignments to variables; here, a symbol in a string is counted, and at 4 L every encoding "
        "may be at chance: then a difference of zero says that neither solves it."
    ),
)
