"""Claims that were tested before, under other thresholds, another protocol or other code, and how verdicts moved.

Nothing of this is stored. Each former verdict follows from what is still there: the criteria of an earlier version, the
records of an earlier protocol, the values that earlier code measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.claims.claim import Claim, Earlier, Exact, Trained, Word
from benchmark.claims.evidence import conditions
from benchmark.claims.judging import Judgement, decide, gather, is_trained, judge
from benchmark.claims.measuring import known, state_of
from benchmark.reports.words import said, t
from benchmark.results.measured import of_claim
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Move:
    """A claim's verdict before and now."""

    claim: Claim
    changed: str  # in words
    before: Word
    now: Word


def moves(judgements: Sequence[Judgement], store: Store) -> list[Move]:
    """Every former test of these claims, those of earlier versions first."""
    return [*_of_versions(judgements, store), *_of_protocols(judgements, store), *_of_code(judgements, store)]


def _of_versions(judgements: Sequence[Judgement], store: Store) -> Iterator[Move]:
    """The present records under the criteria of earlier versions."""
    if not any(each.claim.earlier for each in judgements):
        return
    evidence, exact = conditions(store), known([each.claim for each in judgements], store)
    present = [gather(each.claim, exact.get(each.claim.id, {}), evidence) for each in judgements]
    for place, each in enumerate(judgements):
        for old in each.claim.earlier:
            former = gather(_former(each.claim, old), _measured(each.claim, old, store), evidence)
            before = decide([*present[:place], former, *present[place + 1 :]])[place]  # among as many as now
            changed = t("version {old} to {new}: {why}", old=old.version, new=each.claim.version, why=said(old.why))
            yield Move(claim=each.claim, changed=changed, before=before.word, now=each.word)


def _measured(claim: Claim, old: Earlier, store: Store) -> Mapping[str, float]:
    """The newest values of an exact claim under the names of earlier criteria; {} if there are none."""
    names = {criterion.name for criterion in old.criteria}
    return next((each.values for each in reversed(of_claim(store, claim.id)) if names <= each.values.keys()), {})


def _former(claim: Claim, old: Earlier) -> Claim:
    evidence = claim.evidence
    if old.read is not None and isinstance(evidence, Trained):
        evidence = replace(evidence, read=old.read)
    return replace(claim, criteria=old.criteria, version=1, earlier=(), evidence=evidence)


def _of_protocols(judgements: Sequence[Judgement], store: Store) -> Iterator[Move]:
    """The records of earlier protocols under the present criteria."""
    protocols: dict[int, set[str]] = {}
    for record in store.records():
        if isinstance(record, TrainRecord):
            protocols.setdefault(record.spec.protocol, set()).add(record.spec.key)
    if len(protocols) < 2:
        return
    now, trained = max(protocols), [each for each in judgements if is_trained(each.claim)]
    for protocol in sorted(protocols.keys() - {now}):
        models = protocols[protocol]
        measured = {record.spec.key for record in store.records() if getattr(record.spec, "train_key", "") in models}
        old = Store(store.root, only=frozenset(models | measured))
        found = judge([each.claim for each in trained], {}, conditions(old))
        for before, each in zip(found, trained, strict=True):
            if before.measured:
                changed = t("protocol {old} to {new}", old=protocol, new=now)
                yield Move(claim=each.claim, changed=changed, before=before.word, now=each.word)


def _of_code(judgements: Sequence[Judgement], store: Store) -> Iterator[Move]:
    """The values that earlier code measured, under the present criteria."""
    for each in judgements:
        if isinstance(each.claim.evidence, Exact):
            state, names = state_of(each.claim), {criterion.name for criterion in each.claim.criteria}
            for record in of_claim(store, each.claim.id):
                if record.fingerprint != state and names <= record.values.keys():  # else an earlier version's
                    (before,) = judge([each.claim], {each.claim.id: record.values}, [])
                    changed = t("measured by earlier code, {day:%Y-%m-%d}", day=record.created)
                    yield Move(claim=each.claim, changed=changed, before=before.word, now=each.word)
