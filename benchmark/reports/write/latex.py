"""The summary as a LaTeX table for a paper: mean and range at L and at the longest length, with booktabs rules."""

import unicodedata

from benchmark.reports.page.selection import Selection
from benchmark.reports.phrases import NOTHING, qualified, spell
from benchmark.reports.stats.summary import SummaryValue

SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}

WIDE = ("W", "F")  # widths of Chinese, Japanese and Korean characters, by the Unicode standard
XELATEX = r"% Chinese characters: compile with xelatex, and put \usepackage{ctex} in the preamble"

STYLES = {"best": r"\textbf", "among the best": r"\textbf", "untested": r"\textit"}  # of marks


def render(selection: Selection) -> str:
    """The table, with a row per task and encoding."""
    lines = [
        r"% \usepackage{booktabs}; mean over seeds [lowest, highest]; best mean at the longest length first",
        r"% bold: best or among the best, as far as shown; italic: best mean, too few seeds to test it",
        r"% superscript s: a shortcut (a simple rule) explains it",
        r"% no mark does not mean shown to be worse",
        r"% (on ..): applied at test time, no further training; (reads ..): a league of its own",
        r"\begin{tabular}{lllrr}",
        r"\toprule",
        r"Task & Metric & Encoding & at $L$ & at the longest length \\",
    ]
    previous = None
    for row in sorted(selection.summary, key=lambda row: (row.task, row.train_length)):
        lines += [r"\midrule"] if row.task != previous else []
        previous = row.task
        encoding = qualified(row.trained_with, row.encoding, row.league)
        names = [escaped(name) for name in (row.task, row.metric, encoding)]
        places = ((row.at_trained, row.train_length), (row.at_longest, row.longest))
        values = [f"{_spelled(value)} ({length})" for value, length in places]
        lines.append(" & ".join([*names, *values]) + r" \\")
    table = "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
    return f"{XELATEX}\n{table}" if any(unicodedata.east_asian_width(letter) in WIDE for letter in table) else table


def escaped(text: str) -> str:
    """Text that LaTeX sets literally."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _spelled(value: SummaryValue) -> str:
    """A value of the summary in the style of its mark."""
    own = value.estimate
    text = spell(own.value, own.low, own.high, value.status).replace(NOTHING, "---")
    if value.mark == "shortcut":
        return rf"{text}\textsuperscript{{s}}"
    return rf"{STYLES[value.mark]}{{{text}}}" if value.mark else text
