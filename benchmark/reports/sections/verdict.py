"""The section "Bottom line": what the results say about each need, in words and in one small figure."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.draw.bottom_line import Row, Strip, bottom_line
from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.findings import Need, findings, needs
from benchmark.reports.page.numbers import seed_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.sentences import names
from benchmark.reports.phrases import metric_label, spelled
from benchmark.reports.stats.floor import Floor
from benchmark.reports.stats.verdict import Who
from benchmark.reports.words import language, listed, said, sentences, t

DRAWN = 6  # rows of a strip: of more encodings, the best ones have their own


def section(selection: Selection, styles: Styles) -> Section:
    """One finding per need, and the figure of all needs."""
    if not selection.panels:
        nothing = t("Nothing was measured, so nothing can be said.")
        return Section(id="verdict", title=t("Bottom line"), lines=(nothing,))
    return Section(
        id="verdict",
        title=t("Bottom line"),
        lines=tuple(_lines(selection)),
        terms=findings(selection),
        exhibits=tuple(_exhibit(selection, styles)),
    )


def _lines(selection: Selection) -> Iterator[str]:
    yield t(
        "About the longest length of each task, and about L, the trained length, where that differs. “Best” and “ruled "
        "out” are shown at the 5 % level, for all pairs of encodings at a length together; an interval is of one pair."
    )
    if tuned := [panel.task for panel in selection.panels if selection.is_tuned(panel)]:
        yield t(
            "On {tasks}, each encoding has the learning rate that was best for it in trials: see “{section}”.",
            tasks=listed(tuned),
            section=t("Does it hold?"),
        )
    if others := sorted({name for need in needs(selection) for name in _other_leagues(need)}):
        yield t("Left out here, because they are told more than positions: {names}.", names=listed(others))


def _other_leagues(need: Need) -> set[str]:
    headline = need.panel.headline
    return set(headline[headline["league"] != need.league]["encoding"])


def _exhibit(selection: Selection, styles: Styles) -> Iterator[Exhibit]:
    """The figure of all needs that have a value at their longest length."""
    drawn = [need for need in needs(selection) if need.at(need.panel.lengths[-1]).verdict.means]
    if not drawn:
        return
    strips = [_strip(need) for need in drawn]
    rows = pd.concat([_rows(need) for need in drawn])
    seeds = sorted({len(need.panel.seeds) for need in drawn})
    lengths = sorted({need.panel.lengths[-1] / need.panel.train_length for need in drawn})
    shortcuts = list(_shortcuts(drawn))
    several = any(not row.encoding for strip in strips for row in strip.rows)
    yield Exhibit(
        id="bottom-line",
        title=t("Every seed at the longest length"),
        alt=t(
            "One strip per need, one row per encoding, best mean first, and one dot per seed. {strips}",
            strips=sentences(*map(_in_words, strips)),
        ),
        caption=sentences(
            t(
                "Dots: single seeds ({seeds} per encoding) at {places}; upright stroke: their mean; dashed: chance. "
                "No interval is drawn. Green: best, or among the best. Further right is better. An accuracy runs from "
                "chance to perfect; a loss, on a scale of its own, from guessing to the best seed.",
                seeds=listed(seeds),
                places=listed(map(spelled, lengths)),
            ),
            t("Dash-dotted: the best shortcut ({names}).", names=language().semicolon.join(shortcuts))
            if shortcuts
            else "",
            t("Encodings beyond the first {n} share a row.", n=DRAWN - 1) if several else "",
        ),
        picture=render(bottom_line(strips, styles), "svg"),
        format="svg",
        data=seed_data(rows),
        models=models_behind(rows),
        measured=records_behind(rows),
    )


def _rows(need: Need) -> pd.DataFrame:
    """The values that a strip draws."""
    rows = need.panel.headline
    here = (rows["length"] == need.panel.lengths[-1]) & (rows["league"] == need.league)
    return rows[here & rows["value"].notna()]


def _shortcuts(drawn: Sequence[Need]) -> Iterator[str]:
    """The shortcuts that are drawn, by need."""
    for need in drawn:
        floor = Floor.of(_rows(need))
        if floor.matters:
            shortcut = t("{name} ({remarks})", name=said(floor.name), remarks=f"{floor.shortcut:.2f}")
            yield t("{task}: {shortcut}", task=need.name, shortcut=shortcut)


def _strip(need: Need) -> Strip:
    panel, rows = need.panel, _rows(need)
    metric = METRICS[panel.metric]
    called = names(panel)
    values = {
        Who(str(trained_with), str(encoding)): tuple(own["value"])
        for (trained_with, encoding), own in rows.groupby(["trained_with", "encoding"])
    }
    place = spelled(panel.lengths[-1] / panel.train_length)
    best = (min if metric.lower_is_better else max)(rows["value"])
    return Strip(
        title=t(
            "{need}, {place}: {metric}", need=need.name, place=place, metric=metric_label(panel.metric, with_unit=False)
        ),
        rows=tuple(_drawn(need, values, called)),
        floor=Floor.of(rows),
        perfect=metric.perfect if metric.bounded else float(best),
        lower_is_better=metric.lower_is_better,
    )


def _drawn(need: Need, values: dict[Who, tuple[float, ...]], called: dict[Who, str]) -> Iterator[Row]:
    verdict = need.at(need.panel.lengths[-1]).verdict
    ordered = list(verdict.means)
    own = ordered if len(ordered) <= DRAWN else ordered[: DRAWN - 1]
    for who in own:
        mean = verdict.sign * verdict.means[who]
        best = verdict.mark(who) in ("best", "among the best")
        yield Row(label=called[who], encoding=who.encoding, values=values[who], mean=mean, best=best)
    if rest := ordered[len(own) :]:
        pooled = tuple(value for who in rest for value in values[who])
        yield Row(label=t("{n} others", n=len(rest)), encoding="", values=pooled, mean=math.nan)


def _in_words(strip: Strip) -> str:
    means: Sequence[str] = [f"{row.label} {row.mean:.2f}" for row in strip.rows if row.encoding]
    return t("{title}: {means}.", title=strip.title, means=listed(means))
