"""Records on disk: content-addressed files, written atomically; folders merge by copying.

A file is written under a temporary name, fsynced and renamed, arrays before the JSON that vouches for them. Whenever a
process dies, each record is either complete or absent. A file that cannot be read (corrupt, foreign, of a newer schema,
or not the one its record was made with) is named in `problems` and skipped; the others are read.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.numpy
from pydantic import TypeAdapter, ValidationError

from benchmark.errors import UsageError, refuse_undecodable
from benchmark.files import write_atomically
from benchmark.results.record import (
    SCHEMA,
    AnyRecord,
    Arrays,
    EvalRecord,
    ProbeRecord,
    RunRecord,
    Search,
    TrainRecord,
    check_arrays,
)
from benchmark.results.spec import EncodingSpec

ADAPTER: TypeAdapter[TrainRecord | EvalRecord | ProbeRecord] = TypeAdapter(AnyRecord)


@dataclass
class Store:
    """The results folder."""

    root: Path
    problems: list[str] = field(default_factory=list)  # files that could not be read, and why
    only: frozenset[str] | None = None  # limits `records` to these keys, of models and of measurements
    kept: list[TrainRecord | EvalRecord | ProbeRecord] | None = None  # the records, in a store that is read only once

    def __post_init__(self) -> None:
        refuse_undecodable("the name of the results folder", str(self.root))

    def path(self, record: TrainRecord | EvalRecord | ProbeRecord) -> Path:
        """The path of a record's JSON. Its keys are hashes computed here, so it cannot lead out of the folder."""
        if isinstance(record, TrainRecord):
            return self.folder(record.spec.key) / "train.json"
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

    def put(self, record: TrainRecord | EvalRecord | ProbeRecord, arrays: Arrays | None = None) -> None:
        """Write a record's arrays, if any, then the record with their hash."""
        path = self.path(record)
        if arrays is not None:
            content = safetensors.numpy.save(arrays)
            record = record.model_copy(update={"arrays_hash": hash_of(content)})
            write_atomically(path.with_suffix(".safetensors"), content)
        text = record.model_dump_json(indent=1)
        write_atomically(path, text.encode())

    def get(self, path: Path) -> TrainRecord | EvalRecord | ProbeRecord | None:
        """The record in a file; None, with a line in `problems`, if it is unreadable or does not match its name."""
        try:
            record = ADAPTER.validate_python(read(path))
            if self.path(record) != path:
                raise ValueError("its content does not match its name")
        except FileNotFoundError:
            return None
        except ValidationError as error:
            self._skip(path, str(error.errors()[0]["msg"]))
            return None
        except (OSError, ValueError) as error:
            self._skip(path, str(error))
            return None
        return record

    def train(self, key: str) -> TrainRecord | None:
        """The record of a trained model, if there is one."""
        record = self.get(self.folder(key) / "train.json")
        return record if isinstance(record, TrainRecord) else None

    def measured(self, spec_key: str, train_key: str) -> EvalRecord | ProbeRecord | None:
        """The record of an evaluation or a probe, if there is one."""
        record = self.get(self.folder(train_key) / f"{checked(spec_key)}.json")
        return None if isinstance(record, TrainRecord) else record

    def searched(self, train_key: str, encoding: EncodingSpec) -> tuple[Search, Any] | None:
        """What a search found for an encoding on a trained model, from a measurement at whatever length."""
        for path in sorted(self.folder(train_key).glob("*.json")):
            record = self.get(path)
            if isinstance(record, EvalRecord) and record.search is not None and record.spec.encoding == encoding:
                arrays = self.arrays(record)
                if arrays:
                    return record.search, arrays["found"]
        return None

    def arrays(self, record: EvalRecord | ProbeRecord) -> Arrays:
        """A record's arrays; empty, with a line in `problems`, if they are unreadable or do not fit the record."""
        path = self.path(record).with_suffix(".safetensors")
        try:
            content = path.read_bytes()
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
        return Store(self.root, self.problems, self.only, list(self.records()))

    def records(self) -> Iterator[TrainRecord | EvalRecord | ProbeRecord]:
        """Every readable record, in a stable order."""
        if self.kept is not None:
            yield from self.kept
            return
        for path in sorted((self.root / "cells").glob("*/*.json")):
            key = path.parent.name if path.name == "train.json" else path.stem
            if self.only is None or key in self.only:
                record = self.get(path)
                if record is not None:
                    yield record

    def runs(self) -> list[RunRecord]:
        """Every recorded call of `run`, oldest first."""
        found = []
        for path in sorted((self.root / "runs").glob("*.json")):
            try:
                found.append(RunRecord.model_validate(read(path)))
            except (OSError, ValueError) as error:
                self._skip(path, str(error))
        return found

    def _skip(self, path: Path, why: str) -> None:
        line = f"{path}: skipped: {' '.join(why.split())}"
        if line not in self.problems:
            self.problems.append(line)


def hash_of(content: bytes) -> str:
    """SHA-256 of a file's content, 64 hex digits, as a record stores it."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a file, which must have our schema version."""
    return parse(path.read_bytes())


def parse(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text, which must have our schema version."""
    data = decoded(text)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise ValueError(f"schema version {version!r}, but this version reads {SCHEMA}")
    return dict(data)


def decoded(text: str | bytes) -> Any:
    """The value of a JSON text; a ValueError if it cannot be read, or holds text that could not be printed."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    json.dumps(data, ensure_ascii=False).encode()  # rejects a lone surrogate
    return data


def checked(key: str) -> str:
    """The key itself, if valid: no file name made from it can lead out of the folder."""
    if not re.fullmatch(r"[0-9a-f]{32}", key):
        raise UsageError(f"{key!r} is not a valid key (expected 32 hex digits)")
    return key
