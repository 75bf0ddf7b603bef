"""Known flips: headlines at a preset's own budget that the shipped study (docs/tuning.md) shows to turn round.

`benchmark/reports/known_flips.json` is written from the study's results folder by tests/reports/known_flips.py, never
by hand. An entry holds for reports of exactly its setting: the same task, source of the task, model and budget.
"""

from functools import cache
from importlib import resources

from pydantic import TypeAdapter

from benchmark.reports.page.variations import Variation
from benchmark.reports.words import t
from benchmark.results.spec import Count, Frozen, Rate

FILE = "known_flips.json"
GUIDE = "docs/tuning.md"


class KnownFlip(Frozen):
    """A pair of encodings of which each is shown to do better in one of two settings."""

    task: str  # its label
    multiple: Rate  # of the trained length
    better: str  # in `setting`
    than: str  # the better one of the two in `turned_in`
    setting: str  # hash of the preset's own setting (`measurements.setting_of`)
    turned_in: Variation
    seeds: Count  # common ones, in `setting`
    seeds_turned: Count  # in `turned_in`

    def sentence(self, place: str) -> str:
        """What a finding says of it."""
        return t(
            "Known from {guide}: with {how}, {name} does better than {other} at {place}.",
            guide=GUIDE,
            how=self.turned_in.words,
            name=self.than,
            other=self.better,
            place=place,
        )


FLIPS = TypeAdapter(tuple[KnownFlip, ...])


@cache
def known_flips() -> tuple[KnownFlip, ...]:
    """The shipped flips."""
    return FLIPS.validate_json((resources.files("benchmark.reports") / FILE).read_bytes())
