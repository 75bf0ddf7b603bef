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
        later("[lowest, highest]"),
        later(
            "Behind a mean over seeds: the lowest and the highest of these seeds, which says what happened and not "
            "what other seeds would give. Often a seed either learns a task or does not; then the mean describes none "
            "of them, and the dots of a figure, one a seed, say more."
        ),
    ),
    (
        later("95 % interval"),
        later(
            "Of a median difference, a usable length, or a share of seeds: it holds the value for all seeds in at "
            "least 95 % of cases, whatever the distribution. That of a difference also counts the choice of test "
            "problems. It does not cover other tasks, texts or model sizes."
        ),
    ),
    (
        later("does better on most seeds"),
        later(
            "Shown: of all seeds that could be drawn, the encoding does better on more than half. The chance that any "
            "such statement about a task and length is false is at most 5 %, however often you look and add seeds. It "
            "speaks of most seeds and not of the mean: an encoding that is a little better on nine seeds and fails on "
            "the tenth does better on most."
        ),
    ),
    (
        later("best, among the best"),
        later(
            "“Best”: every other encoding is ruled out, because one with a better mean does better than it on most "
            "seeds. “Among the best”: not ruled out, and neither are others. No mark does not mean shown to be worse."
        ),
    ),
    (
        later("highest mean, lowest mean"),
        later(
            "The best mean (the lowest, of a loss) where there are too few seeds to rule anything out. It is a "
            "description, not a result; beside it stands how many more seeds would do, if they all agree."
        ),
    ),
    (
        later("alike on every seed"),
        later(
            "The two differ by no more than the margin on every common seed. With 95 % confidence they then do so on "
            "at least the share of all seeds that is given: 37 % for 3 seeds, 69 % for 8. A rare failure is not ruled "
            "out."
        ),
    ),
    (
        later("not decided"),
        later(
            "These seeds show nothing either way, which does not mean equal. Beside it stands how many more seeds "
            "could show a difference, if the one that leads wins them all."
        ),
    ),
    (
        later("solved by k of n seeds"),
        later(
            "How many seeds reach an accuracy of 0.9, with the exact 95 % interval of the share of all seeds that "
            "would. 8 of 8 means at least 63 %."
        ),
    ),
    (
        later("chance"),
        later(
            "The score of guessing: knowing the task but not the answer. A value near chance means that nothing was "
            "learned, or that nothing learned is left at that length. A mean within a tenth of the way from chance to "
            "perfect is explained by chance, and gets no mark."
        ),
    ),
    (
        later("shortcut"),
        later(
            "A simple rule that scores without doing the task, such as giving the same answer everywhere. It is scored "
            "on the very rows that the models are; the best of them is drawn where it beats chance by more than the "
            "margin. A mean within a tenth of the way from the best shortcut to perfect is marked as explained by it, "
            "because nothing shows that the model does more than that."
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
        later("main setting, tau"),
        later(
            "Where the results hold several learning rates, budgets or model sizes, all sections but “Does it hold?” "
            "show one of them, the main setting. Kendall’s tau says how well the order of the encodings elsewhere "
            "agrees with it: 1 is the same order, 0 as many pairs in the same as in the opposite order, -1 the reverse."
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
