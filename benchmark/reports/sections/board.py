"""The sections of a leaderboard: the place of every encoding on every task, each task in full, and whose results it is.

A place is a group of the verdict (`Verdict.tiers`): encodings that share one are not told apart.
"""

from collections.abc import Iterator

from benchmark.reports.page.exhibit import MANY
from benchmark.reports.page.families import FAMILIES, family
from benchmark.reports.page.fields import listing, name_field, place, rows_of, summary_fields, unit
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.sources import Sources
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, arrow, seeds_phrase
from benchmark.reports.stats.points import Name, by_quality
from benchmark.reports.stats.verdict import Who, fewest_seeds
from benchmark.reports.words import joined, listed, t
from benchmark.results.record import TrainRecord


def sections(selection: Selection, sources: Sources) -> tuple[Section, ...]:
    """Every section of the page."""
    return (
        _places(selection),
        Section(
            id="tasks",
            title=t("Task by task"),
            lines=(
                t(
                    "Each value is the mean over the encoding's own seeds, with [the lowest and the highest seed] "
                    "below it. Marks and groups are those of the verdict among all encodings of the table. An encoding "
                    "with fewer seeds than others has fewer in common with them, and so is told apart from fewer."
                ),
            ),
            tables=tuple(_task(selection, panel, sources) for panel in selection.panels),
        ),
        _whose(sources),
    )


def _places(selection: Selection) -> Section:
    """Encodings x tasks: the group of each at the longest length."""
    names = by_quality(*(panel.headline for panel in selection.panels))
    fewest = fewest_seeds(len([name for name in names if not name[2]]))
    return Section(
        id="places",
        title=t("Places"),
        lines=(
            t(
                "Encodings with the same number on a task are not told apart: none of them is shown to do better than "
                "another on most seeds. Each one with a higher number is shown to do worse than some encoding of the "
                "group before. Chance of any false word on a task: at most 5 %. Anything shown among so many encodings "
                "takes at least {n} common seeds. “{floor}”: its mean is explained by guessing, or by a simple rule "
                "that misses the point of the task, so it has no place.",
                n=fewest,
                floor=_floor(),
            ),
            t("Encodings are ordered by their mean rank at the longest length of each task. A rank is not a verdict."),
        ),
        tables=(
            Table(
                caption=t("The group of each encoding at the longest length; 1 is best."),
                columns=(t("encoding"), t("family"), *(place(panel, panel.lengths[-1]) for panel in selection.panels)),
                groups=(
                    Group(title="", span=1),
                    *(Group(title=panel.task, span=1, detail=unit(panel)) for panel in selection.panels),
                ),
                rows=tuple(
                    (name_field(*name), _family(name), *(_group(selection, panel, name) for panel in selection.panels))
                    for name in names
                ),
                words=frozenset({1}),
            ),
        ),
    )


def _task(selection: Selection, panel: Panel, sources: Sources) -> Table:
    rows = {(row.trained_with, row.encoding): row for row in rows_of(panel, selection.summary)}
    spec = panel.task_record.spec
    names = by_quality(panel.headline)
    seeds = [panel.own_rows(Who(*name[:2]))["seed"].nunique() for name in names]
    better = arrow(lower_is_better=bool(panel.headline["lower_is_better"].iloc[0]))
    return Table(
        title=panel.title,
        folded=len(selection.panels) > MANY,
        caption=t(
            "{metric}, {better}; mean [{seeds}]; model: {layers} layers, width {width}, {heads} heads.",
            metric=unit(panel),
            better=better,
            seeds=seeds_phrase(seeds),
            **spec.model.model_dump(include={"layers", "width", "heads"}),
        ),
        columns=(
            *(t("encoding"), t("family"), t("group"), f"L = {panel.train_length}", place(panel, panel.lengths[-1])),
            *(t("ratio"), t("seeds"), t("steps × rows"), t("from")),
        ),
        rows=tuple(
            (
                name_field(*name),
                _family(name),
                _group(selection, panel, name),
                *summary_fields(rows.get(name[:2])),
                _seeds(panel, name),
                _budget(selection, panel, name),
                Field(text=listed(sources.of(Who(*name[:2])))),
            )
            for name in names
        ),
        words=frozenset({1, 8}),
        wraps=8,
    )


def _family(name: Name) -> Field:
    own = family(name[1])
    return Field(text=FAMILIES[own] if own else NOTHING)


def _group(selection: Selection, panel: Panel, name: Name) -> Field:
    """The number of an encoding's group at the longest length."""
    verdict, who = selection.verdict(panel, panel.lengths[-1], name[2]), Who(*name[:2])
    if who in verdict.explained:
        return Field(text=_floor())
    return Field(text=next((str(number) for number, tier in enumerate(verdict.tiers, 1) if who in tier), NOTHING))


def _floor() -> str:
    return t("floor")


def _seeds(panel: Panel, name: Name) -> Field:
    """How many seeds an encoding has, and which."""
    seeds = sorted({int(seed) for seed in panel.own_rows(Who(*name[:2]))["seed"]})
    row = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return Field(text=str(len(seeds)), details=(f"{seeds[0]}–{seeds[-1]}" if row else listing(seeds),))


def _budget(selection: Selection, panel: Panel, name: Name) -> Field:
    """What an encoding was trained with: the same for all, except for the learning rate where a sweep chose it."""
    keys = set(panel.own_rows(Who(*name[:2]))["train_key"])
    budget = next(record.spec.budget for record in selection.trainings if record.spec.key in keys)
    return Field(text=f"{budget.steps:,} × {budget.batch}", details=(t("rate {rate:g}", rate=budget.learning_rate),))


def _whose(sources: Sources) -> Section:
    rows = tuple(
        tuple(map(_field, _source(name, [each for each in store.records() if isinstance(each, TrainRecord)])))
        for name, store in sources.stores.items()
    )
    columns = (
        *(t("from"), t("encodings"), t("models trained"), t("protocol"), t("newest record")),
        *(t("processor"), t("device"), "torch", t("this package")),
    )
    table = Table(
        caption=t("What was merged, and where it was trained."),
        columns=columns,
        rows=rows,
        words=frozenset({1, 4, 5, 6, 7, 8}),
        wraps=5,
    )
    line = t(
        "Nobody checked that these results come from the code that they name: whoever doubts one trains it again with "
        "the same command and compares the two folders."
    )
    return Section(id="results", title=t("Whose results"), lines=(line,), tables=(table,))


def _source(name: str, trainings: list[TrainRecord]) -> Iterator[str]:
    own = [record for record in trainings if not record.spec.is_trial]
    places = [record.environment for record in trainings]
    yield name
    yield joined(sorted({record.spec.encoding.label for record in own}))
    yield f"{len(own):,}"
    yield listing(record.spec.protocol for record in own)
    yield f"{max(record.created for record in trainings):%Y-%m-%d}"
    for text in ("processor", "device", "torch", "benchmark"):
        yield listed(sorted({str(getattr(each, text)) for each in places}))


def _field(text: str) -> Field:
    return Field(text=text)
