"""The selection: the settings of a store that a report shows, and the tables made from them.

A results folder may hold the same comparison under several settings. For each task and trained length, a report shows
one of them in full: the main view (`page.views` has the rule). The other views of its ladder tell whether the
conclusions hold (`page.robustness`). The report says how many evaluations are in neither.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pandas as pd

from benchmark.errors import UsageError, unknown
from benchmark.reports.page.exhibit import models_behind, records_behind
from benchmark.reports.page.views import View, main_views, own_settings, views
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.points import arranged, over_seeds
from benchmark.reports.stats.reach import Reach, reach_by_seed, reach_over_seeds
from benchmark.reports.stats.summary import SummaryRow, summary
from benchmark.reports.stats.verdict import Verdict, Who, judge
from benchmark.reports.tables import tasks as task_facts
from benchmark.reports.tables.measurements import all_trainings
from benchmark.reports.tables.rows import paired_row_error
from benchmark.reports.tables.tuning import tuning_table
from benchmark.reports.tables.values import counted_places, metric_table
from benchmark.reports.words import said
from benchmark.results.record import Arrays, EvalRecord, TrainRecord
from benchmark.results.store import Store

REFERENCE = "rope"  # the default
KEPT = 2048  # evaluations whose arrays are kept: two lengths of 50 encodings on 20 seeds, 20 to 200 MB


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One task in its main view: the unit that a figure shows."""

    task: str
    setting: str  # of the view
    train_length: int
    task_record: TrainRecord  # of any model trained on it; describes the task
    table: pd.DataFrame  # its rows of `metric_table`

    @property
    def id(self) -> str:
        """A name for links and files, the same in every report that shows this task at this trained length."""
        return f"{slug(self.task)}-{self.train_length}"

    @property
    def title(self) -> str:
        """The task's title, with its label if that says more."""
        title, name = task_facts.title(self.task_record), self.task_record.spec.task.name
        if not title:
            return self.task
        return said(title) if self.task == name else f"{said(title)} · {self.task}"

    @property
    def metric(self) -> str:
        """The task's headline metric."""
        return task_facts.headline_metric(self.task_record)

    @property
    def unlearned(self) -> str:
        """Why no preset's model learns the task at L; "" if one does."""
        return said(task_facts.unlearned(self.task_record))

    @property
    def lengths(self) -> list[int]:
        """Every length of its grid."""
        return sorted(int(length) for length in set(self.table["length"]))

    @property
    def seeds(self) -> list[int]:
        """Every seed of its grid."""
        return sorted(int(seed) for seed in set(self.table["seed"]))

    @property
    def models(self) -> tuple[str, ...]:
        """Keys of the trained models behind it."""
        return models_behind(self.table)

    @property
    def measured(self) -> int:
        """Number of evaluations behind it."""
        return records_behind(self.table)

    @cached_property
    def headline(self) -> pd.DataFrame:
        """The rows of the headline metric."""
        return self.table[self.table["headline"]]

    @cached_property
    def points(self) -> pd.DataFrame:
        """The headline metric at every length, over seeds."""
        return over_seeds(self.headline)

    def own_rows(self, who: Who) -> pd.DataFrame:
        """The rows of the headline metric of one encoding, as it was measured."""
        return self._by_who.get((who.trained_with, who.encoding), self.headline.iloc[:0])

    @cached_property
    def _by_who(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {
            (str(base), str(name)): own for (base, name), own in self.headline.groupby(["trained_with", "encoding"])
        }

    def models_of(self, trained_with: str) -> pd.DataFrame:
        """The cost of each model trained with an encoding."""
        return self._costs[self._costs["trained_with"] == trained_with]

    @cached_property
    def _costs(self) -> pd.DataFrame:
        columns = ["trained_with", "train_key", "parameters", "encoding_parameters", "trained_tokens", "train_seconds"]
        return self.table[columns].drop_duplicates("train_key")

    def metric_rows(self, metric: str) -> pd.DataFrame:
        """The rows of a metric."""
        return self.table[self.table["metric"] == metric]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The records of a store, and the tables made from them."""

    store: Store
    trainings: tuple[TrainRecord, ...]
    frame: pd.DataFrame
    shown: pd.DataFrame  # the rows of `frame` that the report shows
    reference: str  # the encoding that others are compared with; "" if there is none
    sweep: pd.DataFrame  # `tuning_table`: the trials that chose learning rates, if there were any
    views: tuple[View, ...]
    mains: tuple[View, ...]  # at most one for each task and trained length

    @classmethod
    def of(cls, store: Store, reference: str | None = None) -> "Selection":
        """Select from a store; raise a UsageError if it is empty or lacks the reference."""
        store = store.held()
        trainings = tuple(all_trainings(store))
        if not trainings:
            raise UsageError(
                f"no results in {str(store.root)!r}: make some with `python -m benchmark run`, or name their folder "
                "with --results"
            )
        frame, sweep = metric_table(store), tuning_table(store)
        found = views(frame, trainings, sweep)
        mains = main_views(found, store.runs())
        rows = pd.concat([view.table for view in mains]).sort_index(ignore_index=True) if mains else frame
        chosen = _own_reference(rows) if reference is None else _asked_reference(reference, trainings)
        return cls(
            store=store,
            trainings=trainings,
            frame=frame,
            shown=rows,
            reference=chosen,
            sweep=sweep,
            views=tuple(found),
            mains=tuple(mains),
        )

    @cached_property
    def panels(self) -> list[Panel]:
        """One panel per task and setting shown."""
        by_key = {record.spec.key: record for record in self.trainings}
        return [
            Panel(
                task=str(task),
                setting=str(setting),
                train_length=int(rows["train_length"].iloc[0]),
                task_record=by_key[str(rows["train_key"].iloc[0])],
                table=rows,
            )
            for (task, setting), rows in self.shown.groupby(["task", "setting"], sort=True)
        ]

    @cached_property
    def encodings(self) -> list[str]:
        """Every encoding shown or trained, sorted."""
        return sorted({*self.shown["encoding"], *(record.spec.encoding.label for record in self.trainings)})

    @cached_property
    def summary(self) -> list[SummaryRow]:
        """Encodings x tasks at the trained and the longest length."""
        return summary(self.shown)

    @cached_property
    def verdicts(self) -> dict[tuple[str, str, int, str], Verdict]:
        """The verdict on every column shown, by task, setting, length and league; of headline metrics."""
        found = {}
        for names, own in self.shown[self.shown["headline"]].groupby(
            ["task", "setting", "length", "league"], sort=True
        ):
            task, setting, length, league = map(str, names)
            found[task, setting, int(length), league] = judge(own)
        return found

    def verdict(self, panel: Panel, length: int, league: str = "") -> Verdict:
        """The verdict on one league at one length of a panel; an empty one where nothing was measured."""
        return self.verdicts.get((panel.task, panel.setting, length, league), Verdict(means={}, duels={}))

    def favourites(self, panel: Panel) -> frozenset[str]:
        """The encodings that the summary marks as best, or among the best, at a panel's longest length."""
        return frozenset(
            row.encoding
            for row in self.summary
            if (row.task, row.setting) == (panel.task, panel.setting)
            and row.at_longest.mark in ("best", "among the best")
        )

    def difference(self, panel: Panel, length: int, first: Who, second: Who, league: str = "") -> Estimate:
        """The median of first - second over common seeds; its interval counts the sampling of seeds and test rows."""
        pair = panel.task, panel.setting, length, frozenset((first, second))  # the same error from either side
        if pair not in self._row_errors:  # sections ask for the same pairs, and each takes the arrays of every seed
            self._row_errors[pair] = self._row_error(panel, length, first, second)
        error, verdict = self._row_errors[pair], self.verdict(panel, length, league)
        return verdict.difference(first, second, 0.0 if math.isnan(error) else error)

    def _row_error(self, panel: Panel, length: int, first: Who, second: Who) -> float:
        """The standard error of their difference that is due to the test rows, which all seeds share."""
        here = panel.headline[(panel.headline["length"] == length) & panel.headline["value"].notna()]
        whose = zip(here["trained_with"], here["encoding"], here["seed"], strict=True)
        keys: dict[tuple[str, str, int], str] = dict(zip(whose, here["eval_key"], strict=True))
        pairs = [(keys.get((*first, seed)), keys.get((*second, seed))) for seed in panel.seeds]
        known = [(one, two) for one, two in pairs if one is not None and two is not None]
        if not known:
            return math.nan
        arrays = [(self._arrays(one), self._arrays(two)) for one, two in known]
        places = counted_places(panel.task_record, length)
        return paired_row_error(((one, two) for one, two in arrays if one and two), panel.metric, places)

    @cached_property
    def _arrays(self) -> Callable[[str], Arrays]:
        """The arrays of an evaluation by its key; those asked for last are kept, since every pair of a panel asks."""
        return lru_cache(maxsize=KEPT)(lambda key: self.store.arrays(self._measured[key]))

    @cached_property
    def _row_errors(self) -> dict[tuple[str, str, int, frozenset[Who]], float]:
        return {}

    @cached_property
    def _measured(self) -> dict[str, EvalRecord]:
        return {record.spec.key: record for record in self.store.records() if isinstance(record, EvalRecord)}

    @cached_property
    def reach(self) -> list[Reach]:
        """How far past L each encoding stays usable, on every task."""
        return reach_over_seeds(reach_by_seed(self.shown[self.shown["headline"]]))

    @property
    def compared(self) -> bool:
        """True if the reference itself was trained and is among the rows shown."""
        own = self.shown[self.shown["encoding"] == self.reference]
        return bool((own["trained_with"] == self.reference).any())

    def others(self, main: View) -> list[View]:
        """The other views of a main view's ladder in which at least two of its encodings were measured."""
        names = set(main.table["encoding"])
        ladder = (view for view in self.views if view.ladder == main.ladder and view.task == main.task)
        return [view for view in ladder if view is not main and len(names & set(view.table["encoding"])) > 1]

    @property
    def left_out(self) -> int:
        """Number of evaluations that are in no main view and in no other one beside it."""
        beside = (view.evaluations for main in self.mains for view in self.others(main))
        return len(set(self.frame["eval_key"]) - set(self.shown["eval_key"]).union(*beside))

    @cached_property
    def own_settings(self) -> dict[tuple[str, str], str]:
        """The setting of a panel by the setting and the encoding of its models: a panel may join several settings."""
        return own_settings(self.mains, self.trainings)

    def of_panels(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of another table that belong to the panels, under the panels' settings."""
        pairs = list(zip(table["setting"], table["trained_with"], strict=True))
        known = pd.Series([pair in self.own_settings for pair in pairs], index=table.index, dtype=bool)
        return table[known].assign(setting=[self.own_settings[pair] for pair in pairs if pair in self.own_settings])

    def is_tuned(self, panel: Panel) -> bool:
        """True if a panel shows each encoding at its best learning rate."""
        return any(main.tuned and (main.task, main.setting) == (panel.task, panel.setting) for main in self.mains)

    def main(self, panel: Panel) -> View:
        """The main view that a panel shows."""
        return next(view for view in self.mains if (view.task, view.setting) == (panel.task, panel.setting))

    def trained(self, panel: Panel) -> Iterator[TrainRecord]:
        """The trained models behind a panel."""
        keys = set(panel.table["train_key"])
        return (record for record in self.trainings if record.spec.key in keys)


def slug(text: str) -> str:
    """A text in a form that fits links and file names."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "task"


def _own_reference(rows: pd.DataFrame) -> str:
    """`rope` if it is shown, else the first trained encoding in report order."""
    trained = [encoding for base, encoding, _ in arranged(rows) if base == encoding]
    return REFERENCE if REFERENCE in trained else next(iter(trained), "")


def _asked_reference(name: str, trainings: Iterable[TrainRecord]) -> str:
    known = {record.spec.encoding.label for record in trainings}
    if name not in known:
        raise unknown("reference", name, known, "It must be an encoding that was trained.")
    return name
