"""The sections of a report that are words and tables: summary, what was run, cost, troubles, how to read it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.reports import aggregate
from benchmark.reports.evidence import Evidence, Panel
from benchmark.reports.figures import METRICS, arrow
from benchmark.reports.parts import Cell, Group, Section, Table
from benchmark.reports.statistics import LEAGUES, NOTHING, STATUSES, arranged, mean_interval, seeds_phrase, spell
from benchmark.reports.words import Phrases, later, listed, said, t
from benchmark.results.record import TrainRecord

KINDS = Phrases(  # of records, for people
    {
        "training": later("training"),
        "evaluation": later("evaluation"),
        "probe": later("probe"),
        "file": later("file"),
        "timing file": later("timing file"),
    }
)
OPERATIONS = Phrases(  # of the timing suite
    {"forward": later("forward"), "training_step": later("training step"), "decode": later("decode")}
)


def summary(evidence: Evidence) -> Section:
    """Encodings x tasks, at the trained and at the longest length."""
    lines = [
        t(
            "L is the trained length. Each value is the mean over seeds, with its 95 % interval in brackets below it. "
            "“best” marks the best mean of a column. “tied” marks values that these seeds cannot tell from it: "
            "the interval of the paired difference includes zero. Where several share the best mean, all are tied."
        ),
    ]
    if (evidence.shown["encoding"] != evidence.shown["trained_with"]).any():
        lines.append(
            t(
                "“No further training” marks encodings that are applied at test time alone, to the trained models of "
                "the encoding that they stand under."
            )
        )
    if evidence.shown["league"].any():
        lines.append(
            t(
                "An encoding that reads digits knows more than positions, and runs on tasks that write numbers alone. "
                "It is in a league of its own: neither it nor the others are ranked against each other."
            )
        )
    if min((len(panel.seeds) for panel in evidence.panels), default=2) < 2:
        lines.append(t("With one seed there is no interval, and no two encodings can be told apart."))
    if evidence.left_out:
        lines.append(
            t(
                "Not shown, because only equal settings can be compared: {n} of the {all} evaluations in the results "
                "folder, of other sizes or budgets.",
                n=evidence.left_out,
                all=evidence.frame["eval_key"].nunique(),
            )
        )
    tables = (_summary_table(evidence),) if evidence.panels else ()
    return Section(id="summary", title=t("Summary"), lines=tuple(lines), tables=tables)


def _summary_table(evidence: Evidence) -> Table:
    rows = evidence.summary
    by_place = {(row["encoding"], row["setting"], row["task"]): row for row in rows.to_dict("records")}
    groups, columns = [], [t("encoding")]
    for panel in evidence.panels:
        better = arrow(lower_is_better=bool(panel.headline["lower_is_better"].iloc[0]))
        detail = t("{metric}, {better}", metric=unit(panel), better=better)
        groups.append(Group(title=panel.task, span=3, detail=detail))
        columns += [f"L = {panel.train_length}", place(panel, panel.lengths[-1]), t("ratio")]
    return Table(
        caption=t("Encodings × tasks. {seeds}.", seeds=seeds_phrase([len(panel.seeds) for panel in evidence.panels])),
        columns=tuple(columns),
        groups=tuple(groups),
        rows=tuple(
            (
                name_cell(trained_with, encoding, league),
                *(
                    cell
                    for panel in evidence.panels
                    for cell in summary_cells(by_place.get((encoding, panel.setting, panel.task)))
                ),
            )
            for trained_with, encoding, league in arranged(rows)
        ),
    )


def name_cell(trained_with: str, encoding: str, league: str) -> Cell:
    """An encoding as the first field of a row, with what must be known before it is compared."""
    details = []
    if trained_with != encoding:
        details.append(t("on {encoding}, no further training", encoding=trained_with))
    if league:
        details.append(t("{league}: a league of its own", league=LEAGUES.get(league, league)))
    return Cell(text=encoding, details=tuple(details))


def summary_cells(row: Mapping[Any, Any] | None) -> tuple[Cell, Cell, Cell]:
    """The value at L, at the longest length, and the ratio, of a row of the summary."""
    if row is None:
        return (Cell(text=t("not run")),) * 3
    ratio = row["ratio"]
    return (
        _summary_cell(row, "at_trained"),
        _summary_cell(row, "at_longest"),
        Cell(text=f"{ratio:.2f}" if math.isfinite(ratio) else NOTHING),
    )


def _summary_cell(row: Mapping[Any, Any], where: str) -> Cell:
    mean, low, high, n = (float(row[f"{where}_{name}"]) for name in ("mean", "low", "high", "n"))
    mark = "best" if row[f"{where}_best"] else "tied" if row[f"{where}_tied"] else ""
    return value_cell(mean, low, high, row[f"{where}_status"], int(n), row["seeds"], mark)


def value_cell(mean: float, low: float, high: float, status: str, n: int, seeds: int, mark: str = "") -> Cell:
    """A value with its interval, and the number of seeds where it is fewer than the grid's."""
    text, _, interval = spell(mean, low, high, status).partition(" ")
    fewer = t("{n} of {all} seeds", n=n, all=seeds) if 0 < n < seeds else ""
    return Cell(text=text, details=tuple(part for part in (interval, fewer) if part), mark=mark)


def unit(panel: Panel) -> str:
    """The metric of a panel and its unit."""
    return METRICS.get(panel.metric, panel.metric)


def place(panel: Panel, length: int) -> str:
    """A length as a multiple of the trained one: "16L = 1024"."""
    multiple = length / panel.train_length
    return f"L = {length}" if multiple == 1 else f"{multiple:g}L = {length}"


def run(evidence: Evidence, command: str | None) -> Section:
    """What was run, on what, when, and how to run it again."""
    lines = [_when(evidence.trainings)]
    lines.append(
        t("To run it again (it resumes, and does nothing where all is there):")
        if command
        else t("The settings below, with the encodings, lengths and seeds named, decide every result.")
    )
    tables = (_settings(evidence), _machines(evidence.trainings))
    return Section(id="run", title=t("What was run"), lines=tuple(lines), tables=tables, code=command)


def _when(trainings: Sequence[TrainRecord]) -> str:
    days = sorted({f"{record.created:%Y-%m-%d}" for record in trainings})
    if len(days) == 1:
        return t("{n} models were trained, {day} (UTC).", n=len(trainings), day=days[0])
    return t("{n} models were trained, {first} to {last} (UTC).", n=len(trainings), first=days[0], last=days[-1])


def _settings(evidence: Evidence) -> Table:
    rows = [_setting_row(evidence, panel) for panel in evidence.panels]
    columns = (
        *(t("task"), "L", t("lengths"), t("seeds"), t("steps"), t("batch"), t("learning rate")),
        *(t("model"), t("precision"), t("text")),
    )
    return Table(
        caption=t(
            "Settings: the same for every encoding. Lengths in tokens as the task counts them; model as layers × "
            "width, heads."
        ),
        columns=columns,
        rows=tuple(rows),
        words=frozenset({2, 3, 7, 8, 9}),
        wraps=9,
    )


def _setting_row(evidence: Evidence, panel: Panel) -> tuple[Cell, ...]:
    record = next(evidence.trained(panel))
    spec = record.spec
    texts = (
        panel.task,
        str(spec.budget.train_length),
        listing(panel.lengths),
        listing(panel.seeds),
        f"{spec.budget.steps:,}",
        str(spec.budget.batch),
        f"{spec.budget.learning_rate:g}",
        t("{layers} × {width}, {heads} heads", **spec.model.model_dump(include={"layers", "width", "heads"})),
        spec.precision,
        _text(record),
    )
    return tuple(Cell(text=text) for text in texts)


def _text(record: TrainRecord) -> str:
    if record.spec.task.corpus is None:
        return NOTHING
    facts = [record.spec.task.corpus]
    if record.unknown_rate is not None:
        facts.append(f"{record.unknown_rate:.2%} <unk>")
    if record.characters_per_token is not None:
        facts.append(t("{n:.2f} characters a token", n=record.characters_per_token))
    return listed((*facts, *record.text_notes))


def _machines(trainings: Sequence[TrainRecord]) -> Table:
    found: dict[tuple[str, ...], int] = {}
    for record in trainings:
        here = record.environment
        key = (here.processor, here.device, str(here.threads), here.platform, here.python, here.torch, here.benchmark)
        found[key] = found.get(key, 0) + 1
    rows = tuple(tuple(Cell(text=text) for text in (*key, str(count))) for key, count in sorted(found.items()))
    columns = (
        *(t("processor"), t("device"), t("threads"), t("platform"), "Python", "torch"),
        *(t("this package"), t("models trained")),
    )
    return Table(caption=t("Machines and versions."), columns=columns, rows=rows, words=frozenset({1, 3}))


def cost(evidence: Evidence, timings: pd.DataFrame) -> Section:
    """Parameters, speed of training, and the timing suite's ratios when there are some."""
    lines = (
        t(
            "Tokens per second are measured while training, on the machines named under “What was run”, often several "
            "models at a time: compare them within a column only. The timing suite (python -m benchmark time) measures "
            "each encoding interleaved with none, on its own."
        ),
    )
    tables = [_cost_table(evidence)] if evidence.panels else []
    if not timings.empty:
        tables.append(_timing_table(timings))
    return Section(id="cost", title=t("Cost"), lines=lines, tables=tuple(tables))


def _cost_table(evidence: Evidence) -> Table:
    panels = evidence.panels
    names = sorted({name for panel in panels for name in panel.table["trained_with"]})
    return Table(
        caption=t(
            "Parameters of the whole model and of the encoding alone; tokens per second in training, mean over "
            "seeds. {seeds}.",
            seeds=seeds_phrase([len(panel.seeds) for panel in panels]),
        ),
        columns=(t("encoding"), *(name for _ in panels for name in (t("parameters"), t("added"), t("tokens/s")))),
        groups=tuple(Group(title=panel.task, span=3, detail=f"L = {panel.train_length}") for panel in panels),
        rows=tuple(
            (Cell(text=name), *(cell for panel in panels for cell in cost_cells(panel, name))) for name in names
        ),
    )


def cost_cells(panel: Panel, encoding: str) -> tuple[Cell, Cell, Cell]:
    """Parameters of the models that were trained with an encoding, its own among them, and tokens per second."""
    models = panel.table[panel.table["trained_with"] == encoding].drop_duplicates("train_key")
    models = models[models["train_seconds"] > 0]
    if models.empty:
        return (Cell(text=t("not run")),) * 3
    speed = mean_interval(list(models["trained_tokens"] / models["train_seconds"]))
    interval = () if math.isnan(speed.low) else (f"[{max(0.0, speed.low):,.0f}, {speed.high:,.0f}]",)
    return (
        Cell(text=f"{models['parameters'].iloc[0]:,}"),
        Cell(text=f"{models['encoding_parameters'].iloc[0]:,}"),
        Cell(text=f"{speed.value:,.0f}", details=interval),
    )


def _timing_table(timings: pd.DataFrame) -> Table:
    kinds = list(dict.fromkeys(zip(timings["device"], timings["operation"], timings["length"], strict=True)))
    rows = {
        (row["encoding"], row["device"], row["operation"], row["length"]): row for row in timings.to_dict("records")
    }
    spans = Counter((device, operation) for device, operation, _ in kinds)
    return Table(
        caption=t(
            "Time relative to none (1 is as fast, 2 takes twice as long): median over interleaved rounds, with a "
            "bootstrap 95 % interval. {rounds} rounds. Columns are lengths in tokens.",
            rounds=_rounds(timings),
        ),
        columns=(t("encoding"), *(str(length) for _, _, length in kinds)),
        groups=tuple(
            Group(title=OPERATIONS.get(operation, operation.replace("_", " ")), span=span, detail=device)
            for (device, operation), span in spans.items()
        ),
        rows=tuple(
            (Cell(text=name), *(_timing_cell(rows.get((name, *kind))) for kind in kinds))
            for name in sorted(set(timings["encoding"]))
        ),
    )


def _rounds(timings: pd.DataFrame) -> str:
    low, high = int(timings["rounds"].min()), int(timings["rounds"].max())
    return str(low) if low == high else t("{low} to {high}", low=low, high=high)


def _timing_cell(row: dict[Any, Any] | None) -> Cell:
    if row is None:
        return Cell(text=NOTHING)
    interval = () if math.isnan(row["low"]) else (f"[{row['low']:.2f}, {row['high']:.2f}]",)
    return Cell(text=f"{row['ratio']:.2f}", details=interval)


def troubles(evidence: Evidence, timing_problems: Sequence[str]) -> Section:
    """Everything that failed, diverged, was unsupported, is missing, or could not be read, with its reason."""
    lost, absent = aggregate.failures(evidence.store), aggregate.missing(evidence.store)
    tables = [
        _trouble_table(t("Failed, diverged, unsupported, superseded or unreadable."), lost, ("what", "status")),
        _trouble_table(t("Missing: cells that the full grid has and the results have not."), absent, ()),
    ]
    unread = tuple((Cell(text=KINDS["timing file"]), Cell(text=problem)) for problem in timing_problems)
    if unread:
        columns, caption = (t("what"), t("reason")), t("Timing files that could not be read.")
        tables.append(Table(caption=caption, columns=columns, rows=unread, words=frozenset({1}), wraps=1))
    kept = tuple(table for table in tables if table.rows)
    line = t("Nothing here is averaged away: a mean with fewer seeds than its grid says so beside its value.")
    lines = (line,) if kept else (t("Nothing failed, and nothing is missing."),)
    return Section(id="troubles", title=t("What failed or is missing"), lines=lines, tables=kept)


def _trouble_table(caption: str, rows: pd.DataFrame, extra: tuple[str, ...]) -> Table:
    """Rows alike but for seed and length are one row."""
    alike: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in rows.to_dict("records"):
        kind = tuple(str(row[name]) for name in ("task", "encoding", *extra, "setting"))
        alike.setdefault((*kind, re.sub(r"\d+", "#", row["reason"])), []).append(row)
    heads = (t("what"), t("status")) if extra else ()
    columns = (t("encoding"), t("task"), *heads, t("seeds"), t("lengths"), t("reason"))
    return Table(
        caption=caption,
        columns=columns,
        rows=tuple(_trouble_row(group, extra) for group in alike.values()),
        words=frozenset(range(1, len(columns))),
        wraps=len(columns) - 1,
    )


def _trouble_row(group: Sequence[dict[Any, Any]], extra: tuple[str, ...]) -> tuple[Cell, ...]:
    first = group[0]
    reasons = list(dict.fromkeys(str(row["reason"]) for row in group))
    reason = reasons[0]
    if len(reasons) > 1:
        reason = t("{reason} (and {n} alike)", reason=reason, n=len(reasons) - 1)
    texts = (
        first["encoding"] or NOTHING,
        first["task"] or NOTHING,
        *(KINDS.get(first[name], STATUSES.get(first[name], first[name])) for name in extra),
        listing(row["seed"] for row in group),
        listing(row["length"] for row in group),
        reason,
    )
    return tuple(Cell(text=str(text)) for text in texts)


def listing(values: Iterable[Any]) -> str:
    """Distinct numbers in order, "—" if there are none."""
    known = sorted({int(value) for value in values if not pd.isna(value)})
    return listed(known) or NOTHING


def reading() -> Section:
    """What the words of the report mean."""
    return Section(
        id="reading", title=t("How to read this"), terms=tuple((said(term), said(meaning)) for term, meaning in TERMS)
    )


TERMS = (
    (
        later("L, 2L, 16L"),
        later(
            "L is the longest sequence that a model met in training. 2L is twice as long. Everything right of the"
            " mark “trained length” is extrapolation: lengths that no model here has seen. Each task counts "
            "length in its own unit: tokens of text, or symbols of the string to copy."
        ),
    ),
    (
        later("seed"),
        later(
            "A repetition with other initial weights and other training data. The same seed of two encodings "
            "shares both, so that their difference is the encoding's and not luck's."
        ),
    ),
    (
        later("95 % interval"),
        later(
            "Where the mean of many more seeds would probably lie (Student's t over the seeds). Wide means: run "
            "more seeds before you believe the mean. It covers the luck of seeds only, not other tasks, texts or "
            "model sizes."
        ),
    ),
    (
        later("best, tied"),
        later(
            "Best is the best mean. Tied is what these seeds cannot tell from it: seed by seed, the difference "
            "from the best has an interval that includes zero. Tied does not mean equal."
        ),
    ),
    (
        later("chance"),
        later(
            "What a guesser reaches who knows the task but not the answer. A value near chance says that nothing "
            "was learned, or that nothing of it is left at that length."
        ),
    ),
    (
        later("extrapolation ratio"),
        later(
            "The value at the longest length divided by the value at L, over the seeds that have both. 1 means "
            "nothing changed. For a share of right answers, 0.3 means that three tenths are left; for a loss, "
            "above 1 is worse. A high ratio of a low value is no achievement: look at the value at L first."
        ),
    ),
    (
        later("loss, bits per character"),
        later(
            "How much the next word surprises the model, in nats per token; 0 is none. At every length it is the "
            "mean over the same target tokens of held-out text, the last L/2 of each row (at most 64), so that a "
            "longer window differs in its context and in nothing else. A flat loss is no proof that far words are"
            " used: read it beside a recall task."
        ),
    ),
    (
        later("lag, depth"),
        later(
            "Of a recall: how many tokens back the answer stands. Of a needle: how far along the text it stands, "
            "0 % at its beginning."
        ),
    ),
    (
        later("crop to L"),
        later(
            "The same target tokens, each shown with exactly the L tokens before it and nothing farther. Only "
            "what is better than that baseline comes from farther context."
        ),
    ),
    (
        later("—"),
        later(
            "Unsupported or missing: the encoding is not defined there (a learned table past its end), or no record is."
        ),
    ),
)
