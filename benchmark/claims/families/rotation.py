"""What RoPE's rotation does to scores: A1, A2, A4, A5, A18 and A19. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported, near
from benchmark.reports.words import later

ROFORMER = "RoFormer"
ROFORMER_URL = "https://arxiv.org/abs/2104.09864"
INVERSIONS = Source(paper="Du et al. 2026", place="", url="https://arxiv.org/abs/2605.15514")
RANDOM = later("random queries and keys of width 64 in float64")
TINY, PLAIN = Bound(below=1e-10), Bound(above=1e-6)  # rounding of float64; and what no rounding explains


A1 = Claim(
    id="A1",
    sentence=later("RoPE's scores depend on the distance between query and key, not on their positions."),
    source=Source(paper=ROFORMER, place=later("section 3"), url=ROFORMER_URL),
    criteria=(
        Criterion(
            name=later("change"),
            quantity=later(
                "largest change of a score when all positions shift by up to 4,096, as a share of the largest"
            ),
            reproduced=TINY,
            refuted=PLAIN,
        ),
    ),
    evidence=Exact(measure=imported("rotation:shift"), encodings=("rope",), graph=imported("graphs:shift")),
    scale=RANDOM,
    silent=later("Only of exact arithmetic: A12 measures what bfloat16 makes of it."),
)

A2 = Claim(
    id="A2",
    sentence=later(
        "RoPE keeps the norms of queries and keys, and at distance 0 the score is that of the bare vectors."
    ),
    source=Source(paper=ROFORMER, place=later("section 3"), url=ROFORMER_URL),
    criteria=(
        Criterion(
            name=later("norm"), quantity=later("largest relative change of a norm"), reproduced=TINY, refuted=PLAIN
        ),
        Criterion(
            name=later("at distance 0"),
            quantity=later("largest difference between a token's score of itself and q · k"),
            reproduced=TINY,
            refuted=PLAIN,
        ),
    ),
    evidence=Exact(measure=imported("rotation:norms"), encodings=("rope",)),
    scale=RANDOM,
    silent=later("Nothing about what a trained model makes of a rotation."),
)

A4 = Claim(
    id="A4",
    sentence=later("RoPE's bound on the score tends to decay as the distance grows."),
    source=Source(paper=ROFORMER, place=later("section 3.4.3"), url=ROFORMER_URL),
    criteria=(
        *(
            Criterion(
                name=f"trend, d = {width}",
                quantity=later("Spearman's rank correlation of the bound with distance, 0 to 511"),
                reproduced=Bound(below=-0.3),
                refuted=Bound(above=-0.1),
            )
            for width in (128, 64, 32)
        ),
        *(
            Criterion(
                name=f"rises, d = {width}",
                quantity=later("share of single steps away on which the bound rises"),
                reproduced=Bound(below=0.5),
                refuted=Bound(above=0.5),
            )
            for width in (128, 64, 32)
        ),
    ),
    evidence=Exact(measure=imported("rotation:bound"), encodings=("rope",), graph=imported("graphs:bound")),
    scale=later("base 10,000, head widths 128, 64 and 32, distances below 512"),
    silent=later(
        "A trend and no more: on nearly half of all single steps the bound rises. A bound is not a score either: A5."
    ),
)

A5 = Claim(
    id="A5",
    sentence=later(
        "RoPE does not make scores decay with distance: a key can be built that scores highest at any distance."
    ),
    source=Source(paper="Barbero et al. 2024", place="", url="https://arxiv.org/abs/2410.06205"),
    criteria=(
        Criterion(
            name=later("peaks"),
            quantity=later("share of six distances up to 4,000 at which a built key scores highest of 8,192"),
            reproduced=Bound(above=0.99),
            refuted=Bound(below=0.9),
        ),
        Criterion(
            name=later("mean"),
            quantity=later("largest mean score of random keys at these distances, in standard deviations"),
            reproduced=Bound(below=0.02),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Exact(measure=imported("rotation:no_decay"), encodings=("rope",), graph=imported("graphs:peaks")),
    scale=RANDOM,
    silent=later("What is possible, and not what training makes of it."),
)

A18 = Claim(
    id="A18",
    sentence=later(
        "Raising RoPE's base helps to tell tokens apart: two keys change their order with distance less often."
    ),
    source=INVERSIONS,
    criteria=tuple(
        near(
            f"base {base}",
            later("share of random pairs of keys whose order differs between two distances below 1,024"),
            expected,
            0.02,
        )
        for base, expected in ((20, 0.50), (100, 0.49), (10000, 0.38), (500000, 0.31))
    ),
    evidence=Exact(measure=imported("rotation:inversions"), encodings=("rope",), graph=imported("graphs:inversions")),
    scale=RANDOM,
    silent=later("The context of 1,024 tokens is our choice: in a longer one, the shares of large bases are higher."),
)

A19 = Claim(
    id="A19",
    sentence=later(
        "Raising RoPE's base above 10,000 makes it harder to tell positions apart: more often, the farther one wins."
    ),
    source=INVERSIONS,
    criteria=(
        Criterion(
            name="10000 to 500000",
            quantity=later(
                "change, from base 10,000 to 500,000, of the share of pairs of distances below 1,024 of which the "
                "farther scores higher"
            ),
            reproduced=Bound(above=0.005),
            refuted=Bound(below=0.0),
        ),
    ),
    evidence=Exact(measure=imported("rotation:swapped_positions"), encodings=("rope",), graph=imported("graphs:swaps")),
    scale=later("keys equal to the query, width 64, distances below 1,024"),
    silent=later(
        "The paper's own measure was not available to us; this one takes a key that is the query itself. Below 10,000 "
        "a higher base has the opposite effect, since a small one turns all pairs many times within the context."
    ),
)
