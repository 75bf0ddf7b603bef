"""From a request with a checkpoint to its cells: a cell is one document, read with every encoding at every length.

A document stands where a seed stands in training: its number is both seeds of a TrainSpec whose sizes and L are the
checkpoint's, and which trains for no steps. Records, rounds, verdicts and reports treat documents as seeds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmark import encodings
from benchmark.catalogue import Choice
from benchmark.catalogue.grammar import items, name_and_settings, variants
from benchmark.checkpoints.tasks import CATALOGUE
from benchmark.errors import UsageError, echo, storable
from benchmark.experiments.origins import Origin, task_facts, task_spec
from benchmark.experiments.plan import Cell, Measure, Plan, Span, encoding_spec
from benchmark.experiments.request import TOKENS_FROM, Auto, Request
from benchmark.results.spec import BudgetSpec, CheckpointSpec, EvalSpec, ModelSpec, Precision, TrainSpec

DOCUMENTS = 12
MULTIPLES = (0.25, 1, 1.5, 2)
CORPUS = "sanguo"
OWN = "rope"  # the encoding that every checkpoint here was trained with
EXTRA = "--checkpoint needs transformers, which is not installed: pip install 'position-benchmark[checkpoints]'"


def make_pretrained_plan(request: Request, fewest: Callable[[int], int] = lambda encodings: 1) -> Plan:
    """The cells of a request with a checkpoint: tasks x documents, each with all encodings."""
    assert request.checkpoint is not None
    measured, others = _that_adapt(encodings.CATALOGUE.parse(request.encodings))
    budget, model, checkpoint = _described(request.checkpoint, request.encodings)
    span, documents = _documents(request.seeds, fewest(len(measured)))
    # L is always among them: what lies past it is compared with it.
    lengths = {budget.train_length, *(in_tokens(each, budget.train_length) for each in request.multiples or MULTIPLES)}
    cells: list[Cell] = []
    for problem in CATALOGUE.parse(request.tasks or "default"):
        task, origin = task_spec(problem, request.corpus or CORPUS, request.text_encoding)
        for document in documents:
            train = TrainSpec(
                task=task,
                encoding=encoding_spec(encodings.CATALOGUE.choice(OWN)),
                model=model,
                budget=budget,
                init_seed=document,
                data_seed=document,
                precision=request.precision,
                checkpoint=checkpoint,
            )
            cells.append(
                Cell(
                    train=train,
                    encoding=Origin.of(encodings.CATALOGUE.choice(OWN)),
                    task=origin,
                    facts=task_facts(problem.entry),
                    measures=tuple(_measure(train, choice, lengths) for choice in measured),
                    task_name=task.label,
                    checkpoint=request.checkpoint,
                )
            )
    return Plan(
        request=request,
        cells=tuple(cells),
        left_out=(*encodings.CATALOGUE.left_out(request.encodings), *others),
        notes=(*_unsearched(measured), *_stretched_farther(measured, max(lengths) / budget.train_length)),
        spans={cell.contest: span for cell in cells} if span else {},
    )


def _that_adapt(asked: Sequence[Choice]) -> tuple[list[Choice], list[str]]:
    """The choices for models trained with rope, and a line for each of the others; UsageError if there are only those.

    The group test-time has some of both.
    """
    others = {each.label: each.entry.attributes.get("adapts") for each in asked}
    others = {label: adapted for label, adapted in others.items() if adapted not in (None, OWN)}
    lines = [
        f"{label} adapts models trained with {adapted}, and a checkpoint was trained with {OWN}: left out"
        for label, adapted in others.items()
    ]
    taken = [each for each in asked if each.label not in others]
    if not taken:
        raise UsageError(f"{'; '.join(lines)}; nothing is left: choose encodings that adapt {OWN}")
    return taken, lines


def _unsearched(measured: Iterable[Choice]) -> Iterator[str]:
    """A line for each encoding that fits itself to a model trained here, but not to a checkpoint.

    The search of longrope would read 96 rows of its whole target length: hours for a document, on a processor.
    """
    from benchmark.encodings.encoding import Encoding

    for choice in measured:
        if encodings.CATALOGUE.load(choice.entry).search is not Encoding.search:
            yield (
                f"{choice.label} is not fitted to a checkpoint: it reads with the values that its search would start "
                "from (docs/checkpoints.md)"
            )


def _stretched_farther(measured: Iterable[Choice], longest: float) -> Iterator[str]:
    """A line if encodings are made for longer rows than are read, which costs them loss within L."""
    factors = {choice.label: choice.parameters.get("factor") for choice in measured}
    farther = {label: factor for label, factor in factors.items() if isinstance(factor, float) and factor > longest}
    if farther:
        made = ", ".join(f"{label} ({factor:g} L)" for label, factor in farther.items())
        yield (
            f"made for longer rows than the longest here, {longest:g} L, which costs loss within L: {made}; "
            f"factor={longest:g} stretches no farther than is read"
        )


def in_tokens(length: float, train_length: int) -> int:
    """A length as given: from 64 on in tokens, below in multiples of L."""
    return int(length) if length >= TOKENS_FROM else max(1, int(length * train_length))


def usual_precision(device: str) -> Precision:
    """bfloat16 where the device multiplies it."""
    import torch

    from benchmark.checkpoints.checkpoint import choose_precision
    from benchmark.experiments.machine import on_gpu

    return choose_precision(
        torch.device("cuda" if device == "auto" and on_gpu(device) else device.replace("auto", "cpu"))
    )


def _described(name: str, asked: str) -> tuple[BudgetSpec, ModelSpec, CheckpointSpec]:
    """What specs say of a checkpoint; UsageError in one line for one that cannot be read with what is asked."""
    from benchmark.checkpoints.source import find

    source = find(name)
    try:
        from benchmark.checkpoints.facts import facts, load_config, read_once

        with read_once():
            own = facts(load_config(source))
    except ModuleNotFoundError as error:
        raise UsageError(EXTRA) from error
    _refuse_default_base(asked, own.base)
    budget = BudgetSpec(train_length=own.length, steps=0, batch=1, learning_rate=1.0, warmup_steps=0)
    model = ModelSpec(width=own.width, heads=own.heads, layers=own.layers)
    shown = storable(source.gguf or Path(name).expanduser().resolve().name)
    return budget, model, CheckpointSpec(name=shown, content=source.digest, architecture=own.architecture)


def _refuse_default_base(asked: str, own: float) -> None:
    """Raise UsageError for a base that equals the default, which stands for the checkpoint's own."""
    for variant in (variant for item in items(asked) for variant in variants(item)):
        for setting in name_and_settings(variant)[1]:
            *outer, name = setting.partition("=")[0].split(".")
            choice = encodings.CATALOGUE.choice(variant)
            for _ in outer:
                choice = encodings.CATALOGUE.wrapped(choice) or choice
            default = choice.entry.defaults.get("base")
            if name == "base" and isinstance(default, float) and choice.parameters["base"] == default != own:
                raise UsageError(
                    f"{echo(variant)}: a base of {default:g} is the default, which stands for the checkpoint's own "
                    f"({own:g}); for a base like it, write {default + 1:g}"
                )


def _measure(train: TrainSpec, choice: Choice, lengths: Iterable[int]) -> Measure:
    spec = encoding_spec(choice)
    if spec.reads_digits:
        raise UsageError(f"{echo(choice.label)} reads digits, which the tokens of a checkpoint are not: leave it out")
    evaluations = tuple(EvalSpec(train_key=train.key, encoding=spec, length=length) for length in sorted(lengths))
    return Measure(origin=Origin.of(choice), evaluations=evaluations)


def _documents(asked: tuple[int, ...] | Auto | None, needed: int) -> tuple[Span | None, tuple[int, ...]]:
    """The numbers of the documents; automatic ones up to their cap, with the span that rounds work through."""
    if not isinstance(asked, Auto):
        return None, tuple(range(DOCUMENTS)) if asked is None else asked
    most = asked.most or max(needed, DOCUMENTS)
    return Span(first=min(needed, most), most=most), tuple(range(most))
