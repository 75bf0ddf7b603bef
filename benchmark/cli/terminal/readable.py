"""Rows of `list` as people read them: values in their language, shares in percent, short addresses."""

from collections.abc import Callable, Mapping

from benchmark.cli.terminal.table import Row
from benchmark.metrics import METRICS
from benchmark.reports.phrases import STATUSES, metric_label, rendered, text_note
from benchmark.reports.words import later, said

VALUES = (  # of encodings, with fields for what varies; facts from their source text are messages of their own
    later("fused"),
    later("masked"),
    later("eager"),
    later("parts"),
    later("as its base"),
    later("{formula} per layer, and as its base"),
    later("{formula}, and as its base"),
    later("{formula}, and {other} per layer"),
    later("{formula} per layer"),
    later("in training, where tasks have numbers"),
    later("in training, where tasks have segments"),
    later("in training"),
    later("at test time, to its base"),
    later("at test time, to {encoding}"),
)
CHANCES = (  # of tasks
    later("the loss of guessing by word frequency"),
    later("{first} at length {short}, {second} at length {long}"),
    later("{first} at length {short}"),
)
MODEL = (later("{layers} layers, width {width}, {heads} heads"),)
LENGTHS = (later("others {length}"),)
ORIGINS = (
    later("public domain"),
    later("unknown"),
    later("三国演义 by Luo Guanzhong, 14th century; see NOTICE"),
    later("thirteen episodes of 水浒传, retold for this benchmark"),
)


def encoding(row: Row) -> Row:
    """Say the facts in the reader's language, and write the share of further operations in percent."""
    more = row.get("more_operations")
    facts = {key: rendered(said(value), VALUES) for key, value in row.items() if isinstance(value, str)}
    return {**row, **facts, "name": row["name"], "more_operations": None if more is None else f"{more:+.0%}"}


def task(row: Row) -> Row:
    """Spell the metric in words and shorten arXiv addresses, so that a narrow table can wrap them."""
    metric = str(row["metric"])
    return {
        **row,
        "definition": said(str(row.get("definition") or "")),
        "chance": rendered(str(row.get("chance") or ""), CHANCES),
        "source": str(row["source"]).replace("https://arxiv.org/abs/", "arXiv "),
        "metric": metric_label(metric, with_unit=False) if metric in METRICS else metric.replace("_", " "),
    }


def preset(row: Row) -> Row:
    """Say the purpose and the sizes in the reader's language."""
    return {
        **row,
        "purpose": said(row["purpose"]),
        "model": rendered(row["model"], MODEL),
        "train_lengths": [rendered(each, LENGTHS) for each in row["train_lengths"]],
    }


def corpus(row: Row) -> Row:
    """Say the licence, the source and the notes in the reader's language."""
    said_ = {key: rendered(row[key], ORIGINS) for key in ("license", "source") if key in row}
    return {**row, **said_, "notes": [text_note(note) for note in row.get("notes", ())]}


def result(row: Row) -> Row:
    """Say how training ended in the reader's language."""
    return {**row, "status": STATUSES.get(row["status"], row["status"])}


READABLE: Mapping[str, Callable[[Row], Row]] = {
    "encodings": encoding,
    "tasks": task,
    "presets": preset,
    "corpora": corpus,
    "results": result,
}
