"""The evidence of trained models: values by seed, from the records of a results folder.

A *condition* is one view of each task (`reports.page.views`): a setting, or each encoding at its best learning rate.
The main condition holds the main view of every task, the one that a report shows in full. Each other view of a task
gives a condition of its own, in which only that task differs. A pretrained checkpoint is a condition by itself, with
all its tasks; only claims about pretrained models are judged by those, and they by no others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import pandas as pd

from benchmark.claims.claim import NotMeasurable
from benchmark.errors import UsageError
from benchmark.metrics import METRICS
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.variations import Variation
from benchmark.reports.page.views import View
from benchmark.reports.tables.tasks import is_language
from benchmark.reports.words import later, t
from benchmark.results.record import Arrays, EvalRecord
from benchmark.results.store import Store

BySeed = dict[int, float]
LEARNED = 0.1  # of an accuracy above chance: with less, a model has not learned a task
NOT_LEARNED = later("These models do not learn the task within L, so nothing can be said of it past L.")


class Views(Mapping[str, View]):
    """Views by task, as the command line names it ("corpus"); tasks that are looked up are added to a set."""

    def __init__(self, views: Mapping[str, View], asked: set[str]) -> None:
        self._views, self._asked = views, asked

    def __getitem__(self, task: str) -> View:
        self._asked.add(task)
        return self._views[task]

    def __iter__(self) -> Iterator[str]:
        self._asked.update(self._views)
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What the records say under one condition."""

    selection: Selection
    views: Mapping[str, View]
    differs: str = ""  # the one task whose view is not the main one; "" in the main condition
    checkpoint: str = ""  # the name of the pretrained model that was measured; "" for models trained here
    seen: set[tuple[str, str]] = field(default_factory=set)  # keys of the models and evaluations read so far
    asked: set[str] = field(default_factory=set)  # tasks looked up by the claim being read
    found: dict[tuple[object, ...], tuple[View | None, pd.DataFrame]] = field(default_factory=dict)  # rows read before

    def __post_init__(self) -> None:
        object.__setattr__(self, "views", Views(self.views, self.asked))

    @property
    def words(self) -> str:
        """How the condition differs from the main one: "corpus: width 128"; "" if it is the main one."""
        if self.checkpoint:
            return t("checkpoint {name}", name=self.checkpoint)
        if not self.differs:
            return ""
        other = self.views[self.differs]
        main = next(view for view in self.selection.mains if (view.task, view.ladder) == (other.task, other.ladder))
        if other is main:
            return t("{task}, L = {length}", task=other.task, length=other.train_length)
        how = Variation.between(main.spec, other.spec, main_tuned=main.tuned, tuned=other.tuned).words
        return t("{task}: {setting}", task=self.differs, setting=how)

    def at(self, task: str, encoding: str, multiple: float = 1, *, metric: str = "") -> BySeed:
        """The values of an encoding at a multiple of L, by seed; of the task's headline metric unless one is named.

        Encodings go by label; one that adapts another at test time is found under its own. {} if nothing was measured.
        """
        own = self._read(task, encoding, multiple, metric)
        return dict(zip(own["seed"].astype(int), own["value"].astype(float), strict=True))

    def above_chance(self, task: str, encoding: str, multiple: float = 1) -> BySeed:
        """The values of an accuracy less what guessing scores on the same rows, by seed."""
        own = self._read(task, encoding, multiple, "")
        return dict(zip(own["seed"].astype(int), (own["value"] - own["chance"].fillna(0.0)).astype(float), strict=True))

    def above_floor(self, task: str, encoding: str, multiple: float = 1) -> BySeed:
        """What is scored above chance and every simple rule, as a share of what can be; 0 where nothing is, by seed."""
        own = self._read(task, encoding, multiple, "")
        floor = own[["chance", "shortcut"]].max(axis=1).fillna(0.0)
        skill = ((own["value"] - floor) / (1 - floor)).clip(lower=0.0)
        return dict(zip(own["seed"].astype(int), skill.astype(float), strict=True))

    def arrays(self, task: str, encoding: str, multiple: float = 1) -> dict[int, tuple[EvalRecord, Arrays]]:
        """The record and the arrays behind `at`, by seed: sums by place, by row, and by field of a grid."""
        own = self._read(task, encoding, multiple, "")
        records = (self._measured[key] for key in own["eval_key"])
        return {
            int(seed): (each, self.selection.store.arrays(each))
            for seed, each in zip(own["seed"], records, strict=True)
        }

    def metric(self, task: str) -> str:
        """The task's headline metric; "" if it was not measured."""
        table = self.views[task].table if task in self.views else None
        return "" if table is None else str(table.loc[table["headline"], "metric"].iloc[0])

    def encodings(self, task: str) -> list[str]:
        """The encodings with a row for a task, sorted."""
        return sorted(self._rows(task)["encoding"].astype(str).unique())

    @property
    def synthetic(self) -> list[str]:
        """The tasks whose rows are not cut from a text."""
        texts = {each.spec.key for each in self.selection.trainings if is_language(each)}
        return [task for task, view in self.views.items() if not view.models & texts]

    def adapted(self, task: str, encoding: str) -> bool:
        """True if an encoding was only applied to models trained with another."""
        rows = self._rows(task)
        return bool((rows["encoding"].eq(encoding) & rows["trained_with"].ne(encoding)).any())

    def _read(self, task: str, encoding: str, multiple: float, metric: str) -> pd.DataFrame:
        view = self.views.get(task)
        asked = (id(view), encoding, multiple, metric)
        if asked not in self.found:
            rows = self._rows(task)
            wanted = rows["metric"].eq(metric) if metric else rows["headline"]
            wanted = wanted & rows["encoding"].eq(encoding) & rows["multiple"].eq(multiple) & rows["value"].notna()
            self.found[asked] = view, rows[wanted].sort_values("seed")  # with the view, or another might take its id
        _, own = self.found[asked]
        self.seen.update(zip(own["train_key"], own["eval_key"], strict=True))
        return own

    def _rows(self, task: str) -> pd.DataFrame:
        view = self.views.get(task)
        return self.selection.frame.iloc[:0] if view is None else view.table

    @cached_property
    def _measured(self) -> dict[str, EvalRecord]:
        return {each.spec.key: each for each in self.selection.store.records() if isinstance(each, EvalRecord)}


def conditions(store: Store) -> list[Evidence]:
    """Every condition of a store, the main one first; none where nothing was trained."""
    try:
        return conditions_of(Selection.of(store))
    except UsageError:
        return []


def conditions_of(selection: Selection) -> list[Evidence]:
    """The same of a selection."""
    own = [view for view in selection.mains if view.spec.checkpoint is None]
    main: dict[str, View] = {}  # of several texts or trained lengths, the one with the most pairs of encoding and seed
    for view in sorted(own, key=lambda view: -view.pairs):
        main.setdefault(_name(view), view)
    others = [(_name(view), view) for view in own if view is not main[_name(view)]]
    others += [(_name(view), other) for view in own for other in _beside(view, selection)]
    condition = partial(Evidence, selection=selection, found={})
    return [
        *([condition(views=main)] if own else []),
        *(condition(views={**main, task: other}, differs=task) for task, other in others),
        *(condition(views=views, checkpoint=name) for name, views in _pretrained(selection)),
    ]


def _beside(main: View, selection: Selection) -> Iterator[View]:
    """The other views of a main view's ladder, even with a single encoding, which a report would not compare."""
    for view in selection.views:
        if view is not main and (view.task, view.ladder) == (main.task, main.ladder):
            yield view


def _pretrained(selection: Selection) -> Iterator[tuple[str, dict[str, View]]]:
    """The views of each checkpoint, by task; the one with the most documents first."""
    found: dict[str, dict[str, View]] = {}
    for view in sorted(selection.mains, key=lambda view: -view.pairs):
        if view.spec.checkpoint is not None:
            found.setdefault(view.spec.checkpoint.name, {}).setdefault(_name(view), view)
    yield from found.items()


def _name(view: View) -> str:
    return view.task.partition(" (")[0]


# What most claims read


def rise(evidence: Evidence, task: str, encoding: str, multiple: float, *, metric: str = "") -> list[float]:
    """The value at a multiple of L less that at L, by seed: of a loss, what it gains or loses past L."""
    return _common(evidence.at(task, encoding, multiple, metric=metric), evidence.at(task, encoding, 1, metric=metric))


def gap(
    evidence: Evidence, task: str, better: str, worse: str, multiple: float = 1, *, metric: str = ""
) -> list[float]:
    """How much better one encoding does than another, by common seed: positive if `better` is, whatever the metric."""
    found = _common(*(evidence.at(task, name, multiple, metric=metric) for name in (better, worse)))
    name = metric or evidence.metric(task)
    return [-value for value in found] if name and METRICS[name].lower_is_better else found


def growth(evidence: Evidence, task: str, better: str, worse: str, multiple: float) -> list[float]:
    """How much more of a lead one encoding has at a multiple of L than at L: how much less it loses; by common seed."""
    sides = [evidence.at(task, name, at) for name in (better, worse) for at in (multiple, 1)]
    seeds = sorted(set.intersection(*(set(own) for own in sides)))
    sign = -1 if sides[0] and METRICS[evidence.metric(task)].lower_is_better else 1
    far, near, other_far, other_near = sides
    return [sign * ((far[seed] - near[seed]) - (other_far[seed] - other_near[seed])) for seed in seeds]


def kept(evidence: Evidence, task: str, encoding: str, multiple: float) -> list[float]:
    """The value at a multiple of L as a share of that at L, by seed."""
    return shares(evidence.at(task, encoding, multiple), evidence.at(task, encoding))


def kept_above_chance(evidence: Evidence, task: str, encoding: str, multiple: float) -> list[float]:
    """The same of an accuracy, less chance on either side. Raises NotMeasurable if the task is not learned within L."""
    near = evidence.above_chance(task, encoding)
    return shares_of_learned(evidence.above_chance(task, encoding, multiple), near)


def shares(values: BySeed, of: BySeed) -> list[float]:
    """One value as a share of another, by common seed."""
    return [values[seed] / of[seed] for seed in sorted(values.keys() & of.keys()) if of[seed]]


def shares_of_learned(values: BySeed, of: BySeed) -> list[float]:
    """The same of accuracies above chance, for the seeds that learned; raises NotMeasurable if most did not."""
    learned = {seed: value for seed, value in of.items() if value >= LEARNED}
    if of and 2 * len(learned) <= len(of):
        raise NotMeasurable(NOT_LEARNED)
    return shares(values, learned)


def _common(first: BySeed, second: BySeed) -> list[float]:
    return [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]


def midranks(evidence: Evidence, task: str, names: tuple[str, ...], multiple: float) -> dict[str, float]:
    """The rank of each encoding by its mean over seeds, 1 the best, equal ones sharing the middle; {} if one lacks."""
    means = {name: pd.Series(evidence.at(task, name, multiple), dtype=float).mean() for name in names}
    if any(pd.isna(mean) for mean in means.values()):
        return {}
    lower = METRICS[evidence.metric(task)].lower_is_better
    ranks = pd.Series(means).round(12).rank(ascending=lower)
    return {str(name): float(rank) for name, rank in ranks.items()}
