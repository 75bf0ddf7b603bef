"""What the statistics of a task allow to be said, in two sentences.

The first names the best means, which is no test. The second says against a reference, at one length, which encodings
are shown to be better, worse or equivalent (`paired.against`), and how many more seeds the others need.

Convention: intervals are of one difference, p values are Holm's. The reference is chosen beforehand: a best one that
is picked by its mean would be compared with after the fact.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.paired import LEVEL, MARGINS, against, fewest_seeds, league_of

NAMED = 3  # encodings spelled out of each verdict; the rest are counted
UNDECIDED = ("unmeasured", "one seed")
METRICS = {
    "token_accuracy": "token accuracy",
    "exact_match": "exact match",
    "loss_nats": "loss (nats)",
    "perplexity": "perplexity",
    "bits_per_character": "bits a character",
}


def findings(
    table: pd.DataFrame, reference: str, *, margins: Mapping[str, float] = MARGINS, seed: int = 0
) -> dict[tuple[str, str], str]:
    """Two sentences for each (task, setting), by its headline metric: the best at L and the longest; the tests there.

    Pass it rows of `aggregate.frame`. Encodings of other leagues than the reference's are not spoken of.
    """
    headline = league_of(table[table["headline"]], reference)
    tests = against(headline, reference, margins=margins, seed=seed)
    found = {}
    for (task, setting), group in headline.groupby(["task", "setting"], sort=True):
        own = tests[(tests["task"] == task) & (tests["setting"] == setting)]
        longest = own[own["length"] == group["length"].max()]
        found[str(task), str(setting)] = f"{task}: {best_sentence(group)} {comparison_sentence(longest)}".strip()
    return found


def best_sentence(group: pd.DataFrame) -> str:
    """Who has the best mean at L and at the longest length, of the rows of one task and metric."""
    places = sorted({group["multiple"].min(), group["multiple"].max()})
    best = {_multiple(place): _best(group[group["multiple"] == place]) for place in places}
    metric = METRICS.get(group["metric"].iloc[0], group["metric"].iloc[0])
    holders = [f"{_listed(names)} at {place}" for place, names in best.items() if names]
    if not holders:
        return f"no {metric} was measured."
    if len(set(best.values())) == 1:
        return f"best mean {metric} at {' and at '.join(best)}: {_listed(next(iter(best.values())))}."
    return f"best mean {metric}: {', '.join(holders)}."


def comparison_sentence(tests: pd.DataFrame) -> str:
    """What the rows of `paired.against` at one place show; "" where there is nothing to compare."""
    known = tests[tests["n"] > 0]
    if known.empty:
        return ""
    first = known.iloc[0]
    head = f"At {_multiple(first['multiple'])} against {first['reference']}"
    seeds = int(known["n"].max())
    undecided = known["verdict"].isin(UNDECIDED).all()
    if undecided and seeds < fewest_seeds(int(first["family"])):
        return f"{head}, {_nothing_can_be_shown(seeds, int(first['family']))}."
    shown = [*_shown(known, "better"), *_shown(known, "worse"), *_equivalent(known)]
    return f"{head}, {'; '.join([*shown, *_undecided(known), *_absent(tests)])}."


def _nothing_can_be_shown(seeds: int, family: int) -> str:
    pairs = "1 comparison" if family == 1 else f"{family} comparisons"
    level = f"the {LEVEL * 100:.0f} % level by the permutation test with {_seeds(seeds)} and {pairs}"
    return f"no difference can be shown at {level}: at least {fewest_seeds(family)} seeds are needed"


def _shown(tests: pd.DataFrame, verdict: str) -> Iterator[str]:
    """Those that are better or worse, the largest difference first."""
    own = tests[tests["verdict"] == verdict].sort_values("difference", key=np.abs, ascending=False, kind="stable")
    rows = own.to_dict("records")
    if rows:
        named = ", ".join(f"{row['encoding']} by {_size(row)}" for row in rows[:NAMED])
        yield f"{verdict}: {_with_rest(named, len(rows) - NAMED)}"


def _size(row: Mapping[Any, Any]) -> str:
    """A difference without its sign: "0.640 [0.600, 0.680] (8 seeds, Holm p = 0.0078)"."""
    low, high = (row["low"], row["high"]) if row["difference"] > 0 else (-row["high"], -row["low"])
    within = ", within the margin" if abs(row["difference"]) < row["margin"] else ""
    value = f"{abs(row['difference']):.3f} [{low:.3f}, {high:.3f}]"
    return f"{value} ({_seeds(row['n'])}, Holm p = {row['p_holm']:.2g}{within})"


def _equivalent(tests: pd.DataFrame) -> Iterator[str]:
    own = tests[tests["verdict"] == "equivalent"]
    if len(own):
        named = _with_rest(", ".join(own["encoding"][:NAMED]), len(own) - NAMED)
        yield f"equivalent within {own['margin'].iloc[0]:g}: {named}"


def _undecided(tests: pd.DataFrame) -> Iterator[str]:
    """Those that are not shown either way, and what each lacks."""
    own = tests[tests["verdict"].isin(UNDECIDED)].to_dict("records")
    if own:
        named = ", ".join(f"{row['encoding']} ({row['note']})" for row in own[:NAMED])
        yield f"not shown either way: {_with_rest(named, len(own) - NAMED)}"


def _absent(tests: pd.DataFrame) -> Iterator[str]:
    own = tests.loc[tests["n"] == 0, "encoding"]
    if len(own):
        yield f"no common seed: {_with_rest(', '.join(own[:NAMED]), len(own) - NAMED)}"


def _best(group: pd.DataFrame) -> tuple[str, ...]:
    """The encodings whose mean over seeds is the best, several where they share it; and who has fewer seeds for it."""
    values = group.dropna(subset=["value"]).groupby("encoding", sort=True)["value"]
    means, counts = values.mean(), values.size()
    best = means.min() if group["lower_is_better"].iloc[0] else means.max()
    shares = {str(name): int(counts[name]) for name in means.index[means == best]}
    return tuple(name if n == counts.max() else f"{name} ({_seeds(n)})" for name, n in shares.items())


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > NAMED:
        return _with_rest(", ".join(names[:NAMED]), len(names) - NAMED)
    return " and ".join(names)


def _with_rest(named: str, rest: int) -> str:
    return f"{named} and {rest} more" if rest > 0 else named


def _multiple(multiple: float) -> str:
    return "L" if multiple == 1 else f"{multiple:g} L"


def _seeds(count: int) -> str:
    return f"{count} seed" if count == 1 else f"{count} seeds"
