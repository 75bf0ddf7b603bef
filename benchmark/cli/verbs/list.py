"""`list encodings|tasks|corpora|presets|results`: what can be compared, and what has been."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.catalogue import Catalogue, Entry, spelled
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import Known, stored_results, table_format, text_encoding
from benchmark.cli.terminal.table import Row, show
from benchmark.errors import UsageError, echo

if TYPE_CHECKING:
    from benchmark.tasks.corpus import CorpusInfo

ENCODING_COLUMNS = {
    "name": "name",
    "trained": "trained",
    "checkpoint": "checkpoint",
    "kernel": "kernel",
    "kv_bytes": "KV bytes",
    "cached": "cache",
    "more_operations": "at 16 L",
    "acts": "acts on",
    "past": "past L",
    "groups": "groups",
    "learned": "learned parameters",
    "relative": "relative",
    "applied": "applied",
    "parameters": "options",
    "source": "source",
    "title": "title",
}
TASK_COLUMNS = {
    "name": "name",
    "group": "group",
    "definition": "definition",
    "vocabulary": "vocabulary",
    "metric": "metric",
    "chance": "chance",
    "source": "source",
    "parameters": "options",
}
CORPUS_COLUMNS = {
    "name": "name",
    "characters": "characters",
    "words": "words",
    "types": "types",
    "unknown_rate": "<unk>",
    "license": "licence",
    "source": "source",
}
TEXT_COLUMNS = {
    "name": "name",
    "tokenizer": "tokenizer",
    "characters": "characters",
    "words": "words",
    "types": "types",
    "tokens": "tokens",
    "characters_per_token": "characters per token",
    "unknown_rate": "<unk>",
    "notes": "text",
}
PRESET_COLUMNS = {
    "name": "name",
    "purpose": "purpose",
    "model": "model",
    "tasks": "tasks",
    "train_lengths": "trained lengths",
    "seeds": "seeds",
    "multiples": "evaluated at × L",
    "corpus": "corpus",
}
RESULT_COLUMNS = {
    "task": "task",
    "encoding": "trained with",
    "measured": "measured with",
    "train_length": "L",
    "steps": "steps",
    "width": "width",
    "learning_rate": "learning rate",
    "seed": "seed",
    "status": "status",
    "lengths": "evaluated at",
    "parameters": "parameters",
    "train_seconds": "seconds",
    "device": "device",
    "created": "finished",
    "key": "key",
}


def encodings(_: Path) -> list[Row]:
    """Every known encoding and its claims."""
    from benchmark.encodings import CATALOGUE, measured, on_checkpoints

    entries, facts = _entries(CATALOGUE), measured()
    return [
        {
            **_described(entry),
            **facts.get(entry.name, {}),
            "groups": CATALOGUE.groups_of(entry),
            "relative": _relative(entry),
            "applied": _applied(entry),
            "trained": not entry.attributes.get("adapts"),
            "checkpoint": on_checkpoints(entry),
            "cached": facts[entry.name]["kv_bytes"] is not None if entry.name in facts else None,
        }
        for entry in entries
    ]


def tasks(_: Path) -> list[Row]:
    """Every known task, with facts from its docstring."""
    from benchmark.tasks import CATALOGUE

    return [
        {**_described(entry), "vocabulary": entry.stated("Vocabulary"), "chance": entry.stated("Chance")}
        for entry in _entries(CATALOGUE)
    ]


def corpora(_: Path) -> list[Row]:
    """Statistics of the built-in corpora."""
    from benchmark.tasks.corpus import BUILT_IN, describe

    return [_counted(describe(name)) for name in BUILT_IN]


def text(corpus: str, encoding: str | None) -> list[Row]:
    """Statistics of one corpus under each tokenizer."""
    from benchmark.tasks.corpus import TOKENIZERS, describe, find, suited_to

    suited = suited_to(find(corpus, encoding))
    infos = [describe(corpus, tokenizer, encoding) for tokenizer in TOKENIZERS]
    return [
        {
            **_counted(info),
            "characters_per_token": round(info.characters_per_token, 3),
            "notes": (*info.notes, *["the default"] * (info.tokenizer == suited)),
        }
        for info in infos
    ]


def presets(_: Path) -> list[Row]:
    """The presets."""
    from benchmark.experiments.presets import PRESETS
    from benchmark.experiments.request import Auto

    return [
        {
            **preset.model_dump(),
            "seeds": str(preset.seeds) if isinstance(preset.seeds, Auto) else preset.seeds,
            "model": "{layers} layers, width {width}, {heads} heads".format(**preset.model.model_dump()),
            "train_lengths": [
                f"{task} {'/'.join(str(budget.train_length) for budget in budgets)}"
                for task, budgets in [
                    *((task, preset.budgets_for(task)) for task in preset.tasks),
                    ("others", preset.other),
                ]
            ],
        }
        for preset in PRESETS.values()
    ]


def results(root: Path) -> list[Row]:
    """Every trained model in a results folder, without the trials of learning rates."""
    from benchmark.results.record import EvalRecord, TrainRecord
    from benchmark.results.store import Store

    records = list(Store(root).records())
    lengths: dict[str, set[int]] = {}
    measured: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, EvalRecord) and record.status == "ok":
            lengths.setdefault(record.spec.train_key, set()).add(record.spec.length)
            measured.setdefault(record.spec.train_key, set()).add(record.spec.encoding.label)
    rows: list[Row] = [
        {
            "task": record.spec.task.label,
            "encoding": record.spec.encoding.label,
            "measured": sorted(measured.get(record.spec.key, ())),
            "train_length": record.spec.budget.train_length,
            "steps": record.spec.budget.steps,
            "width": record.spec.model.width,
            "learning_rate": record.spec.budget.learning_rate,
            "seed": record.spec.init_seed,
            "status": record.status,
            "lengths": sorted(lengths.get(record.spec.key, ())),
            "parameters": record.parameters,
            "train_seconds": round(record.train_seconds, 1),
            "device": record.environment.device,
            "created": f"{record.created:%Y-%m-%d %H:%M}",
            "key": record.spec.key,
        }
        for record in records
        if isinstance(record, TrainRecord) and not record.spec.is_trial
    ]
    order = ("task", "encoding", "train_length", "steps", "width", "learning_rate", "seed")
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))


LISTS: Mapping[str, tuple[Callable[[Path], list[Row]], Mapping[str, str]]] = {
    "encodings": (encodings, ENCODING_COLUMNS),
    "tasks": (tasks, TASK_COLUMNS),
    "corpora": (corpora, CORPUS_COLUMNS),
    "presets": (presets, PRESET_COLUMNS),
    "results": (results, RESULT_COLUMNS),
}
JSON_ALSO = {"tasks": ("title", "version")}  # columns with no room in a table
SPARE = {  # columns with no room on a terminal narrower than so many characters
    "encodings": {
        **{"cached": 90, "acts": 100, "past": 120, "groups": 140, "learned": 160, "relative": 180},
        **{"applied": 200, "parameters": 220, "source": 260, "title": 280},
    },
    "tasks": {"source": 140, "parameters": 140},
}


@click.command(
    name="list",
    epilog=examples(
        "list encodings",
        "list tasks --format json",
        "list corpora --corpus path/to/novel.txt",
    ),
)
@click.argument("what", type=Known("thing to list", LISTS), metavar="|".join(LISTS))
@table_format
@stored_results
@click.option(
    "--corpus",
    default=None,
    shell_complete=completion.corpora,
    help="With corpora: a corpus or a text of your own, under each tokenizer.",
)
@text_encoding
def command(what: str, style: str, results: Path, corpus: str | None, text_encoding: str | None) -> None:
    """List encodings, tasks, corpora, presets or results."""
    if corpus is not None:
        from benchmark.tasks.corpus import BUILT_IN

        if what != "corpora":
            raise UsageError(f"--corpus is {echo(corpus)}, but only applies to: list corpora")
        if text_encoding is not None and corpus in BUILT_IN:
            raise UsageError(
                f"--text-encoding is {echo(text_encoding)}, but {corpus} is not a text of your own: omit it"
            )
        show(text(corpus, text_encoding), TEXT_COLUMNS, style)
        return
    if text_encoding is not None:
        raise UsageError(f"--text-encoding is {echo(text_encoding)}, but only applies to: list corpora --corpus PATH")
    rows, columns = LISTS[what]
    found = rows(results)
    if not found and style == "table":
        click.echo(f"no {what} in {str(results)!r} yet: python -m benchmark run")
        return
    if style == "json":
        show(found, {**columns, **dict.fromkeys(JSON_ALSO.get(what, ()), "")}, style)
        return
    readable = READABLE.get(what, dict)
    show([readable(row) for row in found], columns, spare=SPARE.get(what, {}))


def _readable_task(task: Row) -> Row:
    """Spell the metric in words and shorten arXiv addresses, so that a narrow table can wrap them."""
    source, metric = str(task["source"]), str(task["metric"])
    return {**task, "source": source.replace("https://arxiv.org/abs/", "arXiv "), "metric": metric.replace("_", " ")}


def _readable_encoding(encoding: Row) -> Row:
    """Write the share of further operations in percent."""
    more = encoding.get("more_operations")
    return {**encoding, "more_operations": None if more is None else f"{more:+.0%}"}


READABLE: Mapping[str, Callable[[Row], Row]] = {"encodings": _readable_encoding, "tasks": _readable_task}


def _counted(info: "CorpusInfo") -> Row:
    return {**asdict(info), "unknown_rate": f"{info.unknown_rate:.2%}"}


def _entries(catalogue: Catalogue) -> list[Entry]:
    for line in catalogue.faults().values():
        click.echo(line, err=True)
    return catalogue.entries()


def _described(entry: Entry) -> dict[str, object]:
    return {**entry.attributes, "name": entry.name, "parameters": spelled(entry.defaults)}


def _relative(entry: Entry) -> object:
    """The claim of an encoding; one built around another inherits it, unless it is applied at test time."""
    takes_over = entry.attributes.get("wraps") and not entry.attributes.get("adapts")
    return "as its base" if takes_over else entry.attributes["relative"]


def _applied(entry: Entry) -> str:
    adapted = entry.attributes.get("adapts")
    if adapted:
        return f"at test time, to {'its base' if entry.attributes.get('wraps') else adapted}"
    needs = next((what for what in ("numbers", "segments") if entry.attributes.get(what)), None)
    return f"in training, where tasks have {needs}" if needs else "in training"
