"""The summary as a LaTeX table for a paper: value with interval at L and at the longest length, with booktabs rules."""

import pandas as pd

from benchmark.reports.page.fields import Row
from benchmark.reports.page.selection import Selection
from benchmark.reports.phrases import NOTHING, qualified, spell
from benchmark.reports.stats.summary import summary_table

PLACES = (("at_trained", "train_length"), ("at_longest", "longest"))
SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def render(selection: Selection) -> str:
    """The table, with a row per task and encoding."""
    table = summary_table(pd.concat([panel.table for panel in selection.panels]))
    lines = [
        r"% \usepackage{booktabs}; mean and 95 % t interval over seeds; bold: the best mean, and values tied with it",
        r"% (on ..): applied at test time, no further training; (reads digits): a league of its own",
        r"\begin{tabular}{lllrr}",
        r"\toprule",
        r"Task & Metric & Encoding & at $L$ & at the longest length \\",
    ]
    previous = None
    for row in table.sort_values(["task", "train_length"], kind="stable").to_dict("records"):
        lines += [r"\midrule"] if row["task"] != previous else []
        previous = row["task"]
        encoding = qualified(row["trained_with"], row["encoding"], row["league"])
        names = [escaped(str(name)) for name in (row["task"], row["metric"], encoding)]
        values = [f"{_value(row, place)} ({row[length]})" for place, length in PLACES]
        lines.append(" & ".join([*names, *values]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """Text that LaTeX sets literally."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _value(row: Row, place: str) -> str:
    """A value of the summary, bold if it is the best or tied with it."""
    value = spell(*(row[f"{place}_{part}"] for part in ("mean", "low", "high", "status"))).replace(NOTHING, "---")
    return rf"\textbf{{{value}}}" if row[f"{place}_best"] or row[f"{place}_tied"] else value
