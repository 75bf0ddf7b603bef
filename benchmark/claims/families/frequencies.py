"""What follows from RoPE's frequencies by counting: A6, A8 and A10. Nothing is trained."""

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported, near
from benchmark.reports.words import later

A6 = Claim(
    id="A6",
    sentence=later(
        "The mean advantage of similar tokens over random ones turns negative past a distance that the base sets."
    ),
    source=Source(paper="Men et al. 2024", place="", url="https://arxiv.org/abs/2405.14591"),
    criteria=tuple(
        near(f"d = {width}", later("first distance at which the sum of cos(m theta) is negative"), expected, 0.5)
        for width, expected in ((128, 1707), (64, 725), (32, 474))
    ),
    evidence=Exact(
        measure=imported("frequencies:first_negative"), encodings=("rope",), graph=imported("graphs:advantage")
    ),
    scale=later("base 10,000"),
    silent=later("Whether a model fails there takes training: T9."),
)

A8 = Claim(
    id="A8",
    sentence=later("2⌈(d/2) log_b(L/2π)⌉ channels see at least one whole turn in training."),
    source=Source(paper="Liu et al. 2023", place="", url="https://arxiv.org/abs/2310.05209"),
    criteria=(
        near("LLaMA-2", later("channels with a wavelength of at most 4,096, head width 128"), 92, 0.5),
        near("d = 64, L = 128", later("channels with a wavelength of at most 128, head width 64"), 22, 0.5),
    ),
    evidence=Exact(
        measure=imported("frequencies:whole_turns"), encodings=("rope",), graph=imported("graphs:wavelengths")
    ),
    scale=later("base 10,000"),
    silent=later("That the formula counts wavelengths, and not that extrapolation ends where they do: T8."),
)

A10 = Claim(
    id="A10",
    sentence=later("NTK-aware scaling leaves the fastest frequency as it is and divides the slowest by the factor."),
    source=Source(paper="YaRN", place=later("section 3.1"), url="https://arxiv.org/abs/2309.00071"),
    criteria=tuple(
        Criterion(name=end, quantity=quantity, reproduced=Bound(below=1e-9), refuted=Bound(above=1e-6))
        for end, quantity in (
            (later("fastest"), later("relative distance of the fastest frequency from RoPE's")),
            (later("slowest"), later("relative distance of the slowest frequency from RoPE's divided by the factor")),
        )
    ),
    evidence=Exact(measure=imported("frequencies:ntk_ends"), encodings=("rope", "ntk"), graph=imported("graphs:ntk")),
    scale=later("head width 64, factor 4"),
    silent=later("Nothing about how well a model reads with it: T6."),
)
