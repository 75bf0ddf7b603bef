"""The records of a cell: raw outcomes, never derived figures. Metrics are computed when a report is made.

results/cells/<train key>/train.json            TrainRecord
results/cells/<train key>/weights.safetensors   the trained weights
results/cells/<train key>/<key>.json            EvalRecord, ProbeRecord or MechanismRecord
results/cells/<train key>/<key>.safetensors     its arrays
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, FiniteFloat

from benchmark.results.spec import Count, EvalSpec, Frozen, Hash, MechanismSpec, ProbeSpec, Rate, TrainSpec

SCHEMA = 1

Ranges = tuple[tuple[int, int], ...]
Status = Literal["ok", "failed", "diverged", "unsupported"]


class Environment(Frozen):
    """Where a cell ran."""

    benchmark: str  # version of this package
    python: str
    torch: str
    platform: str
    processor: str
    device: str  # "cpu", or the GPU's name
    threads: int


class TaskFacts(Frozen):
    """What a report must know about a task, so that it can be made on a machine without the task's file."""

    title: str
    metric: str  # the headline metric
    language: bool = False  # its problems are cut from a text
    unlearned: str = ""  # why no preset's model learns it at its trained length; "" where one does
    sweep: tuple[str, str] | None = None  # an axis and the parameter that varies along it: a run per value, one grid


class Record(Frozen):
    """The fields that all records share."""

    schema_version: int = SCHEMA
    status: Status
    reason: str | None = None  # why not "ok", in one line
    created: AwareDatetime
    environment: Environment


class TrainRecord(Record):
    """A trained model, or why there is none."""

    kind: Literal["train"] = "train"
    spec: TrainSpec
    task: TaskFacts | None = None  # None in a record written before tasks were described here
    multiple: Rate | None = None  # of a trial: its learning rate in units of the task's
    parameters: Count = 0  # of the whole model
    encoding_parameters: Count = 0  # those of the encoding
    trained_tokens: Count = 0
    train_seconds: FiniteFloat = 0.0
    peak_memory_bytes: Count | None = None
    weights_hash: Hash | None = None  # of the weights file
    train_steps: list[Count] = []  # steps at which the training loss was noted
    train_losses: list[float] = []  # at those steps, in nats per scored token
    unknown_rate: float | None = None  # share of <unk> among the held-out tokens (language)
    characters_per_token: float | None = None  # of the held-out text (language)
    text_notes: list[str] = []  # what was normalised in the text (language)


class Search(Frozen):
    """What it took to fit an encoding to a trained model before it was measured."""

    evaluations: Count  # of the model
    tokens: Count  # in all of them
    seconds: FiniteFloat


class EvalRecord(Record):
    """A model measured at one length.

    Arrays, for T places and N test rows: `loss_sum` [T] (nats), `correct` [T] and `count` [T], summed over rows at each
    place; `row_loss` [N], `row_correct` [N] and `row_count` [N], summed over places in each row. For each view of the
    task (additional rows): `<view>_loss`, `<view>_correct` and `<view>_count`, by row; likewise for each subset of the
    task's scored places.
    For a task with axes, over all these rows, of shape [ranges of an axis, ...]: `group_loss`, `group_correct` and
    `group_count`, summed over the places of each field; `group_rows`, the rows with a scored place in the field, and
    `group_exact`, the rows with all such places right.
    If the encoding was fitted to the model by a search: `found`, its values, the same at every length.
    """

    kind: Literal["evaluate"] = "evaluate"
    spec: EvalSpec
    tokens: Count = 0  # T: tokens in a row
    chance: dict[str, FiniteFloat] = {}  # by metric
    shortcuts: dict[str, dict[str, FiniteFloat]] = {}  # by name of a simple rule: its score on these rows, by metric
    axes: dict[str, Ranges] = {}  # of the grid: by name, the first and last value of each range
    eval_seconds: FiniteFloat = 0.0
    search: Search | None = None  # None: the encoding has nothing to fit
    arrays_hash: Hash | None = None  # of the arrays file; filled in by the store


class ProbeRecord(Record):
    """A look inside. Arrays: `attention` [layers, H, T, T] and `structure` [layers, H, distances]."""

    kind: Literal["probe"] = "probe"
    spec: ProbeSpec
    words: list[str] = []  # the T tokens of the sentence
    arrays_hash: Hash | None = None


class MechanismRecord(Record):
    """A look inside at one length, on rows of its evaluation (`benchmark/training/mechanism.py` defines each sum).

    Arrays, of shape [layers, H, ranges of queries]: `entropy` (nats) and `uniform`, summed over queries, and `queries`,
    how many those are. Of shape [layers, H]: `position_squares` and `content_squares`, the sums of squares of scores
    between and within pairs of places, and `pairs`, how many those are. Of shape [1 + layers], by the number of layers
    before the residual stream that is probed: `probe_error` and `chance_error` (tokens) and `places`.
    """

    kind: Literal["mechanism"] = "mechanism"
    spec: MechanismSpec
    tokens: Count = 0  # T: tokens in a row
    rows: Count = 0  # whose attention was observed
    queries: Ranges = ()  # by range: the index of its first and its last query
    fitted: Count = 0  # places that the probe of position was fitted on
    look_seconds: FiniteFloat = 0.0
    arrays_hash: Hash | None = None


MeasuredRecord = EvalRecord | ProbeRecord | MechanismRecord
RECORDS: dict[str, Callable[..., MeasuredRecord]] = {
    "evaluate": EvalRecord,
    "probe": ProbeRecord,
    "mechanism": MechanismRecord,
}  # by the kind of their spec


class Share(Frozen):
    """The seeds that one task got in a round."""

    task: str  # its label
    train_length: Count
    seeds: list[Count]


class RoundRecord(Frozen):
    """A round of automatic seeds; whoever decided on the next round had seen this one."""

    ended: AwareDatetime
    shares: list[Share]


class RateRecord(Frozen):
    """The learning rate that a sweep chose for one encoding on one task."""

    task: str  # its label
    train_length: Count
    encoding: str  # its label, as trained
    usual: Rate  # the task's own
    grid: list[Rate]  # those tried
    rate: Rate | None  # the chosen one; None if trials are missing, or all failed or diverged
    trials: list[str]  # keys of the models that it was chosen from


class RunRecord(Frozen):
    """One call of `run`: results/runs/<time>.json. Cells do not depend on it; reports quote its command."""

    schema_version: int = SCHEMA
    created: AwareDatetime
    command: str
    wall_seconds: FiniteFloat
    cells: Count  # done by this call
    train_keys: list[str]  # of the whole plan, whether done earlier or now
    rounds: list[RoundRecord] = []  # of automatic seeds
    rates: list[RateRecord] = []  # of `--tune`


AnyRecord = Annotated[TrainRecord | MeasuredRecord, Field(discriminator="kind")]

Arrays = dict[str, Any]  # name -> numpy array


PLACES, ROWS = ("loss_sum", "correct", "count"), ("row_loss", "row_correct", "row_count")
ENTROPY, SQUARES = ("entropy", "uniform", "queries"), ("position_squares", "content_squares", "pairs")
LINEAR = ("probe_error", "chance_error", "places")
DIMENSIONS = {
    **dict.fromkeys((*PLACES, *ROWS, *LINEAR), 1),
    **dict.fromkeys(SQUARES, 2),
    **dict.fromkeys(("structure", *ENTROPY), 3),
    "attention": 4,
}
TOGETHER = {  # arrays of one shape, by the kind of their record
    "evaluate": (PLACES, ROWS),
    "probe": (("attention",), ("structure",)),
    "mechanism": (ENTROPY, SQUARES, LINEAR),
}


def check_arrays(record: MeasuredRecord, arrays: Arrays) -> None:
    """Raise a ValueError unless the arrays have the names, kinds of number and shapes of this kind of record."""
    for names in TOGETHER[record.kind]:
        for name in names:
            if name not in arrays:
                raise ValueError(f"it has no array {name!r}")
            if arrays[name].dtype.kind not in "iuf" or arrays[name].ndim != DIMENSIONS[name]:
                raise ValueError(f"its array {name!r} has dtype {arrays[name].dtype} and shape {arrays[name].shape}")
        if len({arrays[name].shape for name in names}) > 1:
            raise ValueError(f"its arrays {', '.join(names)} differ in length")
    if isinstance(record, EvalRecord) and record.search is not None and "found" not in arrays:
        raise ValueError("it has no array 'found', although its encoding was fitted by a search")
    if isinstance(record, ProbeRecord) and arrays["attention"].shape[2:] != (len(record.words),) * 2:
        raise ValueError(f"its attention covers {arrays['attention'].shape[-1]} words, not {len(record.words)}")
