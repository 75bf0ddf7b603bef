"""`export`: every measured value as csv, json or parquet, or a table for a paper or a page: LaTeX, Markdown."""

import importlib.util
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import Known, results_folder
from benchmark.cli.stored import name_problems, stored
from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.results.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.reports.page.selection import Selection
    from benchmark.reports.stats.summary import SummaryValue

LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def as_csv(table: "pd.DataFrame") -> bytes:
    """One line a value."""
    return table.to_csv(index=False).encode()


def as_json(table: "pd.DataFrame") -> bytes:
    """A list of objects; null where there is no value."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        row["created"] = row["created"].isoformat()
        row["value"] = None if row["value"] == math.inf else row["value"]  # a perplexity past all floats; no JSON
    return (json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def as_latex(store: Store) -> bytes:
    """The report's summary as a booktabs table: value with interval at L, and at the longest length."""
    import pandas as pd

    from benchmark.reports.phrases import qualified
    from benchmark.reports.stats.summary import summary

    panels = _selection(store).panels
    rows = summary(pd.concat([panel.table for panel in panels]))
    lines = [
        r"% \usepackage{booktabs}; mean and 95 % t interval over seeds; bold: the best mean, and what is tied with it",
        r"% (on ..): applied at test time, no further training; (reads digits): a league of its own",
        r"\begin{tabular}{lllrr}",
        r"\toprule",
        r"Task & Metric & Encoding & at $L$ & at the longest length \\",
    ]
    previous = None
    for row in sorted(rows, key=lambda row: (row.task, row.train_length)):
        lines += [r"\midrule"] if row.task != previous else []
        previous = row.task
        encoding = qualified(row.trained_with, row.encoding, row.league)
        names = [_escaped(name) for name in (row.task, row.metric, encoding)]
        places = ((row.at_trained, row.train_length), (row.at_longest, row.longest))
        values = [f"{_spelled(value)} ({length})" for value, length in places]
        lines.append(" & ".join([*names, *values]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""]).encode()


def _spelled(value: "SummaryValue") -> str:
    """A value of the summary, bold if it is the best or tied with it."""
    from benchmark.reports.phrases import spell

    own = value.estimate
    text = spell(own.value, own.low, own.high, value.status).replace("—", "---")
    return rf"\textbf{{{text}}}" if value.mark else text


def _escaped(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def as_markdown(store: Store) -> bytes:
    """Tasks by encodings at L and at 4 L, with intervals and chance."""
    from benchmark.reports.write.task_table import render

    return render(_selection(store)).encode()


def _selection(store: Store) -> "Selection":
    """What a table is made of; an error if nothing was measured."""
    from benchmark.reports.page.selection import Selection

    selection = Selection.of(store)
    if not selection.panels:
        raise UsageError(f"no model in {str(store.root)!r} was measured: python -m benchmark status says why")
    return selection


def as_parquet(table: "pd.DataFrame") -> bytes:
    """A Parquet file."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError("parquet needs the package pyarrow, which is not installed; run: pip install pyarrow")
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: Mapping[str, Callable[[Store], bytes]] = {
    "csv": lambda store: as_csv(_frame(store)),
    "json": lambda store: as_json(_frame(store)),
    "latex": as_latex,
    "markdown": as_markdown,
    "parquet": lambda store: as_parquet(_frame(store)),
}


def _frame(store: Store) -> "pd.DataFrame":
    from benchmark.reports.tables.values import metric_table

    return metric_table(store)


@click.command
@click.option(
    "--format", "style", type=Known("format", FORMATS), default="csv", show_default=True, help="What to write."
)
@results_folder
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; without it, the terminal.")
def command(style: str, results: Path, out: Path | None) -> None:
    """Export the results as csv, json, latex, markdown or parquet.

    csv, json and parquet hold every value; latex is the report's summary, markdown has tasks as rows, at L and 4 L.
    """
    if style == "parquet" and out is None:
        raise UsageError("parquet is no text for a terminal; name a file: --out results.parquet")
    if out is not None and out.exists() and not out.is_file():  # renaming over a device would remove it
        raise UsageError(f"--out {str(out)!r} is no plain file; name one, or leave --out away and use a pipe")
    store = stored(results)
    content = FORMATS[style](store)
    name_problems(store)
    if out is None:
        click.echo(content, nl=False)
    else:
        write_atomically(out, content)
        click.echo(f"wrote {out}", err=True)
