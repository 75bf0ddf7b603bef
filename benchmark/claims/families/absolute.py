"""What is said of sinusoidal positions: A3. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported
from benchmark.reports.words import later

TINY, PLAIN = Bound(below=1e-10), Bound(above=1e-6)

A3 = Claim(
    id="A3",
    sentence=later("For any offset k, PE(p + k) is a linear function of PE(p)."),
    source=Source(
        paper="Attention Is All You Need", place=later("section 3.5"), url="https://arxiv.org/abs/1706.03762"
    ),
    criteria=(
        Criterion(
            name=later("linear map"),
            quantity=later("greatest distance of PE(p + k) from one linear map of PE(p), p below 1,024"),
            reproduced=TINY,
            refuted=PLAIN,
        ),
        Criterion(
            name=later("even"),
            quantity=later("greatest difference between PE(p) · PE(p + k) and PE(p) · PE(p - k)"),
            reproduced=TINY,
            refuted=PLAIN,
        ),
    ),
    evidence=Exact(measure=imported("absolute:linear"), encodings=("sinusoidal",), graph=imported("graphs:products")),
    scale=later("width 64, offsets 1, 7 and 100"),
    silent=later(
        "Does not show that attention learns such a map. The even inner product alone cannot tell before from after."
    ),
)
