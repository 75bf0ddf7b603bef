"""Records on disk: content-addressed files, written atomically; folders merge by copying. Packs are read alike.

A file is written under a temporary name, fsynced and renamed, arrays before the JSON that vouches for them. Whenever a
process dies, each record is either complete or absent. A file that cannot be read (corrupt, foreign, of a newer schema,
or not the one its record was made with) is named in `problems` and skipped; the others are read.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.numpy
from pydantic import TypeAdapter, ValidationError

from benchmark.errors import UsageError, refuse_undecodable
from benchmark.files import write_atomically
from benchmark.garbage import uncollected
from benchmark.results.files import Files, Folder, Merged, decoded
from benchmark.results.outcomes import TRAIN, Outcome, Outcomes, stamp
from benchmark.results.pack import opened
from benchmark.results.record import (
    SCHEMA,
    AnyRecord,
    Arrays,
    EvalRecord,
    MeasuredRecord,
    RunRecord,
    Search,
    TrainRecord,
    check_arrays,
)
from benchmark.results.spec import EncodingSpec, TrainSpec

ADAPTER: TypeAdapter[TrainRecord | MeasuredRecord] = TypeAdapter(AnyRecord)


@dataclass
class Store:
    """The results folder, or a pack, which is only read."""

    root: Path
    problems: list[str] = field(default_factory=list)  # files that could not be read, and why
    only: frozenset[str] | None = None  # limits `records` to these keys, of models and of measurements of these models
    kept: list[TrainRecord | MeasuredRecord] | None = None  # the records, in a store that is read only once
    files: Files = field(init=False, repr=False, compare=False)
    _outcomes: dict[str, Outcomes] = field(default_factory=dict, repr=False)  # by the key of a model

    def __post_init__(self) -> None:
        refuse_undecodable("the name of the results folder", str(self.root))
        self.files = opened(self.root) if self.root.is_file() else Folder(self.root)

    @classmethod
    def merged(cls, stores: "Sequence[Store]") -> "Store":
        """Several stores as one that is only read. The first that has a record vouches for it."""
        files = Merged([store.files for store in stores])
        found = cls(Path(files.where))
        found.files = files
        return found

    def path(self, record: TrainRecord | MeasuredRecord) -> Path:
        """The path of a record's JSON. Its keys are hashes computed here, so it cannot lead out of the folder."""
        if isinstance(record, TrainRecord):
            return self.folder(record.spec.key) / f"{TRAIN}.json"
        return self.folder(record.spec.train_key) / f"{record.spec.key}.json"

    def folder(self, train_key: str) -> Path:
        """The folder of one trained model."""
        return self.root / "cells" / checked(train_key)

    def weights(self, train_key: str) -> Path:
        """The path of the trained weights."""
        return self.folder(train_key) / "weights.safetensors"

    def checkpoint(self, train_key: str) -> Path:
        """The path of the checkpoint of a training that is running or was interrupted."""
        return self.folder(train_key) / "checkpoint.safetensors"

    def put(self, record: TrainRecord | MeasuredRecord, arrays: Arrays | None = None) -> None:
        """Write a record's arrays, if any, then the record with their hash."""
        path = self.path(record)
        if arrays is not None:
            content = safetensors.numpy.save(arrays)
            record = record.model_copy(update={"arrays_hash": hash_of(content)})
            write_atomically(path.with_suffix(".safetensors"), content)
        text = record.model_dump_json(indent=1)
        write_atomically(path, text.encode())

    def get(self, folder: str, name: str) -> TrainRecord | MeasuredRecord | None:
        """The record with a name in the folder of a model; None, with a line in `problems`, if it is unreadable."""
        try:
            record = _record(self.files.content(f"{folder}/{name}.json"))
            _check_name(record, folder, name)
        except FileNotFoundError:
            return None
        except ValidationError as error:
            self._skip(f"{folder}/{name}.json", str(error.errors()[0]["msg"]))
            return None
        except (OSError, ValueError) as error:
            self._skip(f"{folder}/{name}.json", str(error))
            return None
        return record

    def train(self, key: str) -> TrainRecord | None:
        """The record of a trained model, if there is one."""
        record = self.get(self._folder(key), TRAIN)
        return record if isinstance(record, TrainRecord) else None

    def trained(self) -> Iterator[TrainRecord]:
        """The record of every trained model, without those of measurements."""
        for folder in self._folders():
            record = self.get(folder, TRAIN)
            if isinstance(record, TrainRecord):
                yield record

    def measured(self, spec_key: str, train_key: str) -> MeasuredRecord | None:
        """The record of an evaluation or a probe, if there is one."""
        record = self.get(self._folder(train_key), checked(spec_key))
        return None if isinstance(record, TrainRecord) else record

    def searched(self, train_key: str, encoding: EncodingSpec) -> tuple[Search, Any] | None:
        """What a search found for an encoding on a trained model, from a measurement at whatever length."""
        folder = self._folder(train_key)
        for name in self._records(folder):
            record = self.get(folder, name)
            if isinstance(record, EvalRecord) and record.search is not None and record.spec.encoding == encoding:
                arrays = self.arrays(record)
                if arrays:
                    return record.search, arrays["found"]
        return None

    def outcomes(self, train_key: str) -> Outcomes:
        """What became of a model and of its measurements, by `TRAIN` and by their keys.

        Each record is read once, and again only after the folder has changed.
        """
        folder = self._folder(train_key)
        now, known = stamp(f"{self.root}/{folder}"), self._outcomes.get(train_key)
        if known is None or known.stamp != now:
            known = self._outcomes[train_key] = Outcomes(now, partial(self._outcome, folder))
        return known

    def _outcome(self, folder: str, name: str) -> Outcome | None:
        record = self.get(folder, name)
        if record is None:
            return None
        whole = isinstance(record, TrainRecord) or record.status != "ok" or self.has_arrays(record)
        return Outcome(record.status, record.reason, record.created, whole)

    def has_arrays(self, record: MeasuredRecord) -> bool:
        """True if a record's arrays are those that it was made with, or fit it, if it does not say; cf. `arrays`."""
        path = f"{self._folder(record.spec.train_key)}/{record.spec.key}.safetensors"
        with suppress(OSError):
            if record.arrays_hash == hash_of(self.files.content(path)):
                return True
        return bool(self.arrays(record))

    def arrays(self, record: MeasuredRecord) -> Arrays:
        """A record's arrays; empty, with a line in `problems`, if they are unreadable or do not fit the record."""
        path = f"{self._folder(record.spec.train_key)}/{record.spec.key}.safetensors"
        try:
            content = self.files.content(path)
            arrays = safetensors.numpy.load(content)
            check_arrays(record, arrays)
            if record.arrays_hash not in (None, hash_of(content)):
                raise ValueError("its content is not what its record was made with")
        except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
            self._skip(path, str(error))  # KeyError, TypeError: a dtype that numpy does not have
            return {}
        return arrays

    def held(self) -> "Store":
        """A store that reads its records once, for callers that iterate many times. It shares `problems`."""
        with uncollected():
            found = Store(self.root, self.problems, self.only, list(self.records()))
        found.files = self.files
        return found

    def records(self) -> Iterator[TrainRecord | MeasuredRecord]:
        """Every readable record, in a stable order."""
        if self.kept is not None:
            yield from self.kept
            return
        for folder in self._folders():
            for name in self._records(folder):
                if self.only is None or name == TRAIN or name in self.only:
                    record = self.get(folder, name)
                    if record is not None:
                        yield record

    def _folder(self, train_key: str) -> str:
        return f"cells/{checked(train_key)}"

    def _folders(self) -> Iterator[str]:
        """The folders of all models, or of those that the store is limited to, in a stable order."""
        return (f"cells/{name}" for name in self._listed("cells") if self.only is None or name in self.only)

    def _records(self, folder: str) -> list[str]:
        """The names of the records in the folder of a model, sorted."""
        return [name.removesuffix(".json") for name in self._listed(folder) if name.endswith(".json")]

    def _listed(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is no such folder."""
        try:
            return self.files.listed(folder)
        except OSError as error:
            self._skip(folder, str(error))
            return []

    def runs(self) -> list[RunRecord]:
        """Every recorded call of `run`, oldest first."""
        found = []
        for name in self._records("runs"):
            path = f"runs/{name}.json"
            try:
                found.append(RunRecord.model_validate(parse(self.files.content(path))))
            except (OSError, ValueError) as error:
                self._skip(path, str(error))
        return found

    def _skip(self, path: str, why: str) -> None:
        line = f"{self.files.where}/{path}: skipped: {' '.join(why.split())}"
        if line not in self.problems:
            self.problems.append(line)


def _record(content: bytes) -> TrainRecord | MeasuredRecord:
    """The record in a file. A sound one takes one pass; any other takes a second, which says what is wrong with it."""
    with suppress(ValidationError):
        record = ADAPTER.validate_json(content)
        if record.schema_version == SCHEMA and "schema_version" in record.model_fields_set:
            return record
    return ADAPTER.validate_python(parse(content))


def _check_name(record: TrainRecord | MeasuredRecord, folder: str, name: str) -> None:
    """Raise ValueError unless a file and its folder are named after the record in it."""
    spec = record.spec
    own = (spec.key, TRAIN) if isinstance(spec, TrainSpec) else (checked(spec.train_key), spec.key)
    if own != (folder.rpartition("/")[2], name):
        raise ValueError("its content does not match its name")


def hash_of(content: bytes) -> str:
    """SHA-256 of a file's content, 64 hex digits, as a record stores it."""
    return hashlib.sha256(content).hexdigest()


def parse(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text, which must have our schema version."""
    data = decoded(text)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise ValueError(f"schema version {version!r}, but this version reads {SCHEMA}")
    return dict(data)


def checked(key: str) -> str:
    """The key itself, if valid: no file name made from it can lead out of the folder."""
    if not re.fullmatch(r"[0-9a-f]{32}", key):
        raise UsageError(f"{key!r} is not a valid key (expected 32 hex digits)")
    return key
