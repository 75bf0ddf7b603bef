"""From a request to the cells that answer it. No torch: a plan is known at once.

A cell is one trained model and everything measured on it. Encodings that adapt another one at test time share the cell
of the one they adapt. With automatic seeds, a plan holds the cells of all seeds up to the cap; `rounds` says which run.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from benchmark import encodings, tasks
from benchmark.catalogue import Choice
from benchmark.errors import UsageError
from benchmark.experiments import texts
from benchmark.experiments.labels import task_label
from benchmark.experiments.origins import Origin, task_facts, task_spec
from benchmark.experiments.presets import preset
from benchmark.experiments.request import Auto, Request
from benchmark.garbage import uncollected
from benchmark.results.record import RECORDS, MeasuredRecord, TaskFacts
from benchmark.results.spec import (
    TUNING_SEEDS_FROM,
    EncodingSpec,
    EvalSpec,
    Frozen,
    LookSpec,
    MechanismSpec,
    ProbeSpec,
    TrainSpec,
)


class Measure(Frozen):
    """The lengths and looks inside to measure for one encoding on a trained model."""

    origin: Origin
    evaluations: tuple[EvalSpec, ...]
    probes: tuple[LookSpec, ...] = ()

    @property
    def label(self) -> str:
        """The label of the measured encoding in tables."""
        return self.evaluations[0].encoding.label


class Cell(Frozen):
    """One trained model and its measures; or a document, read with a pretrained model."""

    train: TrainSpec
    encoding: Origin
    task: Origin
    facts: TaskFacts  # for the record
    measures: tuple[Measure, ...]
    multiple: float | None = None  # of a trial: its learning rate in units of the task's
    task_name: str = ""  # the task's label; in a plan with several settings of the task, with this one in brackets
    checkpoint: str = ""  # where the pretrained model lies; "" where one is trained

    @property
    def task_label(self) -> str:
        """The name of its task in messages; with the settings in which others of the plan differ."""
        return self.task_name or self.train.task.label

    @property
    def label(self) -> str:
        """Its name in progress messages."""
        name = self.task_label if self.checkpoint else f"{self.task_label} · {self.train.encoding.label}"
        if self.multiple is not None:
            return f"{name} · rate × {self.multiple:g} · trial {self.seed - TUNING_SEEDS_FROM}"
        return f"{name} · {self.unit} {self.seed}"

    @property
    def unit(self) -> str:
        """What its number counts: seeds, or documents."""
        return "document" if self.checkpoint else "seed"

    @property
    def seed(self) -> int:
        """The seed of its weights and its data; the number of the document."""
        return self.train.init_seed

    @cached_property
    def contest(self) -> str:
        """Everything but encoding, seed and learning rate: cells of a plan that agree on it are compared.

        In one plan every encoding has one rate in a contest: the same for all, or the one chosen for it.
        """
        return self.train.model_dump_json(
            exclude={"encoding": True, "init_seed": True, "data_seed": True, "budget": {"learning_rate"}}
        )

    @property
    def cost(self) -> float:
        """The work of its training, in arbitrary units: the longest cells go first. Of a document, tokens to read."""
        if self.checkpoint:
            return 1.0 + sum(spec.length for measure in self.measures for spec in measure.evaluations)
        model, budget = self.train.model, self.train.budget
        weights = 12 * model.layers * model.width**2 + int(self.task.parameters.get("vocabulary", 64)) * model.width
        return float(budget.steps * budget.batch * budget.train_length * weights)


class Span(Frozen):
    """How many seeds a task gets automatically."""

    first: int  # in the first round
    most: int  # the cap


class Plan(Frozen):
    """Every cell of a request."""

    request: Request
    cells: tuple[Cell, ...]
    left_out: tuple[str, ...] = ()  # combinations that were requested but make no sense, a line each
    spans: dict[str, Span] = {}  # by `Cell.contest`; empty unless seeds are automatic
    notes: tuple[str, ...] = ()  # remarks on the caps or on encodings, a line each

    @property
    def unit(self) -> str:
        """What it has several of for each task: "seed" or "document"."""
        return "seed" if self.request.checkpoint is None else "document"

    @cached_property
    def train_keys(self) -> frozenset[str]:
        """The keys of its trained models."""
        return frozenset(cell.train.key for cell in self.cells)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of its trained models and of everything measured on them."""
        measures = (measure for cell in self.cells for measure in cell.measures)
        return self.train_keys | {spec.key for each in measures for spec in (*each.evaluations, *each.probes)}


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An encoding of a request, and the one that its models are trained with, as specs and records know them."""

    own: Choice
    spec: EncodingSpec
    origin: Origin
    trained: EncodingSpec
    trained_origin: Origin

    @classmethod
    def of(cls, choice: Choice) -> "Contender":
        """The contender of a choice. Reads source files, so a plan makes one an encoding, not one a cell."""
        base = trained_with(choice)
        return cls(
            own=choice,
            spec=encoding_spec(choice),
            origin=Origin.of(choice),
            trained=encoding_spec(base),
            trained_origin=Origin.of(base),
        )


@uncollected()
def make_plan(request: Request, fewest: Callable[[int], int] = lambda encodings: 1) -> Plan:
    """The cells of a request: tasks x models x budgets x encodings x seeds, each once.

    `fewest` is the number of seeds at which anything can be shown among so many encodings: automatic seeds start there,
    and go no less far unless the request itself has a lower cap.
    """
    chosen = preset(request.preset)
    seeds = request.seeds if request.seeds is not None else chosen.seeds
    contenders = [Contender.of(choice) for choice in encodings.CATALOGUE.parse(request.encodings)]
    problems = tasks.CATALOGUE.parse(",".join(chosen.tasks) if request.tasks is None else request.tasks)
    request.changes.check_tasks({problem.entry.name for problem in problems})
    texts.refuse_idle(problems, request.corpus, request.text_encoding)
    models = request.changes.models(chosen.model)
    multiples = sorted(set(request.multiples or chosen.multiples))
    cells: dict[str, Cell] = {}
    measures: dict[str, list[Measure]] = {}  # by the key of their model
    spans: dict[str, Span] = {}
    left_out, notes = [], []
    for problem in problems:
        task, origin = task_spec(problem, request.corpus or chosen.corpus, request.text_encoding)
        facts = task_facts(problem.entry)
        refused = {each.spec.label: why for each in contenders if (why := encodings.mismatch(each.own, problem.entry))}
        offered = [each for each in contenders if each.spec.label not in refused]
        left_out += [f"{label} is not offered {task.label}: {why}" for label, why in refused.items()]
        span, remarks = _span(request, _largest_league(offered), fewest)
        notes += remarks
        budgets = request.changes.budgets_for(task.name, chosen.budgets_for(task.name))
        own_seeds = range(span.most) if isinstance(seeds, Auto) else seeds
        for model, budget, contender, seed in product(models, budgets, offered, own_seeds):
            train = TrainSpec(
                task=task,
                encoding=contender.trained,
                model=model,
                budget=budget,
                init_seed=seed,
                data_seed=seed,
                precision=request.precision,
            )
            measures.setdefault(train.key, []).append(
                _measure(train, facts, contender, multiples, inside=request.mechanism)
            )
            if train.key not in cells:
                cell = Cell(train=train, encoding=contender.trained_origin, task=origin, facts=facts, measures=())
                cells[train.key] = cell
                if isinstance(seeds, Auto):
                    spans[cell.contest] = span
    if not cells:
        remedy = "choose a task that has them, such as addition for digits, or corpus for segments"
        raise UsageError(f"nothing to do: {left_out[0]}; {remedy}")
    faults = encodings.CATALOGUE.left_out(request.encodings) + tasks.CATALOGUE.left_out(request.tasks or "")
    return Plan(
        request=request,
        cells=_completed(cells, measures),
        left_out=(*left_out, *faults),
        spans=spans,
        notes=tuple(dict.fromkeys(notes)) if spans else (),
    )


def failures(measure: Measure, reason: str, facts: Mapping[str, Any]) -> Iterator[MeasuredRecord]:
    """A failure record for every evaluation and look inside of a measure."""
    for spec in (*measure.evaluations, *measure.probes):
        yield RECORDS[spec.kind](**facts, status="failed", reason=reason, spec=spec)


def encoding_spec(choice: Choice) -> EncodingSpec:
    """The spec of an encoding."""
    return EncodingSpec(
        name=choice.entry.name,
        parameters=dict(choice.parameters),
        fingerprint=encodings.CATALOGUE.fingerprint(choice),
        label=choice.label,
        reads_digits=encodings.CATALOGUE.reads_digits(choice),
        reads_marks=encodings.CATALOGUE.reads_marks(choice),
    )


def automatic(request: Request) -> bool:
    """True if the seeds of a request come in rounds."""
    return isinstance(preset(request.preset).seeds if request.seeds is None else request.seeds, Auto)


def _completed(cells: Mapping[str, Cell], measures: Mapping[str, Sequence[Measure]]) -> tuple[Cell, ...]:
    """The cells with their measures, and with the names of their tasks in this plan."""
    settings = {_setting(cell): cell.train for cell in cells.values()}
    names = {setting: task_label(train, settings.values()) for setting, train in settings.items()}
    return tuple(
        cell.model_copy(update={"measures": tuple(measures[key]), "task_name": names[_setting(cell)]})
        for key, cell in cells.items()
    )


def _setting(cell: Cell) -> tuple[object, ...]:
    return cell.train.task.label, cell.train.model, cell.train.budget


def _largest_league(contenders: Iterable[Contender]) -> int:
    """The most encodings that are compared with each other: those that read digits or marks are ranked apart."""
    leagues = Counter((each.spec.reads_digits, each.spec.reads_marks) for each in contenders)
    return max(leagues.values(), default=0)


def _span(request: Request, rivals: int, fewest: Callable[[int], int]) -> tuple[Span, list[str]]:
    """The automatic seeds of a task with so many encodings, and a remark where the cap is not simply the preset's."""
    needed, usual = fewest(rivals), preset(request.preset).seeds
    asked = request.seeds.most if isinstance(request.seeds, Auto) else None
    if asked is not None:
        short = f"--seeds auto:{asked} shows nothing among {rivals} encodings: that takes at least {needed} seeds"
        return Span(first=min(needed, asked), most=asked), [short] * (asked < needed and rivals > 1)
    cap = len(usual) if isinstance(usual, tuple) else usual.most or needed
    raised = f"{rivals} encodings: the cap is {needed} seeds, not {cap}, since fewer can show nothing among so many"
    return Span(first=needed, most=max(cap, needed)), [raised] * (cap < needed)


def trained_with(choice: Choice) -> Choice:
    """The encoding to train with: the same one, unless it only adapts another at test time.

    In that case it is the one it is built around, or the one it adapts, with the parameters they share: a model for
    `yarn:base=500000` is trained with `rope:base=500000`.
    """
    adapts = choice.entry.attributes.get("adapts")
    if not isinstance(adapts, str):
        return choice
    around = encodings.CATALOGUE.wrapped(choice)
    if around is not None and around.entry.attributes.get("adapts"):
        raise UsageError(f"{choice.label}: base is {around.label}, but must be an encoding that is trained itself")
    if around is not None:
        return around
    entry = encodings.CATALOGUE.entry(adapts)
    common = {name: value for name, value in choice.parameters.items() if name in entry.defaults}
    return Choice(entry=entry, parameters={**entry.defaults, **common})


def _measure(
    train: TrainSpec, facts: TaskFacts, contender: Contender, multiples: Iterable[int | float], *, inside: bool
) -> Measure:
    key, length = train.key, train.budget.train_length
    evaluations = tuple(
        EvalSpec(train_key=key, encoding=contender.spec, length=int(length * multiple)) for multiple in multiples
    )
    probes: list[LookSpec] = []
    if facts.language:
        probes.append(ProbeSpec(train_key=key, encoding=contender.spec, text="", distances=4 * length))
    if inside:
        probes += [MechanismSpec(train_key=key, encoding=contender.spec, length=each.length) for each in evaluations]
    return Measure(origin=contender.origin, evaluations=evaluations, probes=tuple(probes))
