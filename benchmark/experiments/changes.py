"""Changes to a preset's model and budgets, their limits, and their spelling on the command line.

    one value    --heads 8
    a ladder     --width 32,64,128                       the same comparison at each width
    by task      --steps 2000   --steps copy=4000   --steps 2000,copy=4000

A configuration file and Python give the same values in their own form, and the same functions read them. So all three
refuse the same values in the same words.
"""

import math
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import partial
from numbers import Real
from operator import index
from pathlib import PurePath
from typing import Any, TypeVar, get_args

from benchmark.catalogue.grammar import WIDE
from benchmark.errors import UsageError, echo, first_line, unknown
from benchmark.results.spec import BudgetSpec, Frozen, Mixing, ModelSpec

Value = TypeVar("Value")
Number = Callable[[str, str], Any]  # reads a text, for an option
HIGHEST_RATE = 10.0
LONGEST_LIST = 10_000
ALL = ""  # in place of a task's name: every task without a value of its own


class Changes(Frozen):
    """Changes to a preset. A field that is None or empty leaves the preset's value; each is named like its option."""

    width: tuple[int, ...] = ()  # a ladder
    heads: int | None = None
    layers: int | None = None
    mixing: Mixing | None = None
    train_length: dict[str, int] = {}  # this and the next three: by the name of a task, or ALL
    steps: dict[str, int] = {}
    batch: dict[str, int] = {}
    learning_rate: dict[str, float] = {}
    budgets: tuple[int, ...] = ()  # multiples of the steps

    @classmethod
    def read(cls, given: Mapping[str, object]) -> "Changes":
        """The changes that options spell, or values of Python; None is an option that was not given."""
        texts = {name: text for name, value in given.items() if (text := as_numbers(name, value)) is not None}
        return cls.model_validate({name: READERS[name](text, option_of(name)) for name, text in texts.items()})

    def options(self) -> dict[str, str]:
        """The options that spell these changes, by name: the reverse of `read`."""
        return {option_of(name): _spell(value) for name, value in self if value not in (None, (), {})}

    def check_tasks(self, names: Collection[str]) -> None:
        """Raise UsageError if a value is for a task that is not among those of the run."""
        for name in BY_TASK:
            for task in getattr(self, name).keys() - {ALL, *names}:
                raise unknown(f"task in {option_of(name)}", task, names, "It must be one of the tasks of this run.")

    def model(self, base: ModelSpec) -> ModelSpec:
        """The one model in place of a preset's; raises UsageError for several widths."""
        if len(self.width) > 1:
            raise UsageError(f"--width is {echo(_spell(self.width))}, but only a run compares several widths: give one")
        return self.models(base)[0]

    def models(self, base: ModelSpec) -> tuple[ModelSpec, ...]:
        """The models in place of a preset's: one for each width."""
        given = {"heads": self.heads, "layers": self.layers, "mixing": self.mixing}
        changed = base.model_copy(update={name: value for name, value in given.items() if value is not None})
        widths = self.width or (base.width,)
        for width in widths:
            if width % changed.heads:
                nearest = -(-width // changed.heads) * changed.heads
                raise UsageError(
                    f"--width is {width}, but must be a multiple of --heads, which is {changed.heads}: "
                    f"--width {nearest}, or other --heads"
                )
        return tuple(changed.model_copy(update={"width": width}) for width in widths)

    def budgets_for(self, task: str, bases: tuple[BudgetSpec, ...]) -> tuple[BudgetSpec, ...]:
        """The budgets in place of a preset's: one for each multiple of the steps.

        A trained length replaces all those of the preset: of its budgets, the one nearest in length is changed.
        """
        length = _value(self.train_length, task, None)
        if length is not None:
            bases = (min(bases, key=lambda base: abs(base.train_length - length)),)
        return tuple(self._budget(task, base, multiple) for base in bases for multiple in self.budgets or (1,))

    def _budget(self, task: str, base: BudgetSpec, multiple: int) -> BudgetSpec:
        steps = _value(self.steps, task, base.steps) * multiple
        return base.model_copy(
            update={
                "train_length": _value(self.train_length, task, base.train_length),
                "steps": steps,
                "warmup_steps": warm_up(steps),
                "batch": _value(self.batch, task, base.batch),
                "learning_rate": _value(self.learning_rate, task, base.learning_rate),
            }
        )


def _value(by_task: Mapping[str, Value], task: str, default: Value) -> Value:
    return by_task.get(task, by_task.get(ALL, default))


def warm_up(steps: int) -> int:
    """The steps of warm-up: a twentieth of all."""
    return steps // 20


def option_of(name: str) -> str:
    """The option of a field: "--train-length"."""
    return f"--{name.replace('_', '-')}"


def as_text(name: str, given: object) -> str | None:
    """A value from Python or a file as the command line spells it: 64, [32, 64] or {"copy": 4000}; None stays None."""
    try:
        return _text_of(name, given)
    except UsageError:
        raise
    except Exception as error:  # an object of the user's own: its methods may do anything
        raise UsageError(
            f"{option_of(name)} is of type {type(given).__name__} and cannot be read: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from None


def _text_of(name: str, given: object) -> str | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        return ",".join(_for_task(name, task, value) for task, value in given.items())
    if is_list(given):
        return ",".join(_spelled(name, value) for value in _members(name, given))
    return _spelled(name, given)


def as_numbers(name: str, given: object) -> str | None:
    """The same for an option that takes numbers, with full-width marks read as the ASCII ones."""
    text = as_text(name, given)
    return None if text is None else text.translate(WIDE)


def is_list(given: object) -> bool:
    """True for a list, tuple, range, set or array of values."""
    single = isinstance(given, str | bytes | Mapping) or getattr(given, "ndim", 1) == 0  # an array of one number
    return isinstance(given, Collection) and not single


def _members(name: str, given: Any) -> tuple[object, ...]:
    try:
        few = len(given) <= LONGEST_LIST
    except OverflowError:  # a range too long to have a length
        few = False
    if not few:
        raise UsageError(f"{option_of(name)} is a list of more than {LONGEST_LIST:,} values: give fewer")
    return tuple(given)


def _for_task(name: str, task: object, value: object) -> str:
    if not isinstance(task, str) or set(task) & set(",="):
        raise UsageError(f"{option_of(name)} is a dictionary, but not by the names of tasks: write {{'copy': 4000}}")
    return _spelled(name, value) if task == ALL else f"{task}={_spelled(name, value)}"


def _spelled(name: str, value: object) -> str:
    """One value: a text, a path or a number."""
    option = option_of(name)
    try:
        if isinstance(value, str):
            text = value
        elif isinstance(value, PurePath | Real | Decimal):
            text = str(value)
        else:
            text = str(index(value))  # type: ignore[arg-type]
    except (TypeError, RuntimeError):
        kind = "None" if value is None else f"of type {type(value).__name__}"
        raise UsageError(f"{option} has a value {kind}, but must be made of texts and numbers") from None
    except ValueError:  # Python spells no integer of thousands of digits
        raise UsageError(f"{option} is a number of thousands of digits: give a smaller one") from None
    if "\0" in text:
        raise UsageError(f"{option} contains a null character, which no option may")
    return text


def _spell(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(str(number) if task == ALL else f"{task}={number}" for task, number in value.items())
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _whole(most: int, text: str, option: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        raise UsageError(f"{option} is {echo(text)}, but must be a whole number from 1 to {most:,}")
    return number


def _rate(text: str, option: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= HIGHEST_RATE:
        raise UsageError(
            f"{option} is {echo(text)}, but must be a number above 0 and at most {HIGHEST_RATE:g}; usual are 0.0001 "
            "to 0.01, the lower the larger the model"
        )
    return number


def _mixing(text: str, option: str) -> str:
    if text not in get_args(Mixing):
        raise unknown(option, text, get_args(Mixing))
    return text


def _ladder(read: Number, text: str, option: str) -> tuple[Any, ...]:
    """Values in ascending order, from "32,64"."""
    values = [read(part, option) for part in text.split(",")]
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{option} is {echo(text)}, but {value} is in it twice: give each value once")
    return tuple(sorted(values))


def _by_task(read: Number, text: str, option: str) -> dict[str, Any]:
    """Values by task, from "2000,copy=4000"; the one without a name is for `ALL`."""
    values: dict[str, Any] = {}
    for part in text.split(","):
        task, equals, value = part.rpartition("=")
        task = task.strip()
        if equals and not task:
            raise UsageError(f"{option} is {echo(text)}, but {echo(part)} names no task: write copy={value[:40]}")
        if task in values:
            whose = f"for {task}" if task else "for all tasks"
            raise UsageError(
                f"{option} is {echo(text)}, which gives two values {whose}: give one, or name the task of each"
            )
        values[task] = read(value, option)
    return values


READERS: dict[str, Number] = {
    "width": partial(_ladder, partial(_whole, 16_384)),
    "heads": partial(_whole, 1_024),
    "layers": partial(_whole, 512),
    "mixing": _mixing,
    "train_length": partial(_by_task, partial(_whole, 2**20)),
    "steps": partial(_by_task, partial(_whole, 10_000_000)),
    "batch": partial(_by_task, partial(_whole, 65_536)),
    "learning_rate": partial(_by_task, _rate),
    "budgets": partial(_ladder, partial(_whole, 1_000)),
}
BY_TASK = ("train_length", "steps", "batch", "learning_rate")
