"""How far a checkpoint can be stretched: reading past L against what anyone can do instead, cutting the context to L.

    gain[i]    loss of document i's targets after the last L tokens, with the checkpoint's own rope
               - loss of the same targets after more than L tokens, with an encoding                  nats per token

An encoding *gains* at a length where the one rule (`stats.verdict`) shows a positive gain on most documents, and
*loses* where it shows a negative one, over all encodings and lengths past L together. Gains and losses whose median is
within the metric's margin do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.points import arranged
from benchmark.reports.stats.verdict import Duel, Who

OVER_CROP, LOSS = "over_crop_nats", "loss_nats"
CUT = Who("", "cut to L")

Outcome = Literal["gains", "loses", "alike", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """An encoding at one length past L."""

    who: Who
    length: int
    multiple: float
    duel: Duel  # against cutting the context to L

    @property
    def effect(self) -> Effect:
        """The median gain over documents, with its interval."""
        return Effect.of(self.duel.differences)

    @cached_property
    def outcome(self) -> Outcome:
        """What is shown."""
        margin, winner = METRICS[LOSS].margin, self.duel.winner
        if winner == self.who and self.effect.value > margin:
            return "gains"
        if winner == CUT and self.effect.value < -margin:
            return "loses"
        return "alike" if self.duel.alike(margin) > 0 else "undecided"


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """An encoding at every length past L, in ascending order."""

    who: Who
    steps: Sequence[Step]

    @property
    def gains_to(self) -> float | None:
        """The farthest multiple of L at which it gains; None if it gains nowhere."""
        return max((step.multiple for step in self.steps if step.outcome == "gains"), default=None)

    @property
    def loses_from(self) -> float | None:
        """The nearest multiple of L at which it loses; None if it loses nowhere."""
        return min((step.multiple for step in self.steps if step.outcome == "loses"), default=None)


def stretches(table: pd.DataFrame) -> list[Stretch]:
    """Every encoding of the rows of `metric_table` of one text and setting; none where L itself was not measured."""
    rows = table[(table["metric"] == OVER_CROP) & (table["length"] > table["train_length"])]
    rows = rows[rows["value"].notna()].sort_values("seed")
    pairs = len(rows.groupby(["trained_with", "encoding", "length"]))
    found = []
    for trained_with, encoding, _ in arranged(rows):
        who = Who(str(trained_with), str(encoding))
        own = rows[(rows["trained_with"] == who.trained_with) & (rows["encoding"] == who.encoding)]
        steps = [
            Step(
                who=who,
                length=int(here["length"].iloc[0]),
                multiple=float(here["multiple"].iloc[0]),
                duel=Duel(first=who, second=CUT, differences=tuple(-here["value"]), pairs=pairs),
            )
            for _, here in own.groupby("length", sort=True)
        ]
        found.append(Stretch(who=who, steps=steps))
    return found
