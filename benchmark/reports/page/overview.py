"""The sections over all tasks together: the matrix of skill, who beats whom, and mean ranks.

All three stand at multiples of L that every task has, on one setting a task: the one that was run last.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from benchmark.reports.page.selection import Selection
from benchmark.reports.stats.multiples import near_and_far
from benchmark.reports.stats.points import Name
from benchmark.reports.stats.ranks import by_rank, ranked
from benchmark.reports.tables.values import newest_setting
from benchmark.reports.words import listed, t

WIDE = 6  # columns of each board that can be shrunk to the width of a phone
Row = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The headline values that can be compared over tasks."""

    table: pd.DataFrame  # of one setting a task, at the places
    places: tuple[float, ...]  # multiples of L that all tasks have
    left_out: int  # settings that are shown elsewhere, and not counted here

    @classmethod
    def of(cls, selection: Selection) -> "Overview":
        """Of the settings that a report shows, the newest of each task."""
        headline = selection.shown[selection.shown["headline"]]
        newest = newest_setting(headline)
        places = near_and_far(newest)
        return cls(
            table=newest[newest["multiple"].isin(places)],
            places=places,
            left_out=int(headline["setting"].nunique() - newest["setting"].nunique()),
        )

    @cached_property
    def tasks(self) -> list[str]:
        """Every task."""
        return sorted(set(self.table["task"]))

    @cached_property
    def names(self) -> list[Name]:
        """Every encoding, by its mean rank at the farthest place."""
        return by_rank(self.table, self.places[-1])

    @cached_property
    def ranked(self) -> int:
        """How many of them have a rank, within the league of all that see positions alone."""
        have = ranked(self.table, self.places[-1])
        return sum(name[:2] in have for name in self.names if name[2] == self.league)

    @cached_property
    def league(self) -> str:
        """The league that is compared: of those that see positions alone, where there are some."""
        return str(min(set(self.table["league"])))

    def at(self, multiple: float) -> pd.DataFrame:
        """The rows of that league at a place."""
        here = self.table["multiple"] == multiple
        return self.table[here & (self.table["league"] == self.league)]

    @property
    def others(self) -> list[str]:
        """Encodings of other leagues."""
        return sorted(set(self.table[self.table["league"] != self.league]["encoding"]))


def models_behind(table: pd.DataFrame) -> dict[str, Any]:
    """The models and the number of records that a figure is drawn from."""
    return {"models": tuple(sorted(set(table["train_key"]))), "measured": int(table["eval_key"].nunique())}


def settings_left_out(overview: Overview) -> Iterator[str]:
    if overview.left_out:
        yield t(
            "Of each task the setting that was run last counts here; {n} other settings are shown above and not here.",
            n=overview.left_out,
        )


def other_leagues(overview: Overview) -> Iterator[str]:
    if overview.others:
        yield t(
            "Not among those compared, because they read digits and so are told more than positions: {names}.",
            names=listed(overview.others),
        )


def no_common_place() -> str:
    return t("No task was measured, or the tasks share no multiple of their trained lengths: nothing can be shown.")
