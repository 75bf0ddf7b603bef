"""The section "Does it hold?": the same comparison at other learning rates, budgets and sizes, and the sweeps."""

import math
from collections.abc import Iterator, Sequence

from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import MANY
from benchmark.reports.page.fields import marked, value_field
from benchmark.reports.page.page import Section
from benchmark.reports.page.robustness import Ladder, Setting, ladders
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, seeds_of
from benchmark.reports.sections.factor_exhibits import (
    Sweep,
    SweepRow,
    factor_exhibits,
    loss_label,
    sweep_exhibit,
    sweeps,
)
from benchmark.reports.stats.order import Swap
from benchmark.reports.stats.verdict import Verdict
from benchmark.reports.words import joined, language, listed, t

NAMED = 3  # pairs of a field; more are counted


def section(selection: Selection, styles: Styles) -> Section | None:
    """Orders and leaders of every setting of a task; None where no task has a second setting or a sweep."""
    found = ladders(selection)
    tried = [sweep for panel in selection.panels for sweep in sweeps(selection, panel)]
    if not found and not tried:
        return None
    both = [ladder for ladder in found if _same_rate(ladder)]
    return Section(
        id="robustness",
        title=t("Does it hold?"),
        lines=(*_lines(found), *(line for sweep in tried for line in _edges(sweep))),
        terms=tuple((ladder.panel.title, ladder.finding) for ladder in found),
        tables=(
            *([_both_views(both)] if both else []),
            *(_settings(ladder) for ladder in found),
            *(_sweep_table(sweep) for sweep in tried),
        ),
        exhibits=(
            *(exhibit for ladder in found for exhibit in factor_exhibits(selection, ladder, styles)),
            *(sweep_exhibit(selection, sweep, styles) for sweep in tried),
        ),
    )


def _lines(found: Sequence[Ladder]) -> Iterator[str]:
    if found:
        yield t(
            "The results folder holds the same comparison under other learning rates, budgets or model sizes. All "
            "other sections show the main setting, in the first row of each table here. Tau compares the order of the "
            "means with that in the main setting: 1 is the same order, -1 the reverse. The brackets hold what tau can "
            "be, given the pairs whose order is shown in both settings; where none is shown, as below 6 seeds, there "
            "is no interval. A pair swaps if one encoding does better in the main setting and the other here, which is "
            "named first; “shown” means on most seeds, in both."
        )


def _edges(sweep: Sweep) -> Iterator[str]:
    """Warnings about rates that are best at an end of the grid, and about encodings without a choice."""
    task, rows = sweep.named(sweep.panel.task), sweep.rows
    rates = sorted({row.rate for row in rows})
    for rate, lowest in ((rates[0], True), (rates[-1], False)):
        if names := [row.encoding for row in rows if row.at_edge and row.rate == rate]:
            told = {"task": task, "names": joined(names), "rate": rate}
            if lowest:
                yield t(
                    "Best at the lowest rate tried ({rate:g}) on {task}: {names}. The grid may be too narrow.", **told
                )
            else:
                yield t(
                    "Best at the highest rate tried ({rate:g}) on {task}: {names}. The grid may be too narrow.", **told
                )
    if lacking := sorted({row.encoding for row in rows} - {row.encoding for row in rows if row.chosen}):
        yield t(
            "No rate chosen on {task}, because trials are missing, or all diverged or failed: {names}.",
            task=task,
            names=joined(lacking),
        )


def _settings(ladder: Ladder) -> Table:
    """Leader, agreement and swaps in every setting."""
    places = [ladder.place(length) for length in ladder.lengths]
    columns = [t("setting"), t("seeds")]
    for place in places:
        columns += [t("leader at {place}", place=place), t("tau at {place}", place=place)]
    columns.append(t("pairs that swap"))
    rows = tuple(_setting_row(ladder, setting) for setting in (ladder.main, *ladder.others))
    return Table(
        caption=t("{task}: the settings, the main one first.", task=ladder.panel.title),
        title=t("{task}: {n} settings", task=ladder.panel.title, n=len(rows)),
        folded=len(rows) > MANY,
        columns=tuple(columns),
        rows=rows,
        words=frozenset({0, *range(2, len(columns), 2)}),
        wraps=len(columns) - 1,
    )


def _setting_row(ladder: Ladder, setting: Setting) -> tuple[Field, ...]:
    main = setting is ladder.main
    fields = [Field(text=_main_name(ladder) if main else setting.variation.words), Field(text=str(setting.seeds))]
    for length in ladder.lengths:
        fields += [
            _leader(ladder, setting.verdict(length)),
            Field(text=NOTHING) if main else _tau(ladder, setting, length),
        ]
    return (*fields, Field(text=NOTHING if main else _swaps(ladder, setting)))


def _main_name(ladder: Ladder) -> str:
    if ladder.main.view.tuned:
        return t("main: each encoding at its best learning rate")
    return t("main: learning rate {rate:g}", rate=ladder.main.view.spec.budget.learning_rate)


def _leader(ladder: Ladder, verdict: Verdict) -> Field:
    leader = verdict.leader
    if leader is None:
        return Field(text=_none(verdict))
    field = Field(text=ladder.called[leader], details=(f"{verdict.sign * verdict.means[leader]:z.2f}",))
    return marked(field, verdict.mark(leader), verdict.more_seeds, verdict.floor, lower_is_better=verdict.sign < 0)


def _none(verdict: Verdict) -> str:
    """Why there is no leader."""
    if not verdict.means:
        return NOTHING
    by_shortcut = verdict.explanation(*verdict.means) == "shortcut"
    return t("a shortcut explains all") if by_shortcut else t("all at chance")


def _tau(ladder: Ladder, setting: Setting, length: int) -> Field:
    found = ladder.agreement(setting, length)
    if math.isnan(found.value):
        return Field(text=NOTHING)
    interval = () if math.isnan(found.low) else (f"[{found.low:z.2f}, {found.high:z.2f}]",)
    return Field(text=f"{found.value:z.2f}", details=interval)


def _swaps(ladder: Ladder, setting: Setting) -> str:
    """The pairs that swap at each length: "L: alibi > rope (shown)"."""
    parts = []
    for length in ladder.lengths:
        pairs = ladder.swaps(setting, length)
        shown, open_ = ([swap for swap in pairs if swap.shown is known] for known in (True, False))
        told = [t("{pairs} (shown)", pairs=_named(ladder, shown))] if shown else []
        if open_:
            seeds = seeds_of(min(swap.seeds for swap in open_))
            told.append(t("{pairs} (not shown: {seeds})", pairs=_named(ladder, open_), seeds=seeds))
        if told:
            parts.append(t("{place}: {pairs}", place=ladder.place(length), pairs=language().comma.join(told)))
    return language().semicolon.join(parts) if parts else t("no pair")


def _named(ladder: Ladder, pairs: Sequence[Swap]) -> str:
    """The better one in this setting first; of many, some are counted."""
    named = [f"{ladder.called[swap.after]} > {ladder.called[swap.before]}" for swap in pairs[:NAMED]]
    return listed([*named, t("{n} more", n=len(pairs) - NAMED)] if len(pairs) > NAMED else named)


def _same_rate(ladder: Ladder) -> Setting | None:
    """The setting beside an all-tuned main one with the same rate for all encodings; of several, the best measured."""
    names = set(ladder.main.headline["encoding"])
    same = [
        setting
        for setting in ladder.others
        if setting.variation.only == "shared_rate" and set(setting.headline["encoding"]) == names
    ]
    return max(same, key=lambda setting: setting.view.pairs, default=None)


def _both_views(found: Sequence[Ladder]) -> Table:
    """The leader with the same rate for all beside that with each at its best, and if the headline changes."""
    rows = []
    for ladder in found:
        same = _same_rate(ladder)
        assert same is not None
        for length in ladder.lengths:
            one, two = same.verdict(length), ladder.main.verdict(length)
            fields = (_leader(ladder, one), _leader(ladder, two), Field(text=_headline(one, two)))
            rows.append((Field(text=ladder.panel.title), Field(text=ladder.place(length)), *fields))
    return Table(
        caption=t("Two views: the leader with the same learning rate for all, and with each encoding at its best."),
        columns=(t("task"), t("length"), t("same rate for all"), t("each at its best"), t("headline")),
        rows=tuple(rows),
        words=frozenset({0, 2, 3, 4}),
    )


def _headline(one: Verdict, two: Verdict) -> str:
    if one.leader != two.leader:
        return t("changes: another leader")
    if one.leader is not None and one.mark(one.leader) != two.mark(one.leader):
        return t("changes: the same leader, with another mark")
    return t("the same")


def _sweep_table(sweep: Sweep) -> Table:
    """Loss of the trials by encoding and rate, what was chosen, and what it cost."""
    rows = sweep.rows
    rates = sorted({row.rate for row in rows})
    names = sorted({row.encoding for row in rows})
    by_place = {(row.encoding, row.rate): row for row in rows}
    return Table(
        caption=t(
            "{task}: {metric} of the trials at L, by learning rate: mean [lowest and highest trial]. {n} trials in "
            "{seconds:,.0f} s of training.",
            task=sweep.named(sweep.panel.title),
            metric=loss_label(),
            n=sum(row.seeds for row in rows),
            seconds=sum(row.train_seconds for row in rows),
        ),
        columns=(t("encoding"), *(f"{rate:g}" for rate in rates), t("chosen"), t("trials"), t("seconds")),
        rows=tuple(_sweep_row(name, [by_place.get((name, rate)) for rate in rates]) for name in names),
    )


def _sweep_row(name: str, own: Sequence[SweepRow | None]) -> tuple[Field, ...]:
    tried = [row for row in own if row is not None]
    chosen = next((f"{row.rate:g}" for row in tried if row.chosen), NOTHING)
    return (
        Field(text=name),
        *(_loss(row) for row in own),
        Field(text=chosen),
        Field(text=str(sum(row.seeds for row in tried))),
        Field(text=f"{sum(row.train_seconds for row in tried):,.0f}"),
    )


def _loss(row: SweepRow | None) -> Field:
    if row is None:
        return Field(text=NOTHING)
    if math.isinf(row.loss_nats):
        return Field(text=t("diverged or failed"))
    own = row.estimate
    return value_field(own.value, own.low, own.high, "ok", own.n, own.n)
