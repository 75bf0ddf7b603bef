"""Shell completion of names: encodings, tasks, presets and texts. Reads tables of names; imports no torch.

    --encodings rope,ali<TAB>                rope,alibi
    --encodings randomized:base=ali<TAB>     randomized:base=alibi
    --tasks copy,my<TAB>                     copy,my_task.py, if that file is there

Each function is the `shell_complete` of an option or argument.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from benchmark.catalogue import Catalogue
from benchmark.errors import UsageError

LAST = re.compile(r"(?P<before>.*[,，、])?(?P<item>.*)", re.S)  # the item of a list that is being typed
VALUE = re.compile(r"(?P<name>[^:：]+)[:：](?P<before>.*?)(?P<key>\w+)[=＝](?P<values>.*\|)?(?P<value>.*)", re.S)


def encodings(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names, groups and files of encodings; also the encoding that a wrapper is put around."""
    from benchmark.encodings import CATALOGUE

    last = _last(incomplete)
    item = VALUE.fullmatch(last)
    if item is None:
        return _listed(CATALOGUE, incomplete, last)
    with suppress(UsageError):
        if CATALOGUE.entry(item["name"]).attributes.get("wraps") == item["key"]:
            return _completed(incomplete, item["value"], CATALOGUE.names())
    return []


def tasks(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names, groups and files of tasks; with --checkpoint, the tasks of checkpoints."""
    if ctx.params.get("checkpoint"):
        from benchmark.checkpoints.tasks import CATALOGUE as OF_CHECKPOINTS

        return _listed(OF_CHECKPOINTS, incomplete, _last(incomplete))
    from benchmark.tasks import CATALOGUE

    return _listed(CATALOGUE, incomplete, _last(incomplete))


def presets(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names of presets."""
    from benchmark.experiments.presets import PRESETS

    return _completed(incomplete, incomplete, PRESETS)


def corpora(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The built-in texts, or files and folders."""
    from benchmark.tasks.corpus.sources import BUILT_IN

    return _or_path(_completed(incomplete, incomplete, BUILT_IN), incomplete)


def encoding_or_folder(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of encodings, or folders."""
    return _or_path(encodings(ctx, parameter, incomplete), incomplete)


def path(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders."""
    return _or_path([], incomplete)


def _last(incomplete: str) -> str:
    found = LAST.fullmatch(incomplete)
    return found["item"] if found else incomplete


def _listed(catalogue: Catalogue, incomplete: str, word: str) -> list[str]:
    known = [*catalogue.names(), *catalogue.groups, *catalogue.rules, "all"]
    return _completed(incomplete, word, known + (_files(word) if word else []))


def _completed(incomplete: str, word: str, known: Iterable[str]) -> list[str]:
    """Everything that was typed, with its last word completed in each way."""
    before = incomplete.removesuffix(word) if word else incomplete
    return [before + name for name in dict.fromkeys(known) if name.startswith(word)]


def _files(word: str) -> list[str]:
    """Python files, and folders that may have some, whose path begins so."""
    folder, _, _ = word.rpartition("/")
    with suppress(OSError, ValueError, RuntimeError):
        found = sorted(Path(f"{folder}/" if "/" in word else ".").expanduser().iterdir())
        before = f"{folder}/" if "/" in word else ""
        return [f"{before}{each.name}{'/' * each.is_dir()}" for each in found if each.is_dir() or each.suffix == ".py"]
    return []


def _or_path(names: list[str], incomplete: str) -> list[CompletionItem]:
    """The names, or if there are none, whatever paths the shell finds."""
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]
