"""What a cell is: a frozen description, whose canonical JSON hashes to its key.

A TrainSpec says everything that decides a trained model; an EvalSpec names one and says how it is measured. Two cells
of a comparison differ in the encoding and in nothing else. What does not change the outcome beyond rounding (device,
workers, display) is no part of a spec: it is in the record's environment.
"""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

PROTOCOL = 2  # raised by hand when a change to the model, the training, the scoring or a contract changes results

Parameters = dict[str, bool | int | FiniteFloat | str]
LARGEST = 2**63 - 1  # what a column of a table holds
Positive = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Precision = Literal["float32", "bfloat16"]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # SHA-256
Rate = Annotated[FiniteFloat, Field(gt=0)]


class Frozen(BaseModel):
    """Immutable, and refuses fields that it does not know."""

    # JSON has no NaN: a diverged loss is written as the text "NaN", and read as the number.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Keyed(Frozen):
    """A description with a key."""

    @property
    def key(self) -> str:
        """SHA-256 of the canonical JSON, 32 hexadecimal digits."""
        return key_of(self)


class EncodingSpec(Frozen):
    """An encoding: its registry name, every parameter (defaults too), and the fingerprint of its source."""

    name: str
    parameters: Parameters = {}
    fingerprint: str
    label: str  # the shortest spelling, for people: "rope:base=500000"
    reads_digits: bool = False  # for people: such an encoding is ranked in a league of its own


class TaskSpec(Frozen):
    """A task: as an encoding, with the version of its data, and for a language task the corpus behind it."""

    name: str
    parameters: Parameters = {}
    fingerprint: str
    label: str
    version: Positive
    corpus: str | None = None  # for people: "sanguo", or a file's name
    corpus_hash: str | None = None  # of its text


class ModelSpec(Frozen):
    """The transformer's size."""

    width: Positive
    heads: Positive
    layers: Positive


class BudgetSpec(Frozen):
    """What training may spend: the same for every encoding of a comparison."""

    train_length: Positive  # L, as the task counts it; lengths are drawn from 1 to L
    steps: Count
    batch: Positive  # rows a step
    learning_rate: Rate  # peak, after a linear warm-up, then a cosine to a tenth of it
    warmup_steps: Count
    weight_decay: Annotated[FiniteFloat, Field(ge=0)] = 0.1
    clip: Rate = 1.0  # largest gradient norm


class TrainSpec(Keyed):
    """A model to be trained."""

    kind: Literal["train"] = "train"
    protocol: int = PROTOCOL
    task: TaskSpec
    encoding: EncodingSpec
    model: ModelSpec
    budget: BudgetSpec
    init_seed: Count
    data_seed: Count
    precision: Precision = "float32"


class EvalSpec(Keyed):
    """A trained model measured at one length, with its own encoding or one that adapts it at test time."""

    kind: Literal["evaluate"] = "evaluate"
    protocol: int = PROTOCOL
    train_key: str
    encoding: EncodingSpec
    length: Positive  # as the task counts it


class ProbeSpec(Keyed):
    """A trained model looked into: attention on one sentence, and the score of a fixed query and key by distance."""

    kind: Literal["probe"] = "probe"
    protocol: int = PROTOCOL
    train_key: str
    encoding: EncodingSpec
    text: str  # the sentence
    distances: Positive  # scores at distances 0 .. distances - 1


def key_of(spec: Frozen) -> str:
    """The key of a spec: labels are for people and do not count."""
    data = spec.model_dump(mode="json")
    for part in ("task", "encoding"):
        if part in data:
            data[part].pop("label")
    data["encoding"].pop("reads_digits")
    if "task" in data:
        data["task"].pop("corpus")  # a file's name; its hash counts
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
