"""`list encodings|tasks|corpora|presets|results`: what can be compared, and what has been."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.catalogue import Catalogue, Entry, spelled
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import Known, spoken, stored_results, table_format, text_encoding
from benchmark.cli.terminal.readable import READABLE
from benchmark.cli.terminal.table import Row, show
from benchmark.errors import UsageError, echo
from benchmark.reports.words import later, t

if TYPE_CHECKING:
    from benchmark.tasks.corpus import CorpusInfo

ENCODING_COLUMNS = {
    "name": later("name"),
    "trained": later("trained"),
    "checkpoint": later("checkpoint"),
    "kernel": later("kernel"),
    "kv_bytes": later("KV bytes"),
    "cached": later("cache"),
    "more_operations": later("at 16 L"),
    "acts": later("acts on"),
    "past": later("past L"),
    "groups": later("groups"),
    "learned": later("learned parameters"),
    "relative": later("relative"),
    "applied": later("applied"),
    "parameters": later("options"),
    "source": later("source"),
    "title": later("title"),
}
TASK_COLUMNS = {
    "name": later("name"),
    "group": later("group"),
    "definition": later("definition"),
    "vocabulary": later("vocabulary"),
    "metric": later("metric"),
    "chance": later("chance"),
    "source": later("source"),
    "parameters": later("options"),
}
CORPUS_COLUMNS = {
    "name": later("name"),
    "characters": later("characters"),
    "words": later("words"),
    "types": later("types"),
    "unknown_rate": later("<unk>"),
    "license": later("licence"),
    "source": later("source"),
}
TEXT_COLUMNS = {
    "name": later("name"),
    "tokenizer": later("tokenizer"),
    "characters": later("characters"),
    "words": later("words"),
    "types": later("types"),
    "tokens": later("tokens"),
    "characters_per_token": later("characters per token"),
    "unknown_rate": later("<unk>"),
    "notes": later("text"),
}
PRESET_COLUMNS = {
    "name": later("name"),
    "purpose": later("purpose"),
    "model": later("model"),
    "tasks": later("tasks"),
    "train_lengths": later("trained lengths"),
    "seeds": later("seeds"),
    "multiples": later("evaluated at × L"),
    "corpus": later("corpus"),
}
RESULT_COLUMNS = {
    "task": later("task"),
    "encoding": later("trained with"),
    "measured": later("measured with"),
    "train_length": later("L"),
    "steps": later("steps"),
    "width": later("width"),
    "learning_rate": later("learning rate"),
    "seed": later("seed"),
    "status": later("status"),
    "lengths": later("evaluated at"),
    "parameters": later("parameters"),
    "train_seconds": later("seconds"),
    "device": later("device"),
    "created": later("finished"),
    "key": later("key"),
}


def encodings(_: Path) -> list[Row]:
    """Every known encoding and its claims."""
    from benchmark.encodings import CATALOGUE, measured

    entries, facts = _entries(CATALOGUE), measured()
    return [
        {
            **_described(entry),
            **facts.get(entry.name, {}),
            "groups": CATALOGUE.groups_of(entry),
            "relative": _relative(entry),
            "applied": _applied(entry),
            "trained": not entry.attributes.get("adapts"),
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
@spoken
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
        rows = text(corpus, text_encoding)
        show(rows if style == "json" else [READABLE[what](row) for row in rows], TEXT_COLUMNS, style)
        return
    if text_encoding is not None:
        raise UsageError(f"--text-encoding is {echo(text_encoding)}, but only applies to: list corpora --corpus PATH")
    listing, columns = LISTS[what]
    found = listing(results)
    if not found and style == "table":
        click.echo(t("no results in {folder} yet: python -m benchmark run", folder=repr(str(results))))
        return
    if style == "json":
        show(found, {**columns, **dict.fromkeys(JSON_ALSO.get(what, ()), "")}, style)
        return
    show([READABLE[what](row) for row in found], columns, spare=SPARE.get(what, {}))


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
