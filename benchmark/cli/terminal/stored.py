"""Opening a results folder for the verbs that only read it."""

from pathlib import Path

import click

from benchmark.errors import UsageError
from benchmark.results.store import Store


def stored(folder: Path) -> Store:
    """The store in a folder; UsageError if it has no records."""
    store = Store(folder)
    if next(store.records(), None) is None:
        trouble = f" ({len(store.problems)} files cannot be read: python -m benchmark status)" if store.problems else ""
        remedy = "make some with python -m benchmark run, or name another folder with --results"
        raise UsageError(f"no results in {str(folder)!r}{trouble}: {remedy}")
    return store


def name_problems(store: Store) -> None:
    """List the skipped files on the error stream."""
    for problem in store.problems:
        click.echo(f"warning: {problem}", err=True)
