"""The results folder as the verbs that read it see it."""

from pathlib import Path

import click

from benchmark.errors import UsageError
from benchmark.results.store import Store


def stored(folder: Path) -> Store:
    """The store in a folder; an error if there is no record in it."""
    store = Store(folder)
    if next(store.records(), None) is None:
        trouble = f" ({len(store.problems)} files cannot be read: python -m benchmark status)" if store.problems else ""
        remedy = "python -m benchmark run makes some; --results names another folder"
        raise UsageError(f"no results in {str(folder)!r}{trouble}: {remedy}")
    return store


def name_problems(store: Store) -> None:
    """The files that were skipped, on the error stream."""
    for problem in store.problems:
        click.echo(f"warning: {problem}", err=True)
