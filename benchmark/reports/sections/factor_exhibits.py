"""Figures of the section "Does it hold?": values against learning rate, steps or size, and the sweeps of trials."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.factors import FactorPanel, Level, factors
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Data, Exhibit
from benchmark.reports.page.fields import unit
from benchmark.reports.page.robustness import Ladder, Setting
from benchmark.reports.page.rows import CurveRow, typed_rows
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.variations import Variation
from benchmark.reports.phrases import curve_key, metric_label
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.floor import Floor
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.tables.measurements import all_trainings, family_of
from benchmark.reports.words import Phrases, later, listed, t
from benchmark.results.spec import TrainSpec

LOSS = "loss_nats"  # what a sweep chooses by
FACTORS = Phrases(  # by the field of a variation
    {
        "rate": later("learning rate (log scale)"),
        "shared_rate": later("learning rate, the same for all (log scale)"),
        "steps": later("training steps (log scale)"),
        "width": later("width (log scale)"),
        "layers": later("layers (log scale)"),
    }
)
TITLES = Phrases(
    {
        "rate": later("learning rate"),
        "shared_rate": later("learning rate, the same for all"),
        "steps": later("training budget"),
        "width": later("width"),
        "layers": later("layers"),
    }
)
LEVELS: Mapping[str, Callable[[TrainSpec], float]] = {
    "rate": lambda spec: spec.budget.learning_rate,
    "shared_rate": lambda spec: spec.budget.learning_rate,
    "steps": lambda spec: spec.budget.steps,
    "width": lambda spec: spec.model.width,
    "layers": lambda spec: spec.model.layers,
}


@dataclass(frozen=True, kw_only=True)
class SweepRow:
    """A rate that was tried for an encoding: a row of `tuning_table`."""

    task: str
    family: str
    encoding: str
    rate: float
    seeds: int
    loss_nats: float
    lowest: float
    highest: float
    train_seconds: float
    complete: bool
    chosen: bool
    at_edge: bool

    @property
    def estimate(self) -> Estimate:
        """The mean between the lowest and the highest trial; NaN where one did not end well."""
        known = self.loss_nats if math.isfinite(self.loss_nats) else math.nan
        several = self.seeds > 1 and math.isfinite(self.loss_nats)
        low, high = (self.lowest, self.highest) if several else (math.nan, math.nan)
        return Estimate(value=known, low=low, high=high, n=self.seeds)


def factor_exhibits(selection: Selection, ladder: Ladder, styles: Styles) -> Iterator[Exhibit]:
    """One figure for each factor that varies by itself."""
    for factor, level in LEVELS.items():
        settings = [setting for setting in ladder.others if setting.variation.only == factor]
        if factor != "shared_rate" and settings:
            settings.append(ladder.main)
        if len({level(setting.view.spec) for setting in settings}) > 1:
            ordered = sorted(settings, key=lambda setting: level(setting.view.spec))
            yield _exhibit(selection, ladder, factor, ordered, styles)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The trials of one family of settings in the ladder of a panel."""

    panel: Panel
    family: str
    variation: Variation  # from the main view, apart from learning rates
    rows: Sequence[SweepRow]

    @property
    def id(self) -> str:
        """A name for links and files; that of the main view is the panel's own."""
        return f"sweep-{self.panel.id}-{self.family}" if self.variation.size else f"sweep-{self.panel.id}"

    def named(self, task: str) -> str:
        """A task's name, with the variation in brackets."""
        return t("{name} ({remarks})", name=task, remarks=self.variation.words) if self.variation.size else task


def sweeps(selection: Selection, panel: Panel) -> Iterator[Sweep]:
    """The sweep of a panel's main view, then those of its other budgets and sizes."""
    main = selection.main(panel)
    table = selection.sweep[selection.sweep["task"] == main.task]
    others = sorted(selection.others(main), key=lambda view: (view.spec.model.width, view.spec.budget.steps))
    for family, view in {view.family: view for view in (main, *others)}.items():
        if rows := typed_rows(table[table["family"] == family], SweepRow):
            variation = Variation.between(main.spec, view.spec, main_tuned=True, tuned=True)
            yield Sweep(panel=panel, family=family, variation=variation, rows=rows)


def sweep_exhibit(selection: Selection, sweep: Sweep, styles: Styles) -> Exhibit:
    """The loss of the trials at L against the learning rate."""
    panel, rows = sweep.panel, sweep.rows
    by_encoding: dict[str, list[SweepRow]] = {}
    for row in rows:
        by_encoding.setdefault(row.encoding, []).append(row)
    levels = {
        name: tuple(Level(at=row.rate, estimate=row.estimate, chosen=row.chosen) for row in own)
        for name, own in by_encoding.items()
    }
    weighted = emphasised(styles, panel.points, selection.reference)
    title = t("{task}: loss of the trials against learning rate", task=sweep.named(panel.title))
    drawn = FactorPanel(title=t("at L = {length}", length=panel.train_length), metric=LOSS, levels=levels)
    return Exhibit(
        id=sweep.id,
        title=title,
        alt=t(
            "Line chart of the loss at L of the trials over learning rates, for {encodings}. The numbers are in the "
            "table of the sweep.",
            encodings=listed(levels),
        ),
        caption=t(
            "Trials only choose the learning rate and count nowhere else. Ring: the rate that was chosen; {key}.",
            key=curve_key([row.seeds for row in rows], dots=False),
        ),
        models=_trials(selection, rows),
        measured=sum(row.seeds for row in rows),
        picture=render(
            factors([drawn], weighted, t("learning rate (log scale)")),
            "svg",
        ),
        format="svg",
        data=_sweep_data(rows),
    )


def _trials(selection: Selection, rows: Sequence[SweepRow]) -> tuple[str, ...]:
    """The keys of the models of a sweep."""
    sweep = {(row.task, row.family) for row in rows}
    trials = (record.spec for record in all_trainings(selection.store, trials=True))
    return tuple(sorted(spec.key for spec in trials if (spec.task.label, family_of(spec)) in sweep))


def _exhibit(selection: Selection, ladder: Ladder, factor: str, settings: Sequence[Setting], styles: Styles) -> Exhibit:
    panel = ladder.panel
    weighted = emphasised(styles, panel.points, selection.reference, selection.favourites(panel))
    rows = pd.concat([setting.headline.assign(level=LEVELS[factor](setting.view.spec)) for setting in settings])
    rows = rows[rows["length"].isin(ladder.lengths)]
    title = t("{task}: {factor}", task=panel.title, factor=TITLES[factor])
    drawn = [_panel(ladder, rows, length) for length in ladder.lengths]
    counts = [level.estimate.n for each in drawn for levels in each.levels.values() for level in levels]
    return Exhibit(
        id=f"factor-{factor.replace('_', '-')}-{panel.id}",
        title=title,
        alt=t(
            "Line charts of {metric} over {factor} for {encodings}, one for each of the lengths {places}.",
            metric=unit(panel),
            factor=TITLES[factor],
            encodings=listed(drawn[-1].levels),
            places=listed(map(ladder.place, ladder.lengths)),
        ),
        caption=t("Everything else is as in the main setting; {key}.", key=curve_key(counts)),
        models=tuple(sorted(set(rows["train_key"]))),
        measured=int(rows["eval_key"].nunique()),
        picture=render(factors(drawn, weighted, FACTORS[factor]), "svg"),
        format="svg",
        data=_data(rows, factor),
    )


def _panel(ladder: Ladder, rows: pd.DataFrame, length: int) -> FactorPanel:
    here = rows[rows["length"] == length]
    levels: dict[str, list[Level]] = {}
    for level, own in here.groupby("level", sort=True):
        for row in typed_rows(over_seeds(own), CurveRow):
            point = Level(at=float(str(level)), estimate=row.estimate, each=row.each)
            levels.setdefault(row.encoding, []).append(point)
    place = ladder.place(length)
    return FactorPanel(
        title=t("at {place}", place=f"{place} = {length}"),
        metric=ladder.panel.metric,
        levels={name: tuple(own) for name, own in levels.items()},
        floor=Floor.of(here),
    )


def _data(rows: pd.DataFrame, factor: str) -> Data:
    names = ("encoding", "trained_with", "task", "train_length", "length", "metric", "seed", "value")
    level = "learning_rate" if factor == "shared_rate" else {"rate": "learning_rate"}.get(factor, factor)
    known = rows[rows["value"].notna()].sort_values(["level", *names[:-1]])
    values = known[["level", *names]].itertuples(index=False, name=None)
    return Data(columns=(level, *names), rows=tuple(tuple(map(_plain, row)) for row in values))


def _sweep_data(rows: Sequence[SweepRow]) -> Data:
    columns = ("encoding", "learning_rate", "loss_nats", "lowest", "highest", "trials", "train_seconds", "chosen")
    return Data(
        columns=columns,
        rows=tuple(
            (
                *(row.encoding, row.rate, *map(_finite, (row.loss_nats, row.lowest, row.highest))),
                *(row.seeds, row.train_seconds, int(row.chosen)),
            )
            for row in rows
        ),
    )


def _plain(value: object) -> str | float:
    return float(value) if isinstance(value, float) else int(value) if isinstance(value, int) else str(value)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def loss_label() -> str:
    """The metric that a sweep chooses by, with its unit."""
    return metric_label(LOSS)
