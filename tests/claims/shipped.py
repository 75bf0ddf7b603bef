"""Picks, from a folder of records, those that the ledger reads: what `results/claims.zip` ships. Run as a script.

python tests/claims/shipped.py FOLDER OUT        OUT is a folder of links, to be packed
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmark.claims.claim import Earlier, Exact, NotMeasurable, Trained
from benchmark.claims.evidence import conditions
from benchmark.claims.measuring import state_of
from benchmark.claims.registry import registered
from benchmark.results.measured import of_claim
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def main(source: Path, out: Path) -> None:
    """Link every record that a claim reads, the trials behind it, run records, and the present values of formulas."""
    store = Store(source)
    seen: set[tuple[str, str]] = set()
    for evidence in conditions(store):
        for claim in registered().values():
            if isinstance(claim.evidence, Trained) and claim.evidence.pretrained == bool(evidence.checkpoint):
                for read in (claim.evidence.read, *(old.read for old in claim.earlier if old.read)):
                    evidence.seen.clear()
                    try:
                        read(evidence)
                    except NotMeasurable:
                        pass
                    seen |= evidence.seen
    trials = {each.spec.key for each in store.records() if isinstance(each, TrainRecord) and each.spec.is_trial}
    wanted = {measured for _, measured in seen} | {"train"}
    for key in {model for model, _ in seen} | trials:
        for file in (source / "cells" / key).iterdir():
            measured = file.suffix in (".json", ".safetensors") and file.stem not in ("weights", "checkpoint")
            if measured and (key in trials or file.stem in wanted):
                link(file, out / "cells" / key / file.name)
    for file in (source / "runs").glob("*.json"):  # which views are the main ones follows from them
        link(file, out / "runs" / file.name)
    for claim in registered().values():
        if isinstance(claim.evidence, Exact):
            for record in of_claim(store, claim.id):
                if record.fingerprint == state_of(claim) or any(_fits(record.values, old) for old in claim.earlier):
                    name = f"claims/{claim.id}/{record.fingerprint}.json"
                    link(source / name, out / name)


def _fits(values: Mapping[str, float], old: Earlier) -> bool:
    """True if an earlier version of a claim is judged by these values."""
    return values.keys() == {criterion.name for criterion in old.criteria}


def link(file: Path, place: Path) -> None:
    """A link to a file, in a folder that is made for it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.link(file, place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
