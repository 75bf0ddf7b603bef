"""Two claims of your own: one that follows from a formula, and one that takes trained models."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, Trained
from benchmark.claims.evidence import gap
from benchmark.claims.runs import quick


def slopes() -> dict[str, float]:
    """The ratio of neighbouring slopes: torch is imported here, so that reading claims stays quick."""
    import torch

    from benchmark.encodings import make
    from benchmark.encodings.bases import RelativeBias
    from benchmark.encodings.encoding import Shape

    alibi = make("alibi", Shape(width=64, heads=8, layers=1, train_length=64))
    assert isinstance(alibi, RelativeBias)
    first, second, *_ = alibi.at(torch.ones(1)).flatten().tolist()
    return {"ratio": second / first}


HALVING = Claim(
    id="MINE-1",
    sentence="With eight heads, each of ALiBi's slopes is half the one before.",
    source=Source(paper="ALiBi", place="section 3", url="https://arxiv.org/abs/2108.12409"),
    criteria=(
        Criterion(
            name="ratio",
            quantity="slope of the second head / slope of the first",
            reproduced=Bound(above=0.49, below=0.51),
            refuted=Bound(above=0.49, below=0.51, outside=True),
        ),
    ),
    evidence=Exact(measure=slopes, encodings=("alibi",)),
    scale="the formula, eight heads",
    silent="Nothing about whether these are good slopes.",
)

COPYING = Claim(
    id="MINE-2",
    sentence="ALiBi copies longer strings than RoPE does.",
    source=Source(paper="A hunch", place="", url="https://example.org"),
    criteria=(
        Criterion(
            name="copy at 4 L",
            quantity="accuracy of alibi less that of rope at 4 L",
            reproduced=Bound(above=0.02),
            refuted=Bound(below=-0.02),
        ),
    ),
    evidence=Trained(
        needs=(quick("alibi,rope", "copy", 4),),
        read=lambda records: {"copy at 4 L": gap(records, "copy", "alibi", "rope", 4)},
    ),
    scale="models of 2 layers and width 64, strings of 64 symbols after training on 16",
    silent="Nothing about strings that repeat themselves.",
)
