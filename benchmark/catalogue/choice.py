"""An entry with its parameters set, as one item of `--encodings` or `--tasks` names it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.catalogue.entry import Entry, Parameter
from benchmark.catalogue.grammar import name_and_settings
from benchmark.errors import UsageError, echo


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An entry with its parameters set, as one item of `--encodings` or `--tasks` names it."""

    entry: Entry
    parameters: Mapping[str, Parameter]

    @property
    def label(self) -> str:
        """The name with the parameters that differ from their defaults: "rope:base=500000"."""
        return label(self.entry.name, self.parameters, self.entry.defaults)


def label(name: str, parameters: Mapping[str, Parameter], defaults: Mapping[str, Parameter]) -> str:
    """The name of a choice in tables: its shortest spelling on the command line."""
    return ":".join([name, *spelled({key: value for key, value in parameters.items() if value != defaults.get(key)})])


def spelled(parameters: Mapping[str, Parameter]) -> list[str]:
    """Parameters as the command line writes them: "base=500000"; those of a base are dotted: "base.base=500000"."""
    return [line for key, value in parameters.items() for line in _settings(key, _spell(value))]


def _settings(key: str, value: str) -> list[str]:
    """A setting, and one for each of those that its value has: "rope:base=3" is base=rope and base.base=3."""
    name, settings = name_and_settings(value)
    return [f"{key}={name}", *(f"{key}.{setting}" for setting in settings)]


def _spell(value: Parameter) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def convert(text: str, default: Parameter, what: str) -> Parameter:
    """Parse a parameter's value to the type of its default."""
    if isinstance(default, bool):
        if text.lower() in ("true", "yes", "1"):
            return True
        if text.lower() in ("false", "no", "0"):
            return False
        raise UsageError(f"{what} is {echo(text)}, but must be true or false")
    if isinstance(default, str):
        return text
    kind = "a whole number" if isinstance(default, int) else "a finite number"
    try:
        number = type(default)(text)
        finite = math.isfinite(number)
    except (ValueError, OverflowError):
        raise UsageError(f"{what} is {echo(text)}, but must be {kind}, such as {_spell(default)}") from None
    if not finite:
        raise UsageError(f"{what} is {echo(text)}, but must be {kind}, such as {_spell(default)}")
    return number
