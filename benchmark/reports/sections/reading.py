"""TODO."""

from benchmark.reports.page.page import Section
from benchmark.reports.words import later, said, t


def section() -> Section:
    """What the words of the report mean."""
    return Section(
        id="reading", title=t("How to read this"), terms=tuple((said(term), said(meaning)) for term, meaning in TERMS)
    )


TERMS = (
    (
        later("L, 2L, 16L"),
        later(
            "L is the longest sequence that a model met in training. 2L is twice as long. Everything right of the"
            " mark “trained length” is extrapolation: lengths that no model here has seen. Each task counts "
            "length in its own unit: tokens of text, or symbols of the string to copy."
        ),
    ),
    (
        later("seed"),
        later(
            "A repetition with other initial weights and other training data. The same seed of two encodings "
            "shares both, so that their difference is the encoding's and not luck's."
        ),
    ),
    (
        later("95 % interval"),
        later(
            "Where the mean of many more seeds would probably lie (Student's t over the seeds). Wide means: run "
            "more seeds before you believe the mean. It covers the luck of seeds only, not other tasks, texts or "
            "model sizes."
        ),
    ),
    (
        later("best, tied"),
        later(
            "Best is the best mean. Tied is what these seeds cannot tell from it: seed by seed, the difference "
            "from the best has an interval that includes zero. Tied does not mean equal."
        ),
    ),
    (
        later("chance"),
        later(
            "What a guesser reaches who knows the task but not the answer. A value near chance says that nothing "
            "was learned, or that nothing of it is left at that length."
        ),
    ),
    (
        later("extrapolation ratio"),
        later(
            "The value at the longest length divided by the value at L, over the seeds that have both. 1 means "
            "nothing changed. For a share of right answers, 0.3 means that three tenths are left; for a loss, "
            "above 1 is worse. A high ratio of a low value is no achievement: look at the value at L first."
        ),
    ),
    (
        later("loss, bits per character"),
        later(
            "How much the next word surprises the model, in nats per token; 0 is none. At every length it is the "
            "mean over the same target tokens of held-out text, the last L/2 of each row (at most 64), so that a "
            "longer window differs in its context and in nothing else. A flat loss is no proof that far words are"
            " used: read it beside a recall task."
        ),
    ),
    (
        later("lag, depth"),
        later(
            "Of a recall: how many tokens back the answer stands. Of a needle: how far along the text it stands, "
            "0 % at its beginning."
        ),
    ),
    (
        later("crop to L"),
        later(
            "The same target tokens, each shown with exactly the L tokens before it and nothing farther. Only "
            "what is better than that baseline comes from farther context."
        ),
    ),
    (
        later("—"),
        later(
            "Unsupported or missing: the encoding is not defined there (a learned table past its end), or no record is."
        ),
    ),
)
