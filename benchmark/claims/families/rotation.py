"""What RoPE's rotation does to scores: A1 and A2. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported
from benchmark.reports.words import later

RANDOM = later("random queries and keys of width 64 in float64")
TINY, PLAIN = Bound(below=1e-10), Bound(above=1e-6)  # rounding of float64; and what no rounding explains


A1 = Claim(
    id="A1",
    sentence=later("RoPE's scores depend on the distance between query and key, not on their positions."),
    source=Source(paper="RoFormer", place=later("section 3"), url="https://arxiv.org/abs/2104.09864"),
    criteria=(
        Criterion(
            name="change",
            quantity=later("largest change of a score when all positions shift by up to 4,096, of the largest score"),
            reproduced=TINY,
            refuted=PLAIN,
        ),
    ),
    evidence=Exact(measure=imported("rotation:shift"), encodings=("rope",)),
    scale=RANDOM,
    silent=later("Only of exact arithmetic: A12 measures what bfloat16 makes of it."),
)

A2 = Claim(
    id="A2",
    sentence=later(
        "RoPE keeps the norms of queries and keys, and at distance 0 the score is that of the bare vectors."
    ),
    source=Source(paper="RoFormer", place=later("section 3"), url="https://arxiv.org/abs/2104.09864"),
    criteria=(
        Criterion(name="norm", quantity=later("largest relative change of a norm"), reproduced=TINY, refuted=PLAIN),
        Criterion(
            name="at distance 0",
            quantity=later("largest difference between a token's own score and q · k"),
            reproduced=TINY,
            refuted=PLAIN,
        ),
    ),
    evidence=Exact(measure=imported("rotation:norms"), encodings=("rope",)),
    scale=RANDOM,
    silent=later("Nothing about what a trained model makes of a rotation."),
)
