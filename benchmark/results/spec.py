"""The definition of a cell: a frozen description whose canonical JSON hashes to its key.

A TrainSpec holds everything that determines a trained model; an EvalSpec names a trained model and says how to measure
it. Two cells of a comparison differ only in the encoding. Anything that changes the outcome by no more than rounding
(device, workers, display) stays out of the spec; the record's environment has it.
"""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

PROTOCOL = 3  # raised by hand when a change to the model, the training, the scoring or a contract changes results
MIXING_FROM = 3  # the first protocol whose models state their mixing

TUNING_SEEDS_FROM = 1_000_000_000  # seeds from here on are reserved for the trials of a sweep

Parameters = dict[str, bool | int | FiniteFloat | str]
LARGEST = 2**63 - 1  # the largest integer a table column can hold
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Precision = Literal["float32", "bfloat16"]
Mixing = Literal["none", "conv"]  # conv: a short causal convolution
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # SHA-256
Rate = Annotated[FiniteFloat, Field(gt=0)]
CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Frozen(BaseModel):
    """An immutable model that rejects unknown fields."""

    # JSON has no NaN: a diverged loss is written as the string "NaN" and read back as the number.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    def __copy__(self) -> Self:
        """A copy without cached properties, since `model_copy` then changes fields that they may depend on."""
        copied = super().__copy__()
        for name in vars(copied).keys() - type(self).model_fields:
            del vars(copied)[name]
        return copied


class Keyed(Frozen):
    """A description with a key."""

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical JSON, 32 hexadecimal digits."""
        return key_of(self)


class EncodingSpec(Frozen):
    """An encoding: its registry name, all parameters (including defaults), and the fingerprint of its source."""

    name: str
    parameters: Parameters = {}
    fingerprint: str
    label: str  # for people: the shortest spelling, "rope:base=500000"
    reads_digits: bool = False  # for people: encodings that read digits are ranked separately
    reads_marks: bool = False  # for people: so are those that read the marks of segments


class TaskSpec(Frozen):
    """A task: the same fields as for an encoding, the version of its data, and the corpus it reads, if any."""

    name: str
    parameters: Parameters = {}
    fingerprint: str
    label: str
    version: Positive
    corpus: str | None = None  # for people: "sanguo", or a file name
    corpus_hash: str | None = None  # of the text


class ModelSpec(Frozen):
    """The transformer's size."""

    width: Positive
    heads: Positive
    layers: Positive
    mixing: Mixing = "none"  # before each layer's attention


class BudgetSpec(Frozen):
    """The training budget, the same for every encoding of a comparison."""

    train_length: Positive  # L, in the task's own unit; lengths are drawn from 1 to L
    steps: Count
    batch: Positive  # rows per step
    learning_rate: Rate  # the peak, reached by linear warm-up, followed by cosine decay to a tenth of it
    warmup_steps: Count
    weight_decay: Annotated[FiniteFloat, Field(ge=0)] = 0.1
    clip: Rate = 1.0  # maximum gradient norm


class CheckpointSpec(Frozen):
    """A pretrained model, which nobody here trained."""

    name: str  # for people: the name of its folder or file
    content: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]  # hash of its files
    architecture: str


class TrainSpec(Keyed):
    """A model to train; or a pretrained one and a document, whose number stands in place of both seeds.

    Of a pretrained model, sizes and trained length are its own, and it is given no steps.
    """

    kind: Literal["train"] = "train"
    protocol: int = PROTOCOL
    task: TaskSpec
    encoding: EncodingSpec
    model: ModelSpec
    budget: BudgetSpec
    init_seed: Count
    data_seed: Count
    precision: Precision = "float32"
    checkpoint: CheckpointSpec | None = None

    @cached_property
    def setting(self) -> str:
        """Hash of everything that decides the model apart from encoding and seeds, 8 hexadecimal digits."""
        return short_hash(self.deciding)

    @property
    def deciding(self) -> dict[str, Any]:
        """What decides the model apart from encoding and seeds. A task goes by its data; its label is for people."""
        data = self.model_dump(mode="json", exclude={"encoding", "init_seed", "data_seed"})
        for part in ("label", "corpus"):
            data["task"].pop(part)
        if self.checkpoint is None:
            data.pop("checkpoint")  # so that settings keep the hashes they had before there were checkpoints
        else:
            data["checkpoint"].pop("name")
        return data

    @property
    def is_trial(self) -> bool:
        """True if the model only serves to choose a learning rate, and is never compared."""
        return self.init_seed >= TUNING_SEEDS_FROM


class EvalSpec(Keyed):
    """A measurement of a trained model at one length, with its own encoding or one that adapts it at test time."""

    kind: Literal["evaluate"] = "evaluate"
    protocol: int = PROTOCOL
    train_key: str
    encoding: EncodingSpec
    length: Positive  # in the task's own unit


class ProbeSpec(Keyed):
    """A look inside a trained model: attention on one sentence, and the score of a fixed query and key by distance."""

    kind: Literal["probe"] = "probe"
    protocol: int = PROTOCOL
    train_key: str
    encoding: EncodingSpec
    text: str  # the sentence
    distances: Positive  # scores at distances 0 .. distances - 1


class MechanismSpec(Keyed):
    """A look inside a trained model at one length: its attention, its residual stream and its scores."""

    kind: Literal["mechanism"] = "mechanism"
    protocol: int = PROTOCOL
    train_key: str
    encoding: EncodingSpec
    length: Positive  # in the task's own unit


LookSpec = Annotated[ProbeSpec | MechanismSpec, Field(discriminator="kind")]


def short_hash(data: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON, 8 hexadecimal digits."""
    return hashlib.sha256(CANONICAL.encode(data).encode()).hexdigest()[:8]


def key_of(spec: Frozen) -> str:
    """The key of a spec. Fields that are only for people do not count."""
    data = spec.model_dump(mode="json")
    for part in ("task", "encoding"):
        if part in data:
            data[part].pop("label")
    for name in ("reads_digits", "reads_marks"):
        data["encoding"].pop(name)
    if "task" in data:
        data["task"].pop("corpus")  # a file name; the hash of its text counts
    if "model" in data and data["protocol"] < MIXING_FROM:
        data["model"].pop("mixing")  # so that older records keep their names
    if "checkpoint" in data:
        if data["checkpoint"] is None:
            data.pop("checkpoint")  # as above
        else:
            data["checkpoint"].pop("name")
    return hashlib.sha256(CANONICAL.encode(data).encode()).hexdigest()[:32]
