"""A paper's table as claims: the order that its numbers give, checked line by line.

A column of a table is one claim. Published numbers within TIE of each other are a tie, about which nothing is asked.
Each encoding must do better here than each one of the next group: every such pair is a criterion, named with both
published numbers.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise, product

from benchmark.claims.claim import Claim, Sample, Source, Trained, positive
from benchmark.claims.evidence import Evidence, gap, midranks
from benchmark.experiments.request import Request

TIE = 0.01  # of the smaller number

Pairs = Mapping[tuple[str, str], str]  # the first published as better, and the criterion that asks about them


def ordering(
    *,
    id: str,
    sentence: str,
    source: Source,
    published: Mapping[str, float],
    lower_is_better: bool,
    quantity: str,
    compare: "Callable[[Evidence, tuple[str, ...], Pairs], Sample]",
    needs: tuple[Request, ...],
    unit: str = "seed",
    scale: str,
    silent: str,
) -> Claim:
    """The claim that encodings stand in the order of one column of a table.

    `published`: the number of each encoding; `quantity`: what is measured of a pair, positive if the first does better;
    `compare` measures it.
    """
    groups = _groups(published, reverse=not lower_is_better)
    asked = [pair for first, second in pairwise(groups) for pair in product(first, second)]
    pairs = {pair: ", ".join(f"{name} {published[name]:g}" for name in pair) for pair in asked}
    names = tuple(name for group in groups for name in group)
    return Claim(
        id=id,
        sentence=sentence,
        source=source,
        criteria=tuple(positive(name, quantity) for name in pairs.values()),
        evidence=Trained(
            needs=needs,
            read=lambda evidence: compare(evidence, names, pairs),
            unit="task" if unit == "task" else "seed",
        ),
        scale=scale,
        silent=silent,
    )


def _groups(published: Mapping[str, float], *, reverse: bool) -> list[list[str]]:
    """The encodings in the published order, those that tie with the one before them in its group."""
    groups: list[list[str]] = []
    last = 0.0
    for name in sorted(published, key=published.__getitem__, reverse=reverse):
        ties = groups and abs(published[name] - last) <= TIE * min(published[name], last)
        groups = [*groups[:-1], [*groups[-1], name]] if ties else [*groups, [name]]
        last = published[name]
    return groups


def on_one_task(task: str, multiple: float, metric: str = "") -> "Callable[[Evidence, tuple[str, ...], Pairs], Sample]":
    """Compare values on one task at a multiple of L, seed by seed."""
    return lambda evidence, _, pairs: {
        name: gap(evidence, task, one, two, multiple, metric=metric) for (one, two), name in pairs.items()
    }


def by_rank(multiple: float, fewest: int) -> "Callable[[Evidence, tuple[str, ...], Pairs], Sample]":
    """Compare mid-ranks at a multiple of L, one synthetic task each; nothing below so many tasks."""

    def compare(evidence: Evidence, names: tuple[str, ...], pairs: Pairs) -> Sample:
        ranks = [found for task in evidence.synthetic if (found := midranks(evidence, task, names, multiple))]
        if len(ranks) < fewest:
            return {}
        return {name: [own[two] - own[one] for own in ranks] for (one, two), name in pairs.items()}

    return compare
