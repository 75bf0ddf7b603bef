"""Views: what can be compared, and which of them a report shows as the main one.

    view     a setting; or each encoding at its best learning rate: those for which a sweep chose one, and which were
             measured at it. It is *whole* if that is every encoding trained in this family of settings
    ladder   the views of one task at one trained length that differ only in learning rate, steps or model

Of the newest ladder of each task and trained length, the *main view* is chosen among the settings of the latest run
that contains the newest record (without a record of runs: the setting of the newest record). Where all encodings can be
shown at their best, that view comes first, and where only some can, it is never the main one; then the one with the
most measured (encoding, seed) pairs; of those with as many, the one with the most steps, then the largest width, then
the newest. A task's trained lengths are shown together only if the main view of each has the same model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from benchmark.reports.page.variations import ladder_of
from benchmark.reports.tables.measurements import family_of, setting_of
from benchmark.results.record import RunRecord, TrainRecord
from benchmark.results.spec import TrainSpec

Place = tuple[str, int]  # a task and a trained length


@dataclass(frozen=True, kw_only=True)
class View:
    """One comparison: a setting, or each encoding at its best learning rate."""

    task: str
    train_length: int
    setting: str  # the hash of the setting; where `tuned`, of its family
    family: str
    ladder: str
    spec: TrainSpec  # of any of its models
    tuned: bool
    whole: bool  # False only where `tuned`
    table: pd.DataFrame  # its rows of `metric_table`, all under `setting`

    @cached_property
    def pairs(self) -> int:
        """Measured (encoding, seed) pairs."""
        measured = self.table[self.table["value"].notna()]
        return len(set(zip(measured["trained_with"], measured["encoding"], measured["seed"], strict=True)))

    @cached_property
    def evaluations(self) -> frozenset[str]:
        """Keys of the evaluations behind it."""
        return frozenset(self.table["eval_key"])

    @cached_property
    def models(self) -> frozenset[str]:
        """Keys of its trained models."""
        return frozenset(self.table["train_key"])

    @cached_property
    def created(self) -> Any:
        """The time of its newest record."""
        return self.table["created"].max()


def views(frame: pd.DataFrame, trainings: Iterable[TrainRecord], sweep: pd.DataFrame) -> list[View]:
    """Every view of the rows of `metric_table`; `sweep`: the rows of `tuning_table`."""
    specs = {record.spec.key: record.spec for record in trainings}
    families = frame["train_key"].map({key: family_of(spec) for key, spec in specs.items()})
    chosen = sweep[sweep["chosen"]]
    rates = dict(
        zip(zip(chosen["task"], chosen["family"], chosen["encoding"], strict=True), chosen["rate"], strict=True)
    )
    found: list[View] = []
    for (task, family), rows in frame.groupby([frame["task"], families], sort=True):
        own = {str(name): rates.get((task, family, name)) for name in sorted(set(rows["trained_with"]))}
        best = _at_best(rows, specs, str(family), own)
        same_rate = [_view(same, specs, str(family)) for _, same in rows.groupby("setting", sort=True)]
        seen: frozenset[str] = best.evaluations if best else frozenset()
        found += [*([best] if best else []), *(view for view in same_rate if not view.evaluations <= seen)]
    return found


def main_views(found: Sequence[View], runs: Sequence[RunRecord]) -> list[View]:
    """The views that a report shows in full: at most one for each task and trained length."""
    by_place: dict[Place, list[View]] = {}
    for view in found:
        by_place.setdefault((view.task, view.train_length), []).append(view)
    mains = [_main(own, runs) for own in by_place.values()]
    models = {view.task: _model(view) for view in sorted(mains, key=_age)}  # of each task's newest
    return [view for view in mains if _model(view) == models[view.task]]


def _at_best(
    rows: pd.DataFrame, specs: Mapping[str, TrainSpec], family: str, rates: Mapping[str, float | None]
) -> View | None:
    """Each encoding at its chosen rate; None if fewer than two have one and a measurement at it."""
    rate_of = rows["train_key"].map({key: specs[key].budget.learning_rate for key in set(rows["train_key"])})
    at_best = rows[rate_of == rows["trained_with"].map(rates)]
    measured = set(at_best.loc[at_best["value"].notna(), "trained_with"])
    if len(measured) < min(2, len(rates)):
        return None
    at_best = at_best[at_best["trained_with"].isin(measured)]
    return _view(at_best.assign(setting=family), specs, family, tuned=True, whole=measured == set(rates))


def _view(
    rows: pd.DataFrame, specs: Mapping[str, TrainSpec], family: str, *, tuned: bool = False, whole: bool = True
) -> View:
    spec = specs[str(rows["train_key"].iloc[0])]
    return View(
        task=str(rows["task"].iloc[0]),
        train_length=spec.budget.train_length,
        setting=str(rows["setting"].iloc[0]),
        family=family,
        ladder=ladder_of(spec),
        spec=spec,
        tuned=tuned,
        whole=whole,
        table=rows,
    )


def _main(own: Sequence[View], runs: Sequence[RunRecord]) -> View:
    newest = max((view for view in own if view.whole), key=_age)
    ladder = [view for view in own if view.ladder == newest.ladder and view.whole]
    planned = _planned(newest, runs)
    asked = [view for view in ladder if view.models & planned] if planned else [newest]
    families = {view.family for view in asked}
    return max([*asked, *(view for view in ladder if view.tuned and view.family in families)], key=_rank)


def _planned(newest: View, runs: Sequence[RunRecord]) -> frozenset[str]:
    """The models of the latest run that contains the newest record; none without a record of it."""
    last = newest.table.sort_values(["created", "eval_key"])["train_key"].iloc[-1]
    return next((frozenset(run.train_keys) for run in reversed(runs) if last in run.train_keys), frozenset())


def _rank(view: View) -> tuple[Any, ...]:
    return view.tuned, view.pairs, view.spec.budget.steps, view.spec.model.width, *_age(view)


def _age(view: View) -> tuple[Any, ...]:
    return view.created, view.tuned, view.setting


def _model(view: View) -> tuple[object, ...]:
    return view.spec.model, view.spec.precision


def own_settings(shown: Iterable[View], trainings: Iterable[TrainRecord]) -> dict[tuple[str, str], str]:
    """The setting of each view by the setting and the encoding of its models."""
    specs = {record.spec.key: record.spec for record in trainings}
    return dict(_own(shown, specs))


def _own(shown: Iterable[View], specs: Mapping[str, TrainSpec]) -> Iterator[tuple[tuple[str, str], str]]:
    for view in shown:
        for key in view.models:
            yield (setting_of(specs[key]), specs[key].encoding.label), view.setting
