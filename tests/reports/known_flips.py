"""The flips that the shipped study shows, for benchmark/reports/known_flips.json, which is never written by hand.

python tests/reports/known_flips.py RESULTS     writes the file anew from the results folder of the study

A flip is a pair of encodings of which one is shown to do better at a preset's own model and budget, and the other in
another setting of the same ladder, at L or at the longest length that both settings have.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmark.experiments.presets import PRESETS
from benchmark.reports.page.known import FILE, FLIPS, KnownFlip
from benchmark.reports.page.robustness import Setting
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.variations import Variation
from benchmark.reports.page.views import View
from benchmark.reports.stats.order import swaps
from benchmark.results.spec import TrainSpec
from benchmark.results.store import Store

SHIPPED = Path(__file__).parents[2] / "benchmark" / "reports" / FILE


def at_preset(spec: TrainSpec) -> bool:
    """True if a preset trains this task with this model and budget."""
    return any(
        spec.model == preset.model and spec.budget in preset.budgets_for(spec.task.name) for preset in PRESETS.values()
    )


def flips(store: Store, at_default: Callable[[TrainSpec], bool] = at_preset) -> list[KnownFlip]:
    """Every flip of a results folder, in a stable order."""
    views = Selection.of(store).views
    pairs = (
        (own, other)
        for own in views
        if not own.tuned and at_default(own.spec)
        for other in views
        if other is not own and (other.task, other.ladder) == (own.task, own.ladder)
    )
    return [flip for own, other in pairs for flip in _between(own, other)]


def text(found: list[KnownFlip]) -> bytes:
    """The file."""
    return FLIPS.dump_json(tuple(found), indent=1, exclude_none=True) + b"\n"


def _between(own: View, other: View) -> Iterator[KnownFlip]:
    variation = Variation.between(own.spec, other.spec, tuned=other.tuned)
    before, after = (Setting(view=view, variation=variation) for view in (own, other))
    shared = before.lengths & after.lengths
    for length in sorted({own.train_length, max(shared, default=0)} & shared):
        first, second = before.verdict(length), after.verdict(length)
        for swap in swaps(first, second):
            if swap.shown and all(who.trained_with == who.encoding for who in (swap.before, swap.after)):
                yield KnownFlip(
                    task=own.task,
                    multiple=length / own.train_length,
                    better=swap.before.encoding,
                    than=swap.after.encoding,
                    setting=own.setting,
                    turned_in=variation,
                    seeds=first.duel(swap.before, swap.after).n,
                    seeds_turned=second.duel(swap.before, swap.after).n,
                )


def main() -> None:
    found = flips(Store(Path(sys.argv[1])))
    SHIPPED.write_bytes(text(found))
    sys.stdout.write(f"{SHIPPED}: {len(found)} flips\n")


if __name__ == "__main__":
    main()
