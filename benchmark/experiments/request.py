"""What a run is asked for, and how its numbers are read from the command line."""

import math
from collections.abc import Mapping
from typing import get_args

from benchmark.errors import UsageError, echo, unknown
from benchmark.experiments.changes import Changes, as_numbers, as_text, is_list, option_of
from benchmark.experiments.settings import flag
from benchmark.results.spec import TUNING_SEEDS_FROM, Frozen, Precision, Rate

MAX_SEEDS, MAX_MULTIPLE = 1000, 4096
CLASSIC, ADAPTING = "classic", "rope,test-time,none"  # the encodings of a run, and of one with a checkpoint
TOKENS_FROM, LONGEST_ROW = 64, 16_777_216  # a length of a checkpoint from here on is in tokens
SWEPT, SMALLEST, LARGEST = "learning-rate", 0.001, 1000.0  # what can be tuned, and the range of its multiples


class Auto(Frozen):
    """Seeds 0, 1, 2 ... in rounds, for each task until its comparisons are decided."""

    most: int | None = None  # the cap for each task; None means the preset's

    def __str__(self) -> str:
        return "auto" if self.most is None else f"auto:{self.most}"


class Tune(Frozen):
    """A sweep of learning rates ahead of the comparison: each encoding gets the rate at which it is best."""

    grid: tuple[Rate, ...] = (0.3, 1.0, 3.0)  # multiples of the task's learning rate, ascending, 1 among them
    seeds: int = 2  # trials at each rate

    def __str__(self) -> str:
        return SWEPT if self.grid == Tune().grid else f"{SWEPT}={','.join(f'{each:.12g}' for each in self.grid)}"


class Request(Frozen):
    """A request for a run; None means the preset's value."""

    checkpoint: str | None = None  # where a pretrained model lies, which is measured in place of training any
    encodings: str = "classic"
    tasks: str | None = None
    preset: str = "quick"
    seeds: tuple[int, ...] | Auto | None = None
    multiples: tuple[int | float, ...] | None = None  # of the trained length; of a checkpoint, from 64 on: tokens
    corpus: str | None = None
    text_encoding: str | None = None  # of texts of the user's own; None means the one they fit
    precision: Precision = "float32"
    tune: Tune | None = None
    mechanism: bool = False  # look inside each model at every length
    changes: Changes = Changes()

    @classmethod
    def read(
        cls,
        *,
        encodings: object,
        tasks: object,
        preset: object,
        seeds: object,
        lengths: object,
        corpus: object,
        text_encoding: object,
        precision: object,
        tune: object,
        changes: Mapping[str, object],
        checkpoint: object = None,
        mechanism: object = False,
    ) -> "Request":
        """The request that options spell, or values of Python; raises UsageError for a value that no run accepts."""
        if checkpoint is not None:
            refuse_training(preset=preset, tune=tune, changes=changes)
            if mechanism:
                raise UsageError("--mechanism looks inside models that are trained here, not a checkpoint: omit it")
        pretrained = None if checkpoint is None else as_text("checkpoint", checkpoint)
        usual = CLASSIC if pretrained is None else ADAPTING
        spelled = _word("precision", precision)
        if spelled not in get_args(Precision):
            raise unknown("precision", spelled, get_args(Precision))
        # A comma at the end makes a list of a single seed.
        own_seeds, own_lengths = as_numbers("seeds", seeds), as_numbers("lengths", lengths)
        if own_seeds is not None and is_list(seeds):
            own_seeds += ","
        if "" in (own_lengths, (own_seeds or " ").rstrip(",")):
            raise UsageError("--seeds and --lengths must have at least one number; omit them for the preset's")
        own_tune, text = as_numbers("tune", tune), as_text("corpus", corpus)
        if text == "":
            raise UsageError("--corpus is '', but must name a text; omit it for the preset's")
        return cls(
            checkpoint=pretrained,
            encodings=usual if encodings is None else as_text("encodings", encodings) or "",
            tasks=as_text("tasks", tasks),
            preset=_word("preset", preset),
            seeds=None if own_seeds is None else parse_seeds(own_seeds),
            multiples=None if own_lengths is None else parse_lengths(own_lengths, pretrained),
            corpus=text,
            text_encoding=as_text("text_encoding", text_encoding),
            precision="bfloat16" if spelled == "bfloat16" else "float32",
            tune=None if own_tune is None else parse_tune(own_tune),
            mechanism=flag("mechanism", mechanism),
            changes=Changes.read(changes),
        )


def refuse_training(*, preset: object, tune: object, changes: Mapping[str, object]) -> None:
    """Raise UsageError for an option that says how to train, where a checkpoint is measured."""
    given = {**changes, "tune": tune, "preset": None if preset == Request().preset else preset}
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{option_of(name)} says how to train, and a checkpoint is not trained: omit it")


def parse_lengths(text: str, checkpoint: str | None) -> tuple[int | float, ...]:
    """Multiples of the trained length from "1,2,4"; of a checkpoint also ".25,1.5", or tokens, from 64 on."""
    if checkpoint is None:
        return parse_multiples(text)
    try:
        numbers = {float(part) for part in text.rstrip(",").split(",")}
    except ValueError:
        numbers = {math.nan}
    if not all(0 < number <= LONGEST_ROW for number in numbers):
        raise UsageError(
            f"--lengths is {echo(text)}, but must be multiples of the checkpoint's L, .25,1,2, or tokens, from "
            f"{TOKENS_FROM} to {LONGEST_ROW:,}"
        )
    return tuple(sorted(int(number) if number.is_integer() else number for number in numbers))


def _word(name: str, value: object) -> str:
    """A value that is one text."""
    if not isinstance(value, str):
        kind = "None" if value is None else f"of type {type(value).__name__}"
        raise UsageError(f"{option_of(name)} is {kind}, but must be a text; omit it for the usual one")
    return value


def parse_seeds(text: str) -> tuple[int, ...] | Auto:
    """Seeds from "3" (0, 1, 2), "0,4,7" ("7," is just seed 7), "auto" or "auto:12" (at most 12)."""
    if text == "auto":
        return Auto()
    if text.startswith("auto:"):
        return _capped(text)
    seeds = _whole_numbers(text, "--seeds", 0, TUNING_SEEDS_FROM - 1)
    if "," not in text:
        if not 1 <= seeds[0] <= MAX_SEEDS:
            raise UsageError(f"--seeds is {echo(text)}, but a number of seeds must be from 1 to {MAX_SEEDS}")
        return tuple(range(seeds[0]))
    return seeds


def _capped(text: str) -> Auto:
    most = text.removeprefix("auto:")
    if not (most.isascii() and most.isdigit() and len(most) < 9 and 1 <= int(most) <= MAX_SEEDS):
        raise UsageError(f"--seeds is {echo(text)}, but the cap must be from 1 to {MAX_SEEDS}: auto:12")
    return Auto(most=int(most))


def parse_multiples(text: str) -> tuple[int, ...]:
    """Multiples of the trained length from "1,2,4"."""
    return tuple(sorted(_whole_numbers(text, "--lengths", 1, MAX_MULTIPLE)))


def parse_tune(text: str) -> Tune:
    """A sweep from "learning-rate", or from "learning-rate=0.1,0.3,3": multiples of the task's rate, and always 1."""
    if text == SWEPT:
        return Tune()
    what, _, given = text.partition("=")
    try:
        grid = {float(f"{float(part):.12g}") for part in given.split(",")}
    except ValueError:
        grid = set()
    if what != SWEPT or len(grid) < 2 or not all(SMALLEST <= multiple <= LARGEST for multiple in grid):
        raise UsageError(
            f"--tune is {echo(text)}, but must be {SWEPT}, or {SWEPT}=0.1,0.3,1,3: at least two different multiples of "
            f"the task's learning rate, from {SMALLEST:g} to {LARGEST:g}"
        )
    return Tune(grid=tuple(sorted({*grid, 1.0})))


def _whole_numbers(text: str, option: str, low: int, high: int) -> tuple[int, ...]:
    parts = [part.strip() for part in text.rstrip(",").split(",")]
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in parts))
    except ValueError:
        raise UsageError(f"{option} is {echo(text)}, but must be whole numbers separated by commas") from None
    if any(not low <= number <= high for number in numbers):
        raise UsageError(f"{option} is {echo(text)}, but each number must be from {low} to {high}")
    return numbers
