"""Exact values: measured once for each state of the code behind them, and kept as records.

A value counts as long as the code it comes from and the names of its criteria are unchanged. That code is the encodings
it measures and, for every claim alike, all measures, the contract of encodings and the model. Otherwise the claim is
measured again, in seconds, and the old record stays, so that a page can say what moved.
"""

import inspect
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmark.catalogue import fingerprint
from benchmark.claims.claim import Claim, Exact, users_code
from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError, echo
from benchmark.results.environment import environment
from benchmark.results.measured import MeasuredRecord, of_claim, put
from benchmark.results.spec import short_hash
from benchmark.results.store import Store

PACKAGE = Path(__file__).parents[1]
BEHIND = ("claims/measures/*.py", "model/*.py", "checks/subject.py", "seeds.py")  # any exact value, beside the contract


def state_of(claim: Claim) -> str:
    """Hash of what an exact claim's values depend on: the code behind them, its encodings, the names of its criteria.

    Raises UsageError if a user's measurement has no source file.
    """
    assert isinstance(claim.evidence, Exact)
    contract = tuple(CATALOGUE.folder / name for name in CATALOGUE.contract)
    shared = sorted(file for pattern in BEHIND for file in PACKAGE.glob(pattern))
    own = [] if _is_own(claim.evidence) else [_source(claim.id, claim.evidence)]
    code = [fingerprint(file, contract) for file in (*contract, *shared, *own)]
    encodings = {name: CATALOGUE.fingerprint(CATALOGUE.choice(name)) for name in claim.evidence.encodings}
    names = [criterion.name for criterion in claim.criteria]
    return short_hash({"code": code, "encodings": encodings, "criteria": names})


def known(claims: Iterable[Claim], store: Store) -> dict[str, Mapping[str, float]]:
    """The values of exact claims that a store holds for the present code, by id."""
    found = {claim.id: _newest(claim, store) for claim in claims if isinstance(claim.evidence, Exact)}
    return {id: record.values for id, record in found.items() if record is not None}


def missing(claims: Iterable[Claim], store: Store) -> list[Claim]:
    """The exact claims without values for the present code."""
    return [claim for claim in claims if isinstance(claim.evidence, Exact) and _newest(claim, store) is None]


def measure(claim: Claim, store: Store) -> MeasuredRecord:
    """Measure an exact claim and keep the record. Raises UsageError if a user's measurement fails."""
    assert isinstance(claim.evidence, Exact)
    with users_code(claim.id, "measuring it", ours=_is_own(claim.evidence)):
        values = {name: float(value) for name, value in claim.evidence.measure().items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
        raise UsageError(f"claim {claim.id}: its measurement gave {values[wrong[0]]} for {echo(wrong[0])}")
    wanted = {criterion.name for criterion in claim.criteria}
    if values.keys() != wanted:
        raise UsageError(
            f"claim {claim.id}: its measurement gave {sorted(values)}, but its criteria are {sorted(wanted)}"
        )
    record = MeasuredRecord(
        claim=claim.id,
        fingerprint=state_of(claim),
        values=values,
        created=datetime.now(UTC),
        environment=environment("cpu", 1),
    )
    put(store, record)
    return record


def _newest(claim: Claim, store: Store) -> MeasuredRecord | None:
    state = state_of(claim)
    return next((each for each in reversed(of_claim(store, claim.id)) if each.fingerprint == state), None)


def _source(claim: str, evidence: Exact) -> Path:
    """The file of a user's measurement."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(evidence.measure))
    except TypeError:  # functools.partial, or another object that is not a function
        file = None
    if file is None:
        raise UsageError(
            f"claim {claim}: its measure is {echo(evidence.measure)}, which has no source file of its own; "
            "define a function in the claim's file"
        )
    return Path(file)


def _is_own(evidence: Exact) -> bool:
    return str(getattr(evidence.measure, "__module__", "")).startswith("benchmark.claims.measures.")
