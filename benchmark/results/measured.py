"""The values that exact claims measured: results/claims/<claim>/<hash of the code behind them>.json.

Only numbers are kept. Verdicts follow from them when they are asked for, under the thresholds of that day.
"""

from pydantic import AwareDatetime, ValidationError

from benchmark.errors import first_line
from benchmark.files import write_atomically
from benchmark.results.record import SCHEMA, Environment
from benchmark.results.spec import Frozen
from benchmark.results.store import Store, parse


class MeasuredRecord(Frozen):
    """What one claim's measurement gave."""

    schema_version: int = SCHEMA
    claim: str
    fingerprint: str  # of the measurement's code and of the encodings that it measures
    values: dict[str, float]  # by criterion
    created: AwareDatetime
    environment: Environment


def put(store: Store, record: MeasuredRecord) -> None:
    """Write a record; one of the same code is replaced."""
    path = store.root / _folder(record.claim) / f"{record.fingerprint}.json"
    write_atomically(path, record.model_dump_json(indent=1).encode())


def of_claim(store: Store, claim: str) -> list[MeasuredRecord]:
    """Every readable record of a claim, oldest first; others are named in the store's problems."""
    found = []
    for name in store.files.listed(_folder(claim)):
        try:
            found.append(MeasuredRecord.model_validate(parse(store.files.content(f"{_folder(claim)}/{name}"))))
        except (OSError, ValidationError, ValueError) as error:
            store.problems.append(f"{store.files.where}/{_folder(claim)}/{name}: skipped: {first_line(error)}")
    return sorted(found, key=lambda record: record.created)


def _folder(claim: str) -> str:
    return f"claims/{claim}"
