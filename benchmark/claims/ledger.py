"""The ledger: every claim's verdict, from the records of a results folder."""

from collections.abc import Sequence

from benchmark.claims.claim import Claim
from benchmark.claims.evidence import conditions
from benchmark.claims.judging import Judgement, judge
from benchmark.claims.measuring import known
from benchmark.results.store import Store


def ledger(claims: Sequence[Claim], store: Store) -> list[Judgement]:
    """The verdict on each claim from what a store holds; nothing is measured or trained."""
    return judge(claims, known(claims, store), conditions(store))
