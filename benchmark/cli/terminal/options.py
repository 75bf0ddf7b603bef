"""Options that several verbs share, and types whose errors suggest what was meant."""

import math
import os
import re
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from benchmark.cli.terminal import completion
from benchmark.errors import unknown
from benchmark.experiments.changes import option_of
from benchmark.experiments.settings import DEVICES, EXECUTORS, LONGEST, MOST_CORES, MOST_WORKERS, SHORTEST, Settings
from benchmark.experiments.settings import folder as writable
from benchmark.reports.words import LANGUAGES, speaking

Function = TypeVar("Function", bound=Callable[..., Any])
PRINTS = ("pdf", "svg", "png")  # of reports.draw.canvas, which loads matplotlib
PLAN_FORMATS = ("table", "csv", "json")
CHANGES = {
    "width": "Width of the model, or several for the same comparison at each: 32,64,128.",
    "heads": "Attention heads.",
    "layers": "Layers.",
    "mixing": "none, or conv: a short causal convolution before attention, as a control.",
    "train_length": "Trained length L: 128; for some tasks only: copy=20; or both: 128,copy=20.",
    "steps": "Training steps, also by task.",
    "batch": "Rows of a training step, also by task.",
    "learning_rate": "Peak learning rate, also by task.",
    "budgets": "Train at these multiples of the steps, one after the other: 1,2,4.",
}


class Known(click.Choice[str]):
    """A choice among names; the error for any other name suggests the nearest one."""

    def __init__(self, kind: str, names: Iterable[str]) -> None:
        super().__init__(list(names))
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise unknown(self.kind, str(value), self.choices)
        return str(value)


class Amount(click.FloatRange):
    """A finite, non-negative number."""

    name = "amount"

    def __init__(self, *, positive: bool = False) -> None:
        super().__init__(min=0, min_open=positive)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        amount = float(super().convert(value, param, ctx))
        if not math.isfinite(amount):
            self.fail(f"{value} is not finite.", param, ctx)
        return amount


class Seconds(Amount):
    """A time that a cell can be given."""

    name = "seconds"

    def __init__(self) -> None:
        click.FloatRange.__init__(self, min=SHORTEST, max=LONGEST)


def folder(name: str, default: str, purpose: str) -> Callable[[Function], Function]:
    """An option for a folder, which need not exist yet."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(name, type=kind, default=default, show_default=True, help=purpose)


results_folder = click.option(
    "--results",
    type=click.Path(path_type=Path),
    callback=lambda _, __, given: writable(given),
    default="results",
    show_default=True,
    help="Folder of the records.",
)
stored_results = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default="results",
    show_default=True,
    help="Folder of the records, or a pack of them.",
)
reports_folder = folder("--out", "reports", "Folder of the report.")
encoding_name = click.option(
    "--encoding",
    default="rope",
    show_default=True,
    shell_complete=completion.encodings,
    help="A name or a file: rope:base=500000, my.py",
)
preset_name = click.option(
    "--preset",
    default="quick",
    show_default=True,
    shell_complete=completion.presets,
    help="smoke, quick, standard or paper.",
)
reference_encoding = click.option(
    "--reference",
    metavar="NAME",
    default=None,
    shell_complete=completion.encodings,
    help="The encoding that the report compares the others with.  [default: rope, or else the first one trained]",
)
figures_format = click.option(
    "--figures",
    type=Known("format", PRINTS),
    default=None,
    help="Also write the figures for print: pdf, svg (with text that can be edited) or png (300 dots per inch).",
)
table_format = click.option(
    "--format",
    "style",
    type=Known("format", ["table", "json"]),
    default="table",
    show_default=True,
    help="A table for people, or JSON for programs.",
)


text_encoding = click.option(
    "--text-encoding", default=None, help="Encoding of a text of your own: big5, euc-kr.  [default: the one it fits]"
)


def spoken(function: Function) -> Function:
    """The option of a verb that speaks to people: it runs in the given language, or else in that of the locale."""

    @wraps(function)
    def in_language(*arguments: Any, language: str | None, **given: Any) -> Any:
        with speaking(language or of_locale()):
            return function(*arguments, **given)

    option = click.option(
        "--lang",
        "language",
        type=Known("language", LANGUAGES),
        default=None,
        help="Language of what is printed and drawn: English or Chinese.  [default: the locale's, or else en]",
    )
    return option(in_language)  # type: ignore[return-value]


def of_locale() -> str:
    """The language of the locale, read from the environment as POSIX does; English if it is none of LANGUAGES."""
    name = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    code = re.split(r"[^a-z]", name.lower(), maxsplit=1)[0]
    return code if code in LANGUAGES else "en"


def executor_settings(function: Function) -> Function:
    """Options that say where and how cells run. The verb gets them as `settings`, by the names of Settings.read."""
    amount = Amount(positive=True)
    options = [
        click.option(
            "--executor",
            type=Known("executor", EXECUTORS),
            default="pool",
            show_default=True,
            help="pool: this machine. ray: a Ray cluster (docs/run-on-a-cluster.md).",
        ),
        click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes.  [default: one a core]"),
        click.option("--device", type=Known("device", DEVICES), default="auto", show_default=True),
        click.option("--cell-timeout", type=Seconds(), help="Seconds after which a cell is abandoned."),
        click.option("--address", help="Ray's head, HOST:PORT, or auto.  [default: a Ray on this machine, for a try]"),
        click.option("--cores-per-cell", type=click.IntRange(1, MOST_CORES), help="With Ray.  [default: 1]"),
        click.option("--memory-per-cell", type=amount, help="With Ray: GB.  [default: what a quick cell takes]"),
        click.option("--gpus-per-cell", type=amount, help="With Ray: a share, up to 1.  [default: 1, if it has any]"),
    ]

    @wraps(function)
    def gathered(*arguments: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in Settings.model_fields}
        return function(*arguments, settings=own, **given)

    for option in reversed(options):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]


def changes(*names: str) -> Callable[[Function], Function]:
    """Options that change the preset: those of these fields, or all. The verb gets them as texts, `changes`."""
    fields = names or tuple(CHANGES)

    def decorate(function: Function) -> Function:
        @wraps(function)
        def gathered(*arguments: Any, **given: Any) -> Any:
            own = {name: given.pop(name) for name in fields}
            return function(*arguments, changes=own, **given)

        for name in reversed(fields):
            shown = f"{CHANGES[name]}  [default: the preset's]"
            gathered = click.option(option_of(name), name, default=None, help=shown)(gathered)
        return gathered  # type: ignore[return-value]

    return decorate
