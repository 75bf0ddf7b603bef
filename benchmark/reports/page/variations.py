"""Variations: how a setting differs from the main one of its task, in words.

The settings of one task at one trained length that differ only in learning rate, steps (with their warm-up) or model
make a *ladder*. A variation names what differs as a noun phrase, which stands in tables by itself and in sentences
behind "with": "5 times the steps", "width 32".
"""

from collections.abc import Iterator
from typing import Any

from benchmark.reports.tables.measurements import setting_of
from benchmark.reports.words import language, t
from benchmark.results.spec import Frozen, Mixing, ModelSpec, Positive, Rate, TrainSpec

DIGITS = 6  # of a ratio: a rate times .3 may be off in the last digit


class Variation(Frozen):
    """How a setting differs from the main one; None where it does not."""

    best_rates: bool | None = None  # each encoding at its best learning rate, or all at the same one
    rate: Rate | None = None  # times the main one
    shared_rate: Rate | None = None  # the rate itself, where the main setting has one for each encoding
    steps: Rate | None = None  # times the main ones
    warmup: int | None = None  # steps, where only the warm-up differs
    width: Positive | None = None
    heads: Positive | None = None  # where the width does not differ
    layers: Positive | None = None
    mixing: Mixing | None = None

    @classmethod
    def between(
        cls, main: TrainSpec, other: TrainSpec, *, main_tuned: bool = False, tuned: bool = False
    ) -> "Variation":
        """Of another setting of the same ladder; `tuned`: each encoding at its best learning rate."""
        found: dict[str, Any] = dict(_of_budget(main, other, by_steps=main.budget.steps != other.budget.steps))
        if main_tuned != tuned:
            found["best_rates"] = tuned
        if main_tuned and not tuned:
            found["shared_rate"] = other.budget.learning_rate
        if not main_tuned and not tuned and main.budget.learning_rate != other.budget.learning_rate:
            found["rate"] = round(other.budget.learning_rate / main.budget.learning_rate, DIGITS)
        return cls(**found, **dict(_of_model(main.model, other.model)))

    @property
    def words(self) -> str:
        """The variation as a noun phrase: "5 times the steps"; "" if nothing differs."""
        return language().comma.join(self._parts())

    @property
    def size(self) -> int:
        """In how many ways it differs."""
        return len(list(self._parts()))

    @property
    def only(self) -> str:
        """The one field that differs; "" if several do."""
        given = self.model_dump(exclude_none=True)
        if set(given) == {"best_rates", "shared_rate"}:
            return "shared_rate"
        return next(iter(given)) if len(given) == 1 else ""

    def _parts(self) -> Iterator[str]:
        if self.best_rates:
            yield t("each encoding at its best learning rate")
        if self.shared_rate is not None:
            yield t("the same learning rate for all ({rate:g})", rate=self.shared_rate)
        if self.rate is not None:
            yield t("{factor:g} times the learning rate", factor=self.rate)
        if self.steps is not None:
            yield t("{factor:g} times the steps", factor=self.steps)
        if self.warmup is not None:
            yield t("a warm-up of {n} steps", n=self.warmup)
        if self.width is not None:
            yield t("width {n}", n=self.width)
        if self.heads is not None:
            yield t("1 head") if self.heads == 1 else t("{n} heads", n=self.heads)
        if self.layers is not None:
            yield t("1 layer") if self.layers == 1 else t("{n} layers", n=self.layers)
        if self.mixing is not None:
            yield t("a short convolution") if self.mixing == "conv" else t("no short convolution")


def ladder_of(spec: TrainSpec) -> str:
    """Hash of everything that the settings of a ladder share."""
    budget = spec.budget.model_copy(update={"learning_rate": 1.0, "steps": 0, "warmup_steps": 0})
    return setting_of(spec.model_copy(update={"budget": budget, "model": ModelSpec(width=1, heads=1, layers=1)}))


def _of_budget(main: TrainSpec, other: TrainSpec, *, by_steps: bool) -> Iterator[tuple[str, Any]]:
    if by_steps:
        yield "steps", round(other.budget.steps / main.budget.steps, DIGITS) if main.budget.steps else None
    elif main.budget.warmup_steps != other.budget.warmup_steps:
        yield "warmup", other.budget.warmup_steps


def _of_model(main: ModelSpec, other: ModelSpec) -> Iterator[tuple[str, Any]]:
    differs = {name for name in ModelSpec.model_fields if getattr(main, name) != getattr(other, name)}
    if "width" in differs:
        differs.discard("heads")  # they follow the width in a ladder of sizes
    yield from ((name, getattr(other, name)) for name in differs)
