"""The section "How to read this": the terms of the report and what they mean."""

from benchmark.reports.page.page import Section
from benchmark.reports.words import later, said, t

TERMS = (
    (
        later("L, 2L, 16L"),
        later(
            "L is the longest sequence that a model saw in training; 2L is twice as long. Everything to the right of "
            "the mark “trained length” is extrapolation: lengths that no model here has seen. Each task counts length "
            "in its own unit, such as tokens of text or symbols of the string to copy."
        ),
    ),
    (
        later("seed"),
        later(
            "A repetition with other initial weights and other training data. Two encodings with the same seed share "
            "both, so the difference between them is due to the encoding rather than to luck."
        ),
    ),
    (
        later("95 % interval"),
        later(
            "Where the mean of many more seeds would probably lie (Student's t over the seeds). If it is wide, run "
            "more seeds before you trust the mean. It covers only the luck of the seeds, not other tasks, texts or "
            "model sizes."
        ),
    ),
    (
        later("best, tied"),
        later(
            "“Best” is the best mean. “Tied” marks values that these seeds cannot distinguish from it: the interval of "
            "the paired difference from the best includes zero. Tied does not mean equal."
        ),
    ),
    (
        later("chance"),
        later(
            "The score of guessing: knowing the task but not the answer. A value near chance means that nothing was "
            "learned, or that nothing learned is left at that length."
        ),
    ),
    (
        later("extrapolation ratio"),
        later(
            "The value at the longest length divided by the value at L, over the seeds that have both. 1 means no "
            "change. For an accuracy, 0.3 means that three tenths are left; for a loss, above 1 is worse. A high ratio "
            "of a low value is no achievement: look at the value at L first."
        ),
    ),
    (
        later("loss, bits per character"),
        later(
            "How much the next token surprises the model, in nats per token; 0 is no surprise. At every length, it is "
            "the mean over the same target tokens of held-out text: the last L/2 of each row (at most 64). A longer "
            "window therefore differs only in its context. A flat loss does not prove that distant words are used: "
            "read it together with a recall task."
        ),
    ),
    (
        later("lag, depth"),
        later(
            "Lag: how many tokens back the answer of a recall task is. Depth: how far into the text a needle is, with "
            "0 % at the beginning."
        ),
    ),
    (
        later("crop to L"),
        later(
            "The same target tokens, each shown with exactly the L tokens before it and nothing earlier. Only an "
            "improvement on this baseline comes from more distant context."
        ),
    ),
    (
        later("—"),
        later(
            "Unsupported or missing: the encoding is not defined there (such as a learned table past its end), or "
            "there is no record."
        ),
    ),
)


def section() -> Section:
    """The terms of the report and what they mean."""
    return Section(
        id="reading", title=t("How to read this"), terms=tuple((said(term), said(meaning)) for term, meaning in TERMS)
    )
