"""What every encoding keeps: A20 and A22. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported
from benchmark.encodings import TABLE
from benchmark.reports.words import later

EVERY = later("every registered encoding, in models of 2 layers and width 21 with random weights, float32")

A20 = Claim(
    id="A20",
    sentence=later("No token sees the tokens after it, whatever the encoding."),
    source=Source(
        paper="Attention Is All You Need", place=later("section 3.2.3"), url="https://arxiv.org/abs/1706.03762"
    ),
    criteria=(
        Criterion(
            name=later("change"),
            quantity=later("greatest change of an output when all later tokens are replaced"),
            reproduced=Bound(below=1e-5),
            refuted=Bound(above=1e-3),
        ),
    ),
    evidence=Exact(measure=imported("causality:future"), encodings=tuple(TABLE)),
    scale=EVERY,
    silent=later("A file of your own is held to it by `check`."),
)

A22 = Claim(
    id="A22",
    sentence=later(
        "Decoding with a cache gives what a full pass gives, except with encodings that treat a token differently in "
        "longer rows, such as dynamic NTK."
    ),
    source=Source(paper="YaRN", place=later("section 3.3"), url="https://arxiv.org/abs/2309.00071"),
    criteria=(
        Criterion(
            name=later("others"),
            quantity=later("greatest difference of an output, over encodings that a cache can serve"),
            reproduced=Bound(below=1e-4),
            refuted=Bound(above=1e-3),
        ),
        Criterion(
            name="ntk-dynamic",
            quantity=later("greatest difference of an output at 3 L"),
            reproduced=Bound(above=1e-3),
            refuted=Bound(below=1e-4),
        ),
    ),
    evidence=Exact(measure=imported("causality:cached"), encodings=tuple(TABLE)),
    scale=EVERY,
    silent=later("Of the encodings that treat a token differently in longer rows, only dynamic NTK is measured."),
)
