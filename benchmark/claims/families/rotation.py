"""What RoPE's rotation does to scores: A1, A2, A4, A5, A18 and A19. Nothing is trained.

The second versions of A18 and A19 were written with their values at hand, so these two are not predictions.
"""

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Exact, Source, imported, near
from benchmark.reports.words import later

ROFORMER = "RoFormer"
ROFORMER_URL = "https://arxiv.org/abs/2104.09864"
INVERSIONS = Source(paper="Du et al. 2026", place="", url="https://arxiv.org/abs/2605.15514")
RANDOM = later("random queries and keys of width 64 in float64")
FALLS, RISES = Bound(below=-0.005), Bound(above=0.005)  # of a share with a standard error of about .002 or less
TINY, PLAIN = Bound(below=1e-10), Bound(above=1e-6)  # rounding of float64; and what no rounding explains
WON_BELOW_1024 = later(
    "change, from base 10,000 to 500,000, of the share of pairs of distances below 1,024 of which the farther scores "
    "higher"
)


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
        Criterion(
            name=f"{bases} at {context}",
            quantity=later(
                "change, from one base to the other, of the share of random pairs of keys whose order differs between "
                "two distances below so many tokens"
            ),
            reproduced=FALLS,
            refuted=RISES,
        )
        for bases, contexts in (
            ("100 to 10000", ("1,024", "8,192")),
            ("10000 to 500000", ("1,024", "8,192", "32,768")),
        )
        for context in contexts
    ),
    evidence=Exact(measure=imported("rotation:inversions"), encodings=("rope",), graph=imported("graphs:inversions")),
    scale=RANDOM,
    silent=later(
        "Two bases that turn every pair within the context do not differ: at either, keys change their order half of "
        "the time. Bases 20 and 100 are there at 1,024 tokens, and 10,000 almost is at 32,768; such pairs of bases are "
        "not asked about. The published shares (.50, .49, .38, .31) fit a context of about 1,024 tokens."
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=tuple(
                near(
                    f"base {base}",
                    later("share of random pairs of keys whose order differs between two distances below 1,024"),
                    expected,
                    0.02,
                )
                for base, expected in ((20, 0.50), (100, 0.49), (10000, 0.38), (500000, 0.31))
            ),
            why=later(
                "the shares depend on the context of 1,024 tokens, which we chose; that a higher base lowers them does "
                "not"
            ),
        ),
    ),
)

A19 = Claim(
    id="A19",
    sentence=later(
        "Raising RoPE's base above 10,000 makes it harder to tell positions apart: more often, the farther one wins."
    ),
    source=INVERSIONS,
    criteria=tuple(
        Criterion(
            name=name,
            quantity=quantity,
            reproduced=RISES,
            refuted=FALLS,
        )
        for name, quantity in (
            ("10000 to 500000", WON_BELOW_1024),  # the name of version 1, which is still judged by its value
            ("10000 to 500000 at 8,192", later("the same, of distances below 8,192")),
            ("10000 to 500000 at 32,768", later("the same, of distances below 32,768")),
        )
    ),
    evidence=Exact(measure=imported("rotation:swapped_positions"), encodings=("rope",), graph=imported("graphs:swaps")),
    scale=later("keys equal to the query, width 64, distances below 1,024, 8,192 and 32,768"),
    silent=later(
        "The sign depends on the context. At distances below 1,024 the claim holds; below 8,192 the base makes no "
        "difference; below 32,768 base 10,000 turns nearly every pair and is close to guessing, so a higher one does "
        "better. The paper speaks of long contexts, where it calls the loss inevitable. Its own measure was not "
        "available to us; this one takes a key that is the query itself."
    ),
    version=2,
    earlier=(
        Earlier(
            version=1,
            criteria=(
                Criterion(
                    name="10000 to 500000",
                    quantity=WON_BELOW_1024,
                    reproduced=Bound(above=0.005),
                    refuted=Bound(below=0.0),
                ),
            ),
            why=later("only a context of 1,024 tokens was tested, which we chose; in longer ones the sign changes"),
        ),
    ),
)
