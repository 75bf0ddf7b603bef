"""The section "How far it can be stretched": what an engineer with a checkpoint asks first, for each text."""

from collections.abc import Iterator, Sequence

from benchmark.metrics import METRICS
from benchmark.reports.page.fields import name_field
from benchmark.reports.page.findings import needs
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.sentences import names
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, spelled
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.points import by_quality
from benchmark.reports.stats.stretch import LOSS, Outcome, Step, Stretch, stretches
from benchmark.reports.stats.verdict import Who
from benchmark.reports.tables.tasks import is_language
from benchmark.reports.words import Phrases, later, listed, sentences, t

OUTCOMES = Phrases(
    {
        "gains": later("gains from the longer context"),
        "loses": later("loses to cutting it"),
        "alike": later("as good as cutting it"),
        "undecided": later("not decided"),
    }
)


def section(selection: Selection) -> Section | None:
    """How far, by which scaling, at what loss within L, and what retrieval says; None for models trained here."""
    panels = [panel for panel in selection.panels if panel.task_record.spec.checkpoint is not None]
    if not panels:
        return None
    texts = [panel for panel in panels if is_language(panel.task_record)]
    return Section(
        id="stretch",
        title=t("How far it can be stretched"),
        lines=tuple(_lines(panels)),
        terms=(*(term for panel in texts for term in _terms(selection, panel)), *_retrieval(selection)),
        tables=tuple(table for panel in texts for table in _table(selection, panel)),
    )


def _lines(panels: Sequence[Panel]) -> Iterator[str]:
    checkpoints = {panel.task_record.spec.checkpoint: panel for panel in panels}
    for checkpoint, panel in checkpoints.items():
        assert checkpoint is not None
        yield t(
            "{name} ({architecture}, {parameters:,g} million parameters) was trained on rows of up to L = {length:,} "
            "tokens. Nothing was trained here: each encoding takes the place of its rope as it reads.",
            name=checkpoint.name,
            architecture=checkpoint.architecture,
            parameters=float(f"{panel.task_record.parameters / 1e6:.3g}"),
            length=panel.train_length,
        )
    yield t(
        "Anyone with a long text can also cut it and have the model read only its last L tokens, with its own rope. A "
        "longer context gains if it lowers the loss of the same tokens against that cut, on most documents and by more "
        "than {margin:g} nats in the median. Gains and losses are shown at the 5 % level, over all encodings and "
        "lengths past L together; “not decided” does not mean equal.",
        margin=METRICS[LOSS].margin,
    )
    if any(who.partition(":")[0] == "longrope" for panel in panels for who in panel.table["encoding"].unique()):
        yield t("longrope was not fitted to the checkpoint: it reads with the values that its search would start from.")


def _terms(selection: Selection, panel: Panel) -> Iterator[tuple[str, str]]:
    """The first three questions, on one text."""
    called, found = names(panel), stretches(panel.table)
    text = panel.task_record.spec.task.corpus or panel.task
    if not found:
        yield (
            t("How far · {text}", text=text),
            t("Nothing can be said: it takes rope at L, and a length past L; add them with --lengths and --encodings."),
        )
        return
    yield t("How far · {text}", text=text), _how_far(found, called)
    last = panel.lengths[-1]
    place = next(need for need in needs(selection) if need.panel is panel).at(last)
    yield t("By which scaling · {text}", text=text), sentences(place.sentence, place.without_value)
    yield t("At what loss within L · {text}", text=text), _within(selection, panel, called)


def _how_far(found: Sequence[Stretch], called: dict[Who, str]) -> str:
    gaining = [
        t("{name} up to {place}", name=called[own.who], place=spelled_short(own.gains_to))
        for own in found
        if own.gains_to is not None
    ]
    losing = [
        t("{name} from {place}", name=called[own.who], place=spelled_short(own.loses_from))
        for own in found
        if own.loses_from is not None
    ]
    open_ = [called[own.who] for own in found if own.gains_to is None and own.loses_from is None]
    return sentences(
        t("Reading past L is shown to gain: {names}.", names=listed(gaining))
        if gaining
        else t("No encoding is shown to gain from reading past L."),
        t("It is shown to lose: {names}.", names=listed(losing)) if losing else "",
        t("Neither is shown: {names}.", names=listed(open_)) if open_ else "",
    )


def _within(selection: Selection, panel: Panel, called: dict[Who, str]) -> str:
    """The loss of the reference at L, and what each other encoding adds to it, in the median over documents."""
    verdict = selection.verdict(panel, panel.train_length)
    own = Who(selection.reference, selection.reference)
    if own not in verdict.means:
        return t("Nothing can be said: {reference} was not measured at L.", reference=selection.reference)
    others = sorted(
        (selection.difference(panel, panel.train_length, who, own).value, called[who])
        for who in verdict.means
        if who != own
    )
    mean = t(
        "At L, {reference} has a mean loss of {mean:.3f} nats per token.",
        reference=selection.reference,
        mean=verdict.sign * verdict.means[own],
    )
    added = t(
        "Against it, in the median over documents: {names}.",
        names=listed(f"{name} {value:+z.3f}" for value, name in others),
    )
    return sentences(mean, added if others else "")


def _retrieval(selection: Selection) -> Iterator[tuple[str, str]]:
    """What every retrieval task says at the longest length, and at L."""
    for need in needs(selection):
        if need.panel.task_record.spec.checkpoint is not None and not is_language(need.panel.task_record):
            yield need.name, need.finding


def _table(selection: Selection, panel: Panel) -> Iterator[Table]:
    found = {own.who: own for own in stretches(panel.table)}
    if not found:
        return
    past = [length for length in panel.lengths if length > panel.train_length]
    yield Table(
        caption=t(
            "{task}: the median gain over documents, in nats per token, against cutting the context to L; its 95 % "
            "interval in brackets from 6 documents on, otherwise the lowest and the highest. Best mean loss at the "
            "longest length first.",
            task=panel.task,
        ),
        columns=(t("encoding"), *(column for _ in past for column in (t("gain"), t("verdict")))),
        groups=tuple(Group(title=spelled_short(length / panel.train_length), span=2) for length in past),
        words=frozenset(2 * index + 2 for index in range(len(past))),
        rows=tuple(
            (name_field(*name), *(field for length in past for field in _fields(found.get(Who(*name[:2])), length)))
            for name in by_quality(panel.headline)
        ),
    )


def _fields(own: Stretch | None, length: int) -> tuple[Field, Field]:
    step = next((each for each in own.steps if each.length == length), None) if own else None
    if step is None:
        return Field(text=NOTHING), Field(text=NOTHING)
    outcome: Outcome = step.outcome
    return Field(text=_spread(step.effect)), Field(text=OUTCOMES[outcome], details=(_counted(step),))


def _counted(step: Step) -> str:
    return t("better on {wins} of {n} documents", wins=step.duel.wins, n=step.duel.n)


def _spread(effect: Effect) -> str:
    return effect.spelled() or NOTHING


def spelled_short(multiple: float | None) -> str:
    """A multiple of L in words, with three digits at most."""
    return "" if multiple is None else spelled(float(f"{multiple:.3g}"))
