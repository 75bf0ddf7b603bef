"""The section "What was run": settings, machines and versions, and the command that runs it again."""

from collections.abc import Sequence

from benchmark.reports.page.fields import listing
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, text_note
from benchmark.reports.words import joined, listed, sentences, t
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.spec import ModelSpec


def section(selection: Selection, command: str | None) -> Section:
    """What was run, on what, when, and how to run it again."""
    lines = [sentences(_when(selection.trainings), _fitted(selection))]
    lines.append(
        t("To run it again (this resumes, and does nothing if everything is there):")
        if command
        else t("The settings below, together with the encodings, lengths and seeds named, determine every result.")
    )
    tables = (_settings(selection), _machines(selection.trainings))
    return Section(id="run", title=t("What was run"), lines=tuple(lines), tables=tables, code=command)


def _when(trainings: Sequence[TrainRecord]) -> str:
    days = sorted({f"{record.created:%Y-%m-%d}" for record in trainings})
    if len(days) == 1:
        return t("{n} models were trained, {day} (UTC).", n=len(trainings), day=days[0])
    return t("{n} models were trained, {first} to {last} (UTC).", n=len(trainings), first=days[0], last=days[-1])


def _fitted(selection: Selection) -> str:
    """Which of the encodings shown a search fitted to trained models, and the most it took; "" if it fitted none."""
    shown, took = set(selection.shown["eval_key"]), dict[str, tuple[int, int]]()
    for record in selection.store.records():
        if isinstance(record, EvalRecord) and record.search is not None and record.spec.key in shown:
            one = (record.search.evaluations, record.search.tokens)
            label = record.spec.encoding.label
            took[label] = max(one, took.get(label, one))
    if not took:
        return ""
    names = [
        t("{name} ({n:,} evaluations of the model, on {tokens:,} tokens in all)", name=name, n=n, tokens=tokens)
        for name, (n, tokens) in sorted(took.items())
    ]
    return t(
        "Before they were measured, a search fitted these encodings to each trained model, on rows that no test asks: "
        "{names}.",
        names=joined(names),
    )


def _settings(selection: Selection) -> Table:
    rows = [_setting_row(selection, panel) for panel in selection.panels]
    columns = (
        *(t("task"), "L", t("lengths"), t("seeds"), t("steps"), t("batch"), t("learning rate")),
        *(t("model"), t("precision"), t("text")),
    )
    tuned = any(main.tuned for main in selection.mains)
    return Table(
        caption=sentences(
            t(
                "Settings, the same for every encoding. Lengths are in tokens as the task counts them; the model is "
                "given as layers × width, heads."
            ),
            t("Learning rates listed by encoding were chosen by a sweep.") if tuned else "",
        ),
        columns=columns,
        rows=tuple(rows),
        words=frozenset({2, 3, 7, 8, 9}),
        wraps=9,
    )


def _setting_row(selection: Selection, panel: Panel) -> tuple[Field, ...]:
    record = next(selection.trained(panel))
    spec = record.spec
    texts = (
        panel.task,
        str(spec.budget.train_length),
        listing(panel.lengths),
        listing(panel.seeds),
        f"{spec.budget.steps:,}",
        str(spec.budget.batch),
        _rates(selection, panel),
        _model(spec.model),
        spec.precision,
        _text(record),
    )
    return tuple(Field(text=text) for text in texts)


def _rates(selection: Selection, panel: Panel) -> str:
    """The learning rate, or that of each encoding where a sweep chose it: "alibi 0.009, rope 0.003"."""
    rates = {record.spec.encoding.label: record.spec.budget.learning_rate for record in selection.trained(panel)}
    if not selection.is_tuned(panel):
        return f"{next(iter(rates.values())):g}"
    return listed(f"{name} {rate:g}" for name, rate in sorted(rates.items()))


def _model(model: ModelSpec) -> str:
    size = model.model_dump(include={"layers", "width", "heads"})
    if model.mixing == "conv":
        return t("{layers} × {width}, {heads} heads, short convolution", **size)
    return t("{layers} × {width}, {heads} heads", **size)


def _text(record: TrainRecord) -> str:
    if record.spec.task.corpus is None:
        return NOTHING
    facts = [record.spec.task.corpus]
    if record.unknown_rate is not None:
        facts.append(f"{record.unknown_rate:.2%} <unk>")
    if record.characters_per_token is not None:
        facts.append(t("{n:.2f} characters per token", n=record.characters_per_token))
    return listed((*facts, *map(text_note, record.text_notes)))


def _machines(trainings: Sequence[TrainRecord]) -> Table:
    found: dict[tuple[str, ...], int] = {}
    for record in trainings:
        here = record.environment
        key = (here.processor, here.device, str(here.threads), here.platform, here.python, here.torch, here.benchmark)
        found[key] = found.get(key, 0) + 1
    rows = tuple(tuple(Field(text=text) for text in (*key, str(count))) for key, count in sorted(found.items()))
    columns = (
        *(t("processor"), t("device"), t("threads"), t("platform"), "Python", "torch"),
        *(t("this package"), t("models trained")),
    )
    return Table(caption=t("Machines and versions."), columns=columns, rows=rows, words=frozenset({1, 3}))
