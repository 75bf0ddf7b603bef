"""The section "Summary": encodings x tasks at the trained and at the longest length, the best first."""

from collections.abc import Iterator

from benchmark.reports.page.fields import name_field, place, summary_fields, unit
from benchmark.reports.page.findings import needs
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Group, Table
from benchmark.reports.phrases import arrow, seeds_phrase
from benchmark.reports.stats.points import by_quality
from benchmark.reports.stats.solve_rate import SOLVED
from benchmark.reports.words import t


def section(selection: Selection) -> Section:
    """Encodings x tasks, at the trained and at the longest length, with caveats that apply to these results."""
    lines = [
        t(
            "L is the trained length. Each value is the mean over seeds, with [the lowest and the highest seed] below "
            "it. “Best”: on most seeds it does better than every other encoding that could be best. “Among the best”: "
            "not ruled out as the best, and neither are others. “Highest mean” (of a loss, “lowest mean”): not yet "
            "tested, because so few seeds cannot show anything. “Explained by a shortcut”: a simple rule scores about "
            "as much on the same rows. No mark does not mean shown to be worse: “{paired}” says which are.",
            paired=t("Against the reference"),
        ),
        t("Encodings are ordered by their means at the longest length; over several tasks, by their mean rank there."),
        *_solved(selection),
    ]
    if (selection.shown["encoding"] != selection.shown["trained_with"]).any():
        lines.append(
            t(
                "“No further training” marks encodings that are applied only at test time, to the trained models of "
                "the encoding named below them."
            )
        )
    if selection.shown["league"].any():
        lines.append(
            t(
                "An encoding that reads digits or segment marks knows more than positions, and runs only on tasks that "
                "have them. It is in a league of its own, and is not ranked against the others."
            )
        )
    if min((len(panel.seeds) for panel in selection.panels), default=2) < 2:
        lines.append(t("With one seed there is no range, and no two encodings can be told apart."))
    lines += [
        t("{task}: this headline depends on the setting. {warning}", task=need.panel.task, warning=need.warning)
        for need in needs(selection)
        if need.warning
    ]
    if selection.left_out:
        lines.append(
            t(
                "Only like settings can be compared, so {n} of the {all} evaluations in the results folder are not "
                "shown: they differ in more than learning rate, steps and model size.",
                n=selection.left_out,
                all=selection.frame["eval_key"].nunique(),
            )
        )
    tables = (_table(selection),) if selection.panels else ()
    return Section(id="summary", title=t("Summary"), lines=tuple(lines), tables=tables)


def _solved(selection: Selection) -> Iterator[str]:
    """What "solved" means, if any field says it."""
    values = (value for row in selection.summary for value in (row.at_trained, row.at_longest))
    if any(value.solved is not None and 0 < value.solved < value.estimate.n for value in values):
        yield t(
            "“Solved by k of n seeds” stands where some seeds reach an accuracy of {solved:g} and others do not: the "
            "mean then describes none of them. In brackets: the 95 % interval of the share of all seeds that do.",
            solved=SOLVED,
        )


def _table(selection: Selection) -> Table:
    rows = selection.summary
    by_place = {(row.encoding, row.setting, row.task): row for row in rows}
    groups, columns = [], [t("encoding")]
    for panel in selection.panels:
        better = arrow(lower_is_better=bool(panel.headline["lower_is_better"].iloc[0]))
        detail = t("{metric}, {better}", metric=unit(panel), better=better)
        groups.append(Group(title=panel.task, span=3, detail=detail))
        columns += [f"L = {panel.train_length}", place(panel, panel.lengths[-1]), t("ratio")]
    return Table(
        caption=t(
            "Encodings × tasks: mean [{seeds}].", seeds=seeds_phrase([len(panel.seeds) for panel in selection.panels])
        ),
        columns=tuple(columns),
        groups=tuple(groups),
        rows=tuple(
            (
                name_field(trained_with, encoding, league),
                *(
                    field
                    for panel in selection.panels
                    for field in summary_fields(by_place.get((encoding, panel.setting, panel.task)))
                ),
            )
            for trained_with, encoding, league in by_quality(*(panel.headline for panel in selection.panels))
        ),
    )
