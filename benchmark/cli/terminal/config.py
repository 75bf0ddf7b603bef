"""The TOML file of `--config`: defaults for the options, and tables for the changes to a preset.

encodings = ["rope", "alibi"]

[model]
width = [32, 64, 128]

[budget]
steps = 2000

[budget.copy]
steps = 4000
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmark.errors import UsageError, echo, unknown
from benchmark.experiments.changes import ALL, BY_TASK, as_text

TABLES = {"model": ("width", "heads", "layers", "mixing"), "budget": BY_TASK}


def read_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    """Take defaults from a TOML file whose keys are the long options; the command line takes precedence."""
    if value is None:
        return None
    try:
        settings = tomllib.loads(value.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--config {value}: {' '.join(str(error).split())}") from None
    known = {each.opts[0].removeprefix("--"): each for each in ctx.command.params if each.opts[0] != "--config"}
    defaults: dict[str, Any] = read_tables(value, {name: settings.pop(name) for name in TABLES if name in settings})
    for key, setting in settings.items():
        option = known.get(key.replace("_", "-"))
        if option is None:
            raise unknown(f"setting in {value}", key, {**known, **TABLES})
        if option.name in defaults:
            raise UsageError(f"--config {value}: {key} stands both inside and outside a table: give it once")
        defaults[str(option.name)] = read_setting(f"--config {value}: {key}", setting, option)
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return value


def read_setting(what: str, setting: object, option: click.Parameter) -> bool | str:
    """A setting in the form the command line would give it."""
    if isinstance(option, click.Option) and option.is_flag:
        if not isinstance(setting, bool):
            raise UsageError(f"{what} is {echo(setting)}, but must be true or false")
        return setting
    if isinstance(setting, dict):
        raise UsageError(f"{what} is a table, but must be a string, a number or a list")
    if isinstance(setting, bool):
        raise UsageError(f"{what} is {str(setting).lower()}, but must be a string, a number or a list")
    text = ",".join(map(str, setting if isinstance(setting, list) else [setting]))
    if "\0" in text:
        raise UsageError(f"{what} contains a null character, which no option may")
    return text


def read_tables(file: Path, tables: Mapping[str, Any]) -> dict[str, str | None]:
    """The tables `model` and `budget` as the command line would give them, by field."""
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"--config {file}: {name} is {echo(table)}, but must be a table: [{name}]")
    given: dict[str, Any] = {}
    for key, setting in tables.get("model", {}).items():
        if isinstance(setting, dict):
            raise UsageError(f"--config {file}: {key} in [model] is a table, but must be a value or a list")
        given[field_of(file, "model", key)] = setting
    budget = tables.get("budget", {})
    general = {key: setting for key, setting in budget.items() if not isinstance(setting, dict)}
    own = {task: table for task, table in budget.items() if isinstance(table, dict)}
    if ALL in own:
        raise UsageError(f'--config {file}: [budget.""] names no task: write [budget.copy], or [budget] for all tasks')
    for task, table in {ALL: general, **own}.items():
        if task in BY_TASK:
            raise UsageError(
                f"--config {file}: {task} in [budget] is a table, but must be a number: for one task, write "
                f"[budget.copy] with {task} = 4000 in it"
            )
        for key, setting in table.items():
            if isinstance(setting, dict):
                raise UsageError(f"--config {file}: {key} in [budget.{task}] is a table, but must be a number")
            given.setdefault(field_of(file, "budget", key), {})[task] = setting
    return {name: as_text(name, setting) for name, setting in given.items()}


def field_of(file: Path, table: str, key: str) -> str:
    """The field that a key of a table sets."""
    name = key.replace("-", "_")
    if name not in TABLES[table]:
        raise unknown(f"setting of [{table}] in {file}", key, [each.replace("_", "-") for each in TABLES[table]])
    return name
