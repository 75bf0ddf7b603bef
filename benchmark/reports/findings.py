"""What the statistics of a task allow to be said, in two sentences.

The first names the best means, and counts who is ruled out as the best at the longest length (`contenders`). The second
says against a reference, there, which encodings are shown to be better, worse or equivalent (`paired.against`), and how
many more seeds the others need. Up to SPELLED others are named one by one; more are counted.

Convention: intervals are of one difference, p values are Holm's. The reference is chosen beforehand: a best one that
is picked by its mean would be compared with after the fact.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.contenders import contest
from benchmark.reports.paired import LEVEL, MARGINS, against, fewest_seeds, league_of
from benchmark.reports.statistics import qualified

NAMED = 3  # encodings that share the best mean; the rest are counted
SPELLED = 4  # comparisons spelled out one by one: the classic encodings but the reference
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
    longest = headline[headline["length"] == headline.groupby(["task", "setting"])["length"].transform("max")]
    tests = against(longest, reference, margins=margins, seed=seed).assign(encoding=_names)
    found = {}
    for (task, setting), group in headline.groupby(["task", "setting"], sort=True):
        own = tests[(tests["task"] == task) & (tests["setting"] == setting)]
        found[str(task), str(setting)] = f"{best_sentence(group, seed)} {comparison_sentence(own)}".strip()
    return found


def best_sentence(group: pd.DataFrame, seed: int = 0) -> str:
    """Who has the best mean at L and at the longest length, of the rows of one task and metric."""
    places = sorted({group["multiple"].min(), group["multiple"].max()})
    best = {_multiple(place): _best(group[group["multiple"] == place]) for place in places}
    metric = METRICS.get(group["metric"].iloc[0], group["metric"].iloc[0])
    holders = [f"{_listed(names)} at {place}" for place, names in best.items() if names]
    if not holders:
        return f"No {metric} was measured."
    rivals = _rivals(group[group["multiple"] == places[-1]], seed)
    if len(set(best.values())) == 1:
        return f"Best mean {metric} at {' and at '.join(best)}: {_listed(next(iter(best.values())))}{rivals}."
    return f"Best mean {metric}: {', '.join(holders)}{rivals}."


def _rivals(longest: pd.DataFrame, seed: int) -> str:
    """How many are ruled out as the best; "" where the comparison with the reference says all, or seeds are few."""
    found = contest(longest, seed)
    if found is None or found.rivals < 2 or not found.decidable:
        return ""
    lost, rivals = len(found.ruled_out), found.rivals
    are = (
        "none of {} others is" if lost == 0 else "all {} others are" if lost == rivals else f"{lost} of {{}} others are"
    )
    return f"; at {_multiple(longest['multiple'].iloc[0])}, {are.format(rivals)} ruled out as the best"


def comparison_sentence(tests: pd.DataFrame) -> str:
    """What the rows of `paired.against` at one place show; "" where there is nothing to compare."""
    if tests.empty:
        return ""
    known = tests[tests["n"] > 0]
    first = tests.iloc[0]
    head = f"At {_multiple(first['multiple'])} against {first['reference']}"
    if known.empty:
        return f"{head}, nothing can be compared: no encoding has a common seed with it there."
    seeds, family = int(known["n"].max()), int(first["family"])
    if known["verdict"].isin(UNDECIDED).all() and seeds < fewest_seeds(family):
        return f"{head}, {_nothing_can_be_shown(seeds, family)}."
    if len(tests) > SPELLED:
        return f"{head}, of {len(tests)} others: {'; '.join(_counts(tests))}."
    shown = [*_shown(known, "better"), *_shown(known, "worse"), *_equivalent(known)]
    return f"{head}, {'; '.join([*shown, *_undecided(known), *_absent(tests)])}."


def _nothing_can_be_shown(seeds: int, family: int) -> str:
    pairs = "1 comparison" if family == 1 else f"{family} comparisons"
    level = f"the {LEVEL * 100:.0f} % level by the permutation test with {_seeds(seeds)} and {pairs}"
    return f"no difference can be shown at {level}: at least {fewest_seeds(family)} seeds are needed"


def _counts(tests: pd.DataFrame) -> Iterator[str]:
    """How many came out in each way; of those that are shown, the largest difference."""
    known = tests[tests["n"] > 0]
    for verdict in ("better", "worse"):
        rows = _largest_first(known, verdict)
        if rows:
            yield f"{len(rows)} {verdict}, most of all {rows[0]['encoding']} by {_size(rows[0])}"
    equivalent, undecided = known[known["verdict"] == "equivalent"], known[known["verdict"].isin(UNDECIDED)]
    if len(equivalent):
        yield f"{len(equivalent)} equivalent within {equivalent['margin'].iloc[0]:g}"
    if len(undecided):
        yield f"{len(undecided)} not shown either way{_more_seeds(undecided)}"
    if len(known) < len(tests):
        yield f"{len(tests) - len(known)} without a common seed"


def _more_seeds(undecided: pd.DataFrame) -> str:
    more = (undecided["seeds_needed"] - undecided["n"]).dropna().clip(lower=1)
    if more.empty:
        return ""
    low, high = int(more.min()), int(more.max())
    return (
        f" (need about {low} to {high} more seeds)" if low < high else f" (need about {low} more seed{'s' * (low > 1)})"
    )


def _largest_first(tests: pd.DataFrame, verdict: str) -> list[dict[Any, Any]]:
    own = tests[tests["verdict"] == verdict].sort_values("difference", key=np.abs, ascending=False, kind="stable")
    return own.to_dict("records")


def _shown(tests: pd.DataFrame, verdict: str) -> Iterator[str]:
    """Those that are better or worse, the largest difference first."""
    rows = _largest_first(tests, verdict)
    if rows:
        named = ", ".join(f"{row['encoding']} by {_size(row)}" for row in rows)
        yield f"{verdict}: {named}"


def _size(row: Mapping[Any, Any]) -> str:
    """A difference without its sign: "0.640 [0.600, 0.680] (8 seeds, Holm p = 0.0078)"."""
    low, high = (row["low"], row["high"]) if row["difference"] > 0 else (-row["high"], -row["low"])
    within = ", within the margin" if abs(row["difference"]) < row["margin"] else ""
    value = f"{abs(row['difference']):.3f} [{low:.3f}, {high:.3f}]"
    return f"{value} ({_seeds(row['n'])}, Holm p = {row['p_holm']:.2g}{within})"


def _equivalent(tests: pd.DataFrame) -> Iterator[str]:
    own = tests[tests["verdict"] == "equivalent"]
    if len(own):
        yield f"equivalent within {own['margin'].iloc[0]:g}: {', '.join(own['encoding'])}"


def _undecided(tests: pd.DataFrame) -> Iterator[str]:
    """Those that are not shown either way, and what each lacks."""
    own = tests[tests["verdict"].isin(UNDECIDED)].to_dict("records")
    if own:
        named = ", ".join(f"{row['encoding']} ({row['note']})" for row in own)
        yield f"not shown either way: {named}"


def _absent(tests: pd.DataFrame) -> Iterator[str]:
    own = tests.loc[tests["n"] == 0, "encoding"]
    if len(own):
        yield f"no common seed: {', '.join(own)}"


def _best(group: pd.DataFrame) -> tuple[str, ...]:
    """The encodings whose mean over seeds is the best, several where they share it; and who has fewer seeds for it."""
    values = group.assign(name=_names).dropna(subset=["value"]).groupby("name", sort=True)["value"]
    means, counts = values.mean(), values.size()
    best = means.min() if group["lower_is_better"].iloc[0] else means.max()
    shares = {str(name): int(counts[name]) for name in means.index[means == best]}
    return tuple(name if n == counts.max() else f"{name} ({_seeds(n)})" for name, n in shares.items())


def _names(table: pd.DataFrame) -> list[str]:
    """Each row's encoding; one that is applied to several bases is as many, each with its base."""
    pairs = list(zip(table["trained_with"], table["encoding"], strict=True))
    bases = Counter(encoding for _, encoding in set(pairs))
    return [qualified(base, encoding, "") if bases[encoding] > 1 else str(encoding) for base, encoding in pairs]


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(names)


def _multiple(multiple: float) -> str:
    return "L" if multiple == 1 else f"{multiple:g} L"


def _seeds(count: int) -> str:
    return f"{count} seed" if count == 1 else f"{count} seeds"
