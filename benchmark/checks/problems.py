"""A task to be checked, and what its rows must be: arrays, tokens, targets, lengths, and reproducible randomness."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

import torch
from torch import Tensor

from benchmark.catalogue import Choice, Parameter
from benchmark.checks.outcome import Finding, fact, held, listed, raised, spared
from benchmark.checks.randomness import states
from benchmark.interrupts import pass_on
from benchmark.metrics import headlines
from benchmark.seeds import generator
from benchmark.tasks import make
from benchmark.tasks.task import UNSCORED, Batch, Language, Task
from benchmark.timing.sampling import FLOOR, rates
from benchmark.training.asked import Asked

MULTIPLES = (1, 2, 4, 8, 16)  # of the trained length
SHORTEST = 3  # of the shortest lengths
SIZE = 5  # rows of a batch
MANY = 64  # rows, so that two batches are not alike by chance, and rare rows are seen
UNLIKELY: dict[type, tuple[Parameter, ...]] = {int: (-1, 0), float: (-1.0, 2.0), str: ("no-such-value",)}
ROUNDS = 3  # of drawing, to measure its speed


@dataclass(frozen=True, kw_only=True)
class Problems:
    """A task, and the length it is trained at."""

    choice: Choice
    train_length: int

    def task(self) -> Task:
        """A new instance of the task."""
        return make(self.choice)

    @cached_property
    def length(self) -> int:
        """The trained length, or the shortest one if that is longer."""
        return max(self.train_length, self.task().shortest())

    @cached_property
    def lengths(self) -> list[int]:
        """The three shortest lengths, and the multiples of the trained length."""
        shortest = self.task().shortest()
        return sorted({*range(shortest, shortest + SHORTEST), *(multiple * self.length for multiple in MULTIPLES)})

    @cached_property
    def drawn(self) -> dict[int, list[Batch] | str]:
        """The training rows, then the test rows, of each length; or the exception as a line."""
        return {length: self._drawn(length) for length in self.lengths}

    def _drawn(self, length: int) -> list[Batch] | str:
        try:
            task = self.task()
            return [task.sample(SIZE, length, generator("check", length)), *task.evaluation(length)]
        except BaseException as error:  # the author's own code: it may do anything
            pass_on(error)
            return raised(error)

    @cached_property
    def asked(self) -> dict[int, Asked]:
        """The test rows of a run at each multiple of the trained length."""
        lengths = (multiple * self.length for multiple in MULTIPLES)
        return {length: Asked.of(self.task(), length, self.length) for length in lengths}

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """Every batch, of the lengths that can be drawn."""
        drawn = [(length, batches) for length, batches in self.drawn.items() if not isinstance(batches, str)]
        if not drawn:
            raise ValueError(f"no length can be drawn: {next(iter(self.drawn.values()))}")
        yield from ((length, batch) for length, batches in drawn for batch in batches)


def description(problems: Problems) -> Finding:
    """The attributes that `list`, the report and the choice of encodings read are set and valid."""
    task = problems.task()
    wrong = [name for name in ("title", "group", "definition") if not getattr(task, name, None)]
    if not str(getattr(task, "source", "")).startswith("http"):
        wrong.append("source")
    if getattr(task, "metric", None) not in headlines(language=task.language):
        wrong.append("metric")
    if task.language != isinstance(task, Language):
        wrong.append("language")
    digits = task.digits
    count = 10 if task.numbers else 0
    if not len(digits) == len(set(digits)) == count or not all(0 <= digit < task.vocabulary for digit in digits):
        wrong.append("digits")
    marks = task.marks
    known = len(marks) == len(set(marks)) and all(0 <= mark < task.vocabulary for mark in marks)
    if not known or (marks and not task.segments):
        wrong.append("marks")
    return held(not wrong, f"missing or wrong: {listed(wrong)}")


def arrays(problems: Problems) -> Finding:
    """Tokens and targets are int64 tensors [rows, tokens] on the CPU."""
    wrong = [
        f"{name} {_form(values)}"
        for _, batch in problems.batches()
        for name, values in (("tokens", batch.tokens), ("targets", batch.targets))
        if not _is_array(values) or values.shape != batch.tokens.shape
    ]
    return held(not wrong, f"not int64 of shape [rows, tokens], or of different shapes: {listed(wrong)}")


def _is_array(values: object) -> bool:
    return (
        isinstance(values, Tensor) and values.dtype == torch.int64 and values.dim() == 2 and values.device.type == "cpu"
    )


def _form(values: object) -> str:
    if not isinstance(values, Tensor):
        return type(values).__name__
    return f"{values.dtype} {list(values.shape)} on {values.device.type}".removeprefix("torch.")


def width(problems: Problems) -> Finding:
    """Rows have the width that `tokens` states."""
    task = problems.task()
    wrong = [
        f"{batch.tokens.shape[1]} where tokens({length}) is {task.tokens(length)}"
        for length, batch in problems.batches()
        if batch.tokens.shape[1] != task.tokens(length)
    ]
    return held(not wrong, f"rows of a different width: {listed(wrong)}")


def vocabulary(problems: Problems) -> Finding:
    """Every token and every scored target is an id of the vocabulary."""
    size = problems.task().vocabulary
    ids = torch.cat([torch.cat((batch.tokens.flatten(), scored(batch))) for _, batch in problems.batches()])
    low, high = int(ids.min()), int(ids.max())
    return held(0 <= low and high < size, f"ids from {low} to {high}, in a vocabulary of {size}")


def scored(batch: Batch) -> Tensor:
    """The scored targets of all rows."""
    return batch.targets[batch.targets != UNSCORED]


def scores(problems: Problems) -> Finding:
    """Every row has a scored target."""
    few = {*problems.lengths[:SHORTEST], problems.length}
    drawable = [length for length in problems.lengths if length in few and not isinstance(problems.drawn[length], str)]
    many = [(length, problems.task().sample(MANY, length, generator("check", "many"))) for length in drawable]
    empty = [
        f"{count} of length {length}"
        for length, batch in (*problems.batches(), *many)
        if (count := int((batch.targets == UNSCORED).all(dim=1).sum()))
    ]
    return held(not empty, f"rows without a scored target: {listed(empty)}")


def every_length(problems: Problems) -> Finding:
    """The shortest lengths, and all lengths of a run, have the rows asked for, test rows, and a chance level."""
    task = problems.task()
    metric = task.metric
    wrong = []
    for length, batches in problems.drawn.items():
        if isinstance(batches, str):
            wrong.append(f"{length} ({batches})")
        elif len(batches[0].tokens) != SIZE or not sum(len(batch.tokens) for batch in batches[1:]):
            wrong.append(f"{length} (not the {SIZE} rows asked for, or no test rows)")
        elif metric not in task.chance(length):
            wrong.append(f"{length} (chance gives no {metric})")
    return held(
        not wrong, f"of the lengths {', '.join(map(str, problems.lengths))}, these do not work: {listed(wrong)}"
    )


def same_batch(problems: Problems) -> Finding:
    """Equal generators give equal batches, also from another task object and in any global random state."""
    first, again = (_sample(problems, "golden") for _ in range(2))
    same = torch.equal(first.tokens, again.tokens) and torch.equal(first.targets, again.targets)
    return held(
        same, f"equal generators give {'equal batches, hash ' + digest([first]) if same else 'different batches'}"
    )


def other_batch(problems: Problems) -> Finding:
    """Different generators give different batches."""
    same = torch.equal(_sample(problems, "golden").tokens, _sample(problems, "other").tokens)
    return held(not same, f"different generators give {'the same batch' if same else 'different batches'}")


def _sample(problems: Problems, seed: str) -> Batch:
    return problems.task().sample(MANY, problems.length, generator("check", seed))


def fixed_test(problems: Problems) -> Finding:
    """The test rows are the same at every call."""
    length = problems.length
    first, again = ([*problems.task().evaluation(length)] for _ in range(2))
    same = digest(first) == digest(again)
    rows = sum(len(batch.tokens) for batch in first)
    said = f"fixed, hash {digest(first)}" if same else "not the same in two calls"
    return held(same, f"{rows} test rows of length {length}: {said}")


def digest(batches: Iterable[Batch]) -> str:
    """A hash of rows, 12 hexadecimal digits, to be noted and compared on another day or machine."""
    content = hashlib.sha256()
    for batch in batches:
        content.update(batch.tokens.numpy().tobytes() + batch.targets.numpy().tobytes())
    return content.hexdigest()[:12]


def random_state(problems: Problems) -> Finding:
    """Making the task and drawing rows leave the global generators unchanged."""
    before = states()
    task = problems.task()
    task.sample(SIZE, problems.length, generator("check"))
    list(task.evaluation(problems.length))
    after = states()
    return held(
        before == after, f"global generators changed: {listed(name for name in before if before[name] != after[name])}"
    )


def parameters(problems: Problems) -> Finding:
    """Nonsensical values of each parameter are refused with a ValueError, or else give sound rows."""
    tried = [(name, value) for name, default in problems.choice.parameters.items() for value in _unlikely(default)]
    if not tried:
        return spared("it has no parameters")
    wrong = [f"{name}={value}: {fault}" for name, value in tried if (fault := _fault(problems, name, value))]
    return held(not wrong, f"{len(tried)} values tried; neither refused nor sound: {listed(wrong)}")


def _unlikely(default: Parameter) -> tuple[Parameter, ...]:
    return (not default,) if isinstance(default, bool) else UNLIKELY[type(default)]


def _fault(problems: Problems, name: str, value: Parameter) -> str:
    """The fault with one parameter changed; empty if the value is refused, or gives sound rows."""
    choice = replace(problems.choice, parameters={**problems.choice.parameters, name: value})
    try:
        task = make(choice)
    except ValueError:
        return ""
    length = max(problems.length, task.shortest())
    try:
        batch = task.sample(SIZE, length, generator("check"))
    except Exception as error:
        return f"accepted, then {raised(error)}"
    ids = torch.cat((batch.tokens.flatten(), scored(batch)))
    good = batch.tokens.shape == (SIZE, task.tokens(length)) and bool(((ids >= 0) & (ids < task.vocabulary)).all())
    return "" if good else "accepted, with rows of a different width or ids outside the vocabulary"


def sizes(problems: Problems) -> Finding:
    """The tokens and scored targets of a row."""
    task = problems.task()
    said = []
    for length in (problems.length, MULTIPLES[-1] * problems.length):
        batch = task.sample(MANY, length, generator("check"))
        said.append(f"length {length}: {task.tokens(length)} tokens, {len(scored(batch)) / MANY:.1f} scored")
    return fact(f"{'; '.join(said)}; vocabulary {task.vocabulary}")


def speed(problems: Problems) -> Finding:
    """Tokens drawn per second, as in training, compared with the rate that every task of this package promises."""
    task = problems.task()
    said = []
    for length in (problems.length, MULTIPLES[-1] * problems.length):
        rate = median(rates(task, batch=MANY, length=length, rounds=ROUNDS))
        said.append(f"{rate:,.0f} tokens per second at length {length}")
    threads = torch.get_num_threads()
    return fact(f"{', '.join(said)}, with {threads} threads (built-in tasks: at least {FLOOR:,} with one)")
