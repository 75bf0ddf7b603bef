"""Models without a position encoding, or whose encoding is dropped: T16, T18 and T19.

Thresholds of the catalogue of claims: a probe's error below half of chance, and 30 % of the excess loss. Our own: .9 of
chance; and of the rise of entropy, halves and tenths of ln 4, by which it rises if attention spreads over four times as
many keys.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Sample, Source, Trained
from benchmark.claims.evidence import Evidence, gap
from benchmark.claims.families.asked import BOTH, LOSS_AT_4, RECALL_AT_4, TEXT, ahead
from benchmark.claims.runs import quick
from benchmark.experiments.request import Request
from benchmark.metrics import MARGIN
from benchmark.reports.words import later
from benchmark.results.record import Arrays, MechanismRecord


def _with_looks(request: Request) -> Request:
    """The same run, with a look inside each of its models."""
    return request.model_copy(update={"mechanism": True})


def _looks(evidence: Evidence, task: str, encoding: str, multiple: int) -> dict[int, Arrays]:
    """What models of a task are like inside at a multiple of L, by seed."""
    view, store = evidence.views.get(task), evidence.selection.store
    if view is None:
        return {}
    seeds = dict(zip(view.table["train_key"], view.table["seed"].astype(int), strict=True))
    wanted = (encoding, multiple * view.train_length)
    found = {
        seeds[each.spec.train_key]: each
        for each in store.records()
        if isinstance(each, MechanismRecord)
        and each.status == "ok"
        and each.spec.train_key in seeds
        and (each.spec.encoding.label, each.spec.length) == wanted
    }
    evidence.seen.update((each.spec.train_key, each.spec.key) for each in found.values())
    return {seed: store.arrays(found[seed]) for seed in sorted(found)}


def _position_in(task: str) -> Callable[[Evidence], Sample]:
    """The error of the probe at its best layer, by seed."""

    def read(evidence: Evidence) -> Sample:
        looks = _looks(evidence, task, "none", 1).values()
        return {"best layer": [float((own["probe_error"] / own["chance_error"]).min()) for own in looks]}

    return read


BEST_LAYER = Criterion(
    name=later("best layer"),
    quantity=later("none at L: error of a linear probe of a token's index at its best layer, as a share of chance"),
    reproduced=Bound(below=0.5),
    refuted=Bound(above=0.9),
)

T16 = Claim(
    id="T16",
    sentence=later("Without any position encoding, a causal model learns the absolute position of its tokens."),
    source=Source(paper="Haviv et al. 2022", place=later("abstract"), url="https://arxiv.org/abs/2203.16634"),
    criteria=(BEST_LAYER,),
    evidence=Trained(needs=(_with_looks(quick("none", "corpus")),), read=_position_in("corpus")),
    scale=TEXT,
    silent=later(
        "A model trained for longer, or on rows that all begin with the same token, may learn what this one has not: "
        "see T16-COPY. That position can be read out does not mean that it is used. The paper's probes are not linear."
    ),
)

T16_COPY = Claim(
    id="T16-COPY",
    sentence=later(
        "Without any position encoding, a causal model can write absolute positions into its hidden states."
    ),
    source=Source(paper="Kazemnejad et al. 2023", place=later("theorem 1"), url="https://arxiv.org/abs/2305.19466"),
    criteria=(BEST_LAYER,),
    evidence=Trained(needs=(_with_looks(quick("none", "copy")),), read=_position_in("copy")),
    scale=later(
        "models of 2 layers and width 64 that copy symbols; every row begins with the same token, as in the proof"
    ),
    silent=later(
        "The theorem says that weights exist; this asks whether training finds any. Nothing follows for text: T16."
    ),
)


def _distraction(evidence: Evidence) -> Sample:
    near, far, scaled = (
        evidence.at("corpus", name, multiple) for name, multiple in (("none", 1), ("none", 4), ("head-scale", 4))
    )
    seeds = [seed for seed in sorted(near.keys() & far.keys() & scaled.keys()) if far[seed] - near[seed] > MARGIN]
    return {
        "entropy": _spread(evidence),
        "loss cut": [(far[seed] - scaled[seed]) / (far[seed] - near[seed]) for seed in seeds],
    }


def _spread(evidence: Evidence) -> list[float]:
    """The mean entropy over the last half of the queries at 4 L, minus that at L, in units of ln 4; by seed."""
    near, far = (_looks(evidence, "corpus", "none", multiple) for multiple in (1, 4))
    return [(_entropy(far[seed]) - _entropy(near[seed])) / math.log(4) for seed in near if seed in far]


def _entropy(look: Arrays) -> float:
    return float(look["entropy"][..., -1].sum() / look["queries"][..., -1].sum())


SPREADS_THIN = Criterion(
    name=later("entropy"),
    quantity=later("none: entropy of attention at 4 L minus that at L, last half of the queries, divided by ln 4"),
    reproduced=Bound(above=0.5),
    refuted=Bound(below=0.1),
)
LOSS_CUT_BEFORE = Criterion(
    name=later("loss cut"),
    quantity=later("head-scale at 4 L: share of the rise in loss of none past L that it removes"),
    reproduced=Bound(above=0.3),
    refuted=Bound(below=0.0),
)

T18 = Claim(
    id="T18",
    sentence=later(
        "Without position encoding, models fail on longer texts because their attention is spread too thin; sharper "
        "heads mend that."
    ),
    source=Source(paper="Wang, J. et al. 2024", place=later("abstract"), url="https://arxiv.org/abs/2404.12224"),
    criteria=(
        SPREADS_THIN,
        replace(LOSS_CUT_BEFORE, refuted=Bound(below=0.1)),
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(SPREADS_THIN, LOSS_CUT_BEFORE),
            why=later("only a rise in loss could refute it, which heads tuned on long rows can hardly cause"),
        ),
    ),
    evidence=Trained(needs=(_with_looks(quick("none,head-scale", "corpus", 4)),), read=_distraction),
    scale=TEXT,
    silent=later("Where the loss of a model without positions does not rise past L, there is nothing to remove."),
)


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
            name=later("at L"),
            quantity=later("drop minus rope: loss at L, nats"),
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
