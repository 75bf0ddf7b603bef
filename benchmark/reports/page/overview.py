"""Values that can be compared across tasks: the common ground of the skill matrix, the win rates and the mean ranks.

All three sections use the multiples of L that every task has, and one setting per task: the one that was run last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from benchmark.reports.page.selection import Selection
from benchmark.reports.stats.multiples import near_and_far
from benchmark.reports.stats.points import Name
from benchmark.reports.stats.ranks import by_rank, ranked
from benchmark.reports.tables.values import newest_setting
from benchmark.reports.words import listed, t


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The headline values that can be compared across tasks."""

    table: pd.DataFrame  # one setting per task, at the places
    places: tuple[float, ...]  # multiples of L that all tasks share
    left_out: int  # settings that the report shows elsewhere

    @classmethod
    def of(cls, selection: Selection) -> "Overview":
        """The newest setting of each task, among those that the report shows."""
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
        """Every encoding, ordered by mean rank at the farthest place."""
        return by_rank(self.table, self.places[-1])

    @cached_property
    def ranked(self) -> int:
        """How many encodings of the compared league have a rank."""
        have = ranked(self.table, self.places[-1])
        return sum(name[:2] in have for name in self.names if name[2] == self.league)

    @cached_property
    def league(self) -> str:
        """The league that is compared: encodings that see only positions, if there are any."""
        return str(min(set(self.table["league"])))

    def at(self, multiple: float) -> pd.DataFrame:
        """The rows of the compared league at a place."""
        here = self.table["multiple"] == multiple
        return self.table[here & (self.table["league"] == self.league)]

    @property
    def others(self) -> list[str]:
        """Encodings of other leagues."""
        return sorted(set(self.table[self.table["league"] != self.league]["encoding"]))


def settings_left_out(overview: Overview) -> Iterator[str]:
    """A remark if tasks have settings that are not compared."""
    if overview.left_out:
        yield t(
            "For each task, only the setting run last counts here; {n} other settings are shown above but not here.",
            n=overview.left_out,
        )


def other_leagues(overview: Overview) -> Iterator[str]:
    """A remark if encodings of another league are left out."""
    if overview.others:
        yield t(
            "Left out of the comparison, because they are told more than positions: {names}.",
            names=listed(overview.others),
        )


def no_common_place() -> str:
    """The sentence that takes the place of a comparison when there is nothing to compare."""
    return t("No task was measured, or the tasks share no multiple of their trained length: nothing can be shown.")
