"""What bfloat16 does to positions: A12, A13 and A14. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported, near
from benchmark.reports.words import later

SHIFT = later("root mean square change of q · k / √d when both positions shift by 4,096")

DRAWN = later("random queries and keys of width 64, positions below 128")

A12 = Claim(
    id="A12",
    sentence=later("In bfloat16, RoPE no longer depends on distance only."),
    source=Source(paper="Wang, H. et al. 2024", place="", url="https://arxiv.org/abs/2411.13476"),
    criteria=(
        Criterion(
            name=later("bfloat16 throughout"), quantity=SHIFT, reproduced=Bound(above=0.1), refuted=Bound(below=0.01)
        ),
        Criterion(name="float32", quantity=SHIFT, reproduced=Bound(below=1e-3), refuted=Bound(above=0.01)),
    ),
    evidence=Exact(
        measure=imported("precision:shift_error"), encodings=("rope",), graph=imported("graphs:shift_errors")
    ),
    scale=DRAWN,
    silent=later("Whether angles in float32 mend it is A12-ANGLES; what it costs in training is T38."),
)

A12_ANGLES = Claim(
    id="A12-ANGLES",
    sentence=later("With angles in float32, RoPE stays relative in bfloat16."),
    source=Source(
        paper=later("common practice"), place=later("as in transformers"), url="https://arxiv.org/abs/2411.13476"
    ),
    criteria=(
        Criterion(
            name=later("bfloat16, angles in float32"),
            quantity=SHIFT,
            reproduced=Bound(below=0.01),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Exact(measure=imported("precision:angles_error"), encodings=("rope",)),
    scale=DRAWN,
    silent=later("Rounding queries and keys to bfloat16 leaves an error, which does not grow with the shift."),
)

A13 = Claim(
    id="A13",
    sentence=later("In bfloat16, positions above 256 collide."),
    source=Source(paper="Kalamkar et al. 2019", place=later("the format"), url="https://arxiv.org/abs/1905.12322"),
    criteria=(near("distinct", later("distinct values among positions 0 to 511"), 385, 0.5),),
    evidence=Exact(measure=imported("precision:collisions"), encodings=(), graph=imported("graphs:distinct")),
    scale=later("the number format itself"),
    silent=later("No encoding here holds positions in bfloat16."),
)

A14 = Claim(
    id="A14",
    sentence=later("ALiBi computed from key positions loses its precision in bfloat16; from distances it does not."),
    source=Source(
        paper="ALiBi",
        place=later("the authors' code"),
        url="https://github.com/ofirpress/attention_with_linear_biases",
    ),
    criteria=(
        Criterion(
            name=later("by key position"),
            quantity=later("share of attention that bfloat16 moves at 8,192 tokens, slope .5"),
            reproduced=Bound(above=0.1),
            refuted=Bound(below=0.01),
        ),
        Criterion(
            name=later("by distance"),
            quantity=later("share of attention that bfloat16 moves at 8,192 tokens, slope .5"),
            reproduced=Bound(below=0.01),
            refuted=Bound(above=0.1),
        ),
    ),
    evidence=Exact(measure=imported("precision:alibi_precision"), encodings=("alibi",), graph=imported("graphs:alibi")),
    scale=later("one query at the end of 8,192 keys with equal scores"),
    silent=later("Gentle slopes lose less. The encoding here works from distances, in float32."),
)
