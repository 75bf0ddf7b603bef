"""Results of several people as one comparison: what keeps them from being one, and who brought what.

A board compares like with like. So results of another protocol are refused, and so are encodings of one name with
different code, encodings that were trained in another setting than the rest, and incomplete grids: every encoding needs
every task, and on each of its own seeds every length. Each refusal names the results, the encoding and the task.
Seeds may differ: verdicts count common ones, and a board shows how many each encoding has. A model that diverged, or a
length that an encoding does not support, is an outcome and not a gap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmark.errors import UsageError
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.stats.points import arranged
from benchmark.reports.stats.verdict import Who
from benchmark.reports.words import listed
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.spec import PROTOCOL
from benchmark.results.store import Store

NAMED = 3  # gaps, lengths and differences named one by one


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The results of several people, by their names."""

    stores: Mapping[str, Store]  # held

    def refuse_unlike(self) -> None:
        """Raise UsageError for results of another protocol, and for encodings of one name with different code."""
        met: dict[str, tuple[str, str]] = {}  # the fingerprint of each encoding, and whose it is
        for name, store in self.stores.items():
            for record in store.records():
                if record.spec.protocol != PROTOCOL:
                    raise UsageError(
                        f"{name!r} has records of protocol {record.spec.protocol}, but a leaderboard compares those of "
                        f"protocol {PROTOCOL}: run them again with this version, or leave it out"
                    )
                encoding = record.spec.encoding
                own, whose = met.setdefault(encoding.label, (encoding.fingerprint, name))
                if own != encoding.fingerprint:
                    raise UsageError(
                        f"{encoding.label} of {name!r} has other code than {encoding.label} of {whose!r}: run one of "
                        "them again, or leave it out"
                    )

    def refuse_incomplete(self, selection: Selection) -> None:
        """Raise UsageError for encodings of the merged results that lack a task, a length or a training."""
        gaps = [*self._elsewhere(selection), *self._gaps(selection)]
        if gaps:
            rest = f"; and {len(gaps) - NAMED} more gaps" if len(gaps) > NAMED else ""
            raise UsageError(f"incomplete: {'; '.join(gaps[:NAMED])}{rest}: run what is missing, or leave those out")

    def of(self, who: Who) -> list[str]:
        """The names of the results that an encoding comes from."""
        return [name for name, own in self._brought.items() if who in own]

    @cached_property
    def _brought(self) -> dict[str, set[Who]]:
        """What is in each of the results."""
        found = {}
        for name, store in self.stores.items():
            trained = {record.spec.key: record.spec for record in store.records() if isinstance(record, TrainRecord)}
            found[name] = {
                Who(trained[record.spec.train_key].encoding.label, record.spec.encoding.label)
                for record in store.records()
                if isinstance(record, EvalRecord) and record.spec.train_key in trained
            }
        return found

    def _called(self, who: Who) -> str:
        return f"{who.encoding} of {' and '.join(map(repr, self.of(who)))}"

    def _elsewhere(self, selection: Selection) -> Iterator[str]:
        """Encodings that were measured on a task only in other settings than the one shown."""
        for panel in selection.panels:
            own = selection.frame[selection.frame["task"] == panel.task]
            shown = whose(panel.table)
            for who in sorted(whose(own) - shown):
                key = str(own.loc[(own["encoding"] == who.encoding), "train_key"].iloc[-1])
                yield (
                    f"{self._called(who)} was measured on {panel.task} in another setting "
                    f"({_differences(selection, panel, key)})"
                )

    def _gaps(self, selection: Selection) -> Iterator[str]:
        for panel in selection.panels:
            leagues = {"", *panel.table["league"]}
            elsewhere = whose(selection.frame[selection.frame["task"] == panel.task]) - whose(panel.table)
            for trained_with, encoding, league in arranged(selection.shown):
                who = Who(trained_with, encoding)
                if league in leagues and who not in elsewhere:
                    yield from self._gaps_of(selection, panel, who)

    def _gaps_of(self, selection: Selection, panel: Panel, who: Who) -> Iterator[str]:
        """The seeds of an encoding that failed, and the lengths that a seed lacks."""
        rows = panel.own_rows(who)
        rows = rows[rows["status"] != "failed"]
        if rows.empty and not list(self._ended(selection, panel, who, "diverged")):
            yield f"{self._called(who)} has no {panel.task}"
            return
        lacking: dict[int, list[int]] = {}
        for seed, own in rows.groupby("seed"):
            for length in sorted(set(panel.lengths) - set(own["length"])):
                lacking.setdefault(length, []).append(int(str(seed)))
        for length, seeds in lacking.items():
            multiple = length / panel.train_length
            yield f"{self._called(who)} lacks {panel.task} at {multiple:g} L for {_seeds(seeds)}"
        failed = {int(seed) for seed in set(panel.own_rows(who)["seed"]) - set(rows["seed"])}
        lost = sorted({*self._ended(selection, panel, who, "failed"), *failed})
        if lost:
            yield f"{self._called(who)} failed on {panel.task} for {_seeds(lost)}"

    def _ended(self, selection: Selection, panel: Panel, who: Who, status: str) -> Iterator[int]:
        """The seeds of the models of a panel's setting whose training ended so."""
        for record in selection.trainings:
            spec, own = record.spec, record.spec.encoding.label
            settings = (spec.setting, selection.own_settings.get((spec.setting, own)))
            if (record.status, own) == (status, who.trained_with) and panel.setting in settings:
                yield spec.init_seed


def whose(table: Any) -> set[Who]:
    """The encodings of the rows of a table."""
    return {Who(str(one), str(other)) for one, other in zip(table["trained_with"], table["encoding"], strict=True)}


def _differences(selection: Selection, panel: Panel, key: str) -> str:
    """What differs between a model and those of a panel: "steps 500, not 1000"."""
    spec = next(record.spec for record in selection.trainings if record.spec.key == key)
    own, other = dict(_flat(spec.deciding)), dict(_flat(panel.task_record.spec.deciding))
    told = [f"{name} {own.get(name)}, not {other.get(name)}" for name in other if own.get(name) != other[name]]
    return "; ".join(told[:NAMED]) or "another choice of learning rates"


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The values of nested mappings, by their names in words: "budget steps"."""
    for name, value in data.items():
        words = f"{prefix} {name.replace('_', ' ')}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, words)
        else:
            yield words, value


def _seeds(seeds: list[int]) -> str:
    named = listed(seeds[:NAMED])
    rest = f" and {len(seeds) - NAMED} more" if len(seeds) > NAMED else ""
    return f"seed{'s' * (len(seeds) > 1)} {named}{rest}"
