"""Findings: what the statistics of a task support, in two sentences.

The first names the best means and counts the encodings that are ruled out as the best at the longest length
(`stats.best`). The second says which encodings are shown to be better, worse or equivalent to a reference there
(`stats.against_reference`), and how many more seeds the others need. Up to SPELLED others are named one by one; more
are counted.

Convention: each interval covers one difference; p values are Holm-corrected. The reference is chosen beforehand:
picking the best mean as the reference would mean comparing with it after the fact.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.phrases import metric_label, qualified, seeds_of, spelled
from benchmark.reports.stats.against_reference import PairedTest, against, fewest_seeds, league_of
from benchmark.reports.stats.best import contest
from benchmark.reports.stats.estimate import LEVEL
from benchmark.reports.words import joined, language, listed, sentences, t

NAMED = 3  # encodings named if they share the best mean; the rest are counted
SPELLED = 4  # comparisons spelled out one by one: the classic encodings without the reference
UNDECIDED = ("unmeasured", "one seed")


def findings(
    table: pd.DataFrame, reference: str, *, margins: Mapping[str, float] | None = None, seed: int = 0
) -> dict[tuple[str, str], str]:
    """Two sentences per (task, setting) on its headline metric: the best at L and the longest length; the tests there.

    `table`: rows of `metric_table`. Encodings of other leagues than the reference's are left out.
    """
    headline = league_of(table[table["headline"]], reference)
    longest = headline[headline["length"] == headline.groupby(["task", "setting"])["length"].transform("max")]
    tests = _renamed(against(longest, reference, margins=margins, seed=seed))
    found = {}
    for (task, setting), group in headline.groupby(["task", "setting"], sort=True):
        own = [test for test in tests if (test.task, test.setting) == (task, setting)]
        found[str(task), str(setting)] = sentences(best_sentence(group, seed), comparison_sentence(own))
    return found


def best_sentence(group: pd.DataFrame, seed: int = 0) -> str:
    """Name the best means at L and at the longest length, from the rows of one task and metric."""
    places = sorted({group["multiple"].min(), group["multiple"].max()})
    best = {spelled(place): _best(group[group["multiple"] == place]) for place in places}
    name = str(group["metric"].iloc[0])
    metric = metric_label(name, with_unit=not METRICS[name].bounded)
    holders = [t("{names} at {place}", names=_named(names), place=place) for place, names in best.items() if names]
    if not holders:
        return t("No {metric} was measured.", metric=metric)
    everyone = holders[0] if len(holders) == 1 else t("{first}, {last}", first=holders[0], last=holders[-1])
    said = t("Best mean {metric}: {names}", metric=metric, names=everyone)
    if len(set(best.values())) == 1:
        first, last = next(iter(best)), list(best)[-1]
        where = first if first == last else t("{first} and at {last}", first=first, last=last)
        names = _named(best[first])
        said = t("Best mean {metric} at {place}: {names}", metric=metric, place=where, names=names)
    return _sentence(said, _rivals(group[group["multiple"] == places[-1]], seed))


def comparison_sentence(tests: Sequence[PairedTest]) -> str:
    """Put into words what the tests at one place show; "" if there is nothing to compare."""
    if not tests:
        return ""
    known = [test for test in tests if test.n > 0]
    where = {"place": spelled(tests[0].multiple), "reference": tests[0].reference}
    if not known:
        return t(
            "At {place} against {reference}, nothing can be compared: no encoding shares a seed with it there.",
            **where,
        )
    seeds, family = max(test.n for test in known), tests[0].family
    if all(test.verdict in UNDECIDED for test in known) and seeds < fewest_seeds(family):
        return t(
            "At {place} against {reference}, no difference can be shown at the {level:.0f} % level by the permutation "
            "test with {seeds} and {comparisons}: at least {n} seeds are needed.",
            **where,
            level=LEVEL * 100,
            seeds=seeds_of(seeds),
            comparisons=t("1 comparison") if family == 1 else t("{n} comparisons", n=family),
            n=fewest_seeds(family),
        )
    if len(tests) > SPELLED:
        counts = language().semicolon.join(_counts(tests))
        return t("At {place} against {reference}, of {n} others: {counts}.", **where, n=len(tests), counts=counts)
    shown = [*_shown(known, "better"), *_shown(known, "worse"), *_equivalent(known)]
    outcomes = language().semicolon.join([*shown, *_undecided(known), *_absent(tests)])
    return t("At {place} against {reference}, {outcomes}.", **where, outcomes=outcomes)


def _rivals(longest: pd.DataFrame, seed: int) -> str:
    """How many are ruled out as the best; "" with one rival or with too few seeds to rule anyone out."""
    found = contest(longest, seed)
    if found is None or found.rivals < 2 or not found.decidable:
        return ""
    lost, rivals, place = len(found.ruled_out), found.rivals, spelled(longest["multiple"].iloc[0])
    if lost == 0:
        return t("at {place}, none of {n} others is ruled out as the best", place=place, n=rivals)
    if lost == rivals:
        return t("at {place}, all {n} others are ruled out as the best", place=place, n=rivals)
    return t("at {place}, {n} of {all} others are ruled out as the best", place=place, n=lost, all=rivals)


def _sentence(*parts: str) -> str:
    return t("{clauses}.", clauses=language().semicolon.join(part for part in parts if part))


def _counts(tests: Sequence[PairedTest]) -> Iterator[str]:
    """How many came out each way, with the largest difference of those that are shown."""
    known = [test for test in tests if test.n > 0]
    if rows := _largest_first(known, "better"):
        yield t("{n} better, most of all {largest}", n=len(rows), largest=_by(rows[0]))
    if rows := _largest_first(known, "worse"):
        yield t("{n} worse, most of all {largest}", n=len(rows), largest=_by(rows[0]))
    equivalent = [test for test in known if test.verdict == "equivalent"]
    undecided = [test for test in known if test.verdict in UNDECIDED]
    if equivalent:
        yield t("{n} equivalent within {margin:g}", n=len(equivalent), margin=equivalent[0].margin)
    if undecided:
        count, lack = t("{n} not shown either way", n=len(undecided)), _more_seeds(undecided)
        yield t("{name} ({remarks})", name=count, remarks=lack) if lack else count
    if len(known) < len(tests):
        yield t("{n} without a common seed", n=len(tests) - len(known))


def _more_seeds(undecided: Sequence[PairedTest]) -> str:
    more = [max(1, int(test.seeds_needed) - test.n) for test in undecided if not math.isnan(test.seeds_needed)]
    if not more:
        return ""
    low, high = min(more), max(more)
    if low < high:
        return t("need about {low} to {high} more seeds", low=low, high=high)
    return t("need about 1 more seed") if low == 1 else t("need about {n} more seeds", n=low)


def _largest_first(tests: Sequence[PairedTest], verdict: str) -> list[PairedTest]:
    return sorted((test for test in tests if test.verdict == verdict), key=lambda test: -abs(test.difference))


def _shown(tests: Sequence[PairedTest], verdict: str) -> Iterator[str]:
    """Encodings that are better, or worse, largest difference first."""
    rows = _largest_first(tests, verdict)
    if rows:
        named = listed(map(_by, rows))
        yield t("better: {names}", names=named) if verdict == "better" else t("worse: {names}", names=named)


def _by(test: PairedTest) -> str:
    """An encoding and the size of its difference: "alibi by 0.640 [0.600, 0.680] (8 seeds, Holm p = 0.0078)"."""
    low, high = (test.low, test.high) if test.difference > 0 else (-test.high, -test.low)
    facts = {"encoding": test.encoding, "size": f"{abs(test.difference):.3f} [{low:.3f}, {high:.3f}]"}
    tested = {"seeds": seeds_of(test.n), "p": test.p_holm}
    if abs(test.difference) < test.margin:
        return t("{encoding} by {size} ({seeds}, Holm p = {p:.2g}, within the margin)", **facts, **tested)
    return t("{encoding} by {size} ({seeds}, Holm p = {p:.2g})", **facts, **tested)


def _equivalent(tests: Sequence[PairedTest]) -> Iterator[str]:
    own = [test for test in tests if test.verdict == "equivalent"]
    if own:
        margin, names = own[0].margin, listed(test.encoding for test in own)
        yield t("equivalent within {margin:g}: {names}", margin=margin, names=names)


def _undecided(tests: Sequence[PairedTest]) -> Iterator[str]:
    """Encodings that are not shown either way, and what each lacks."""
    own = [test for test in tests if test.verdict in UNDECIDED]
    if own:
        named = listed(t("{name} ({remarks})", name=test.encoding, remarks=test.note) for test in own)
        yield t("not shown either way: {names}", names=named)


def _absent(tests: Sequence[PairedTest]) -> Iterator[str]:
    own = [test.encoding for test in tests if test.n == 0]
    if own:
        yield t("no common seed: {names}", names=listed(own))


def _best(group: pd.DataFrame) -> tuple[str, ...]:
    """The encodings that share the best mean over seeds, with a remark on any that has fewer seeds."""
    pairs = list(zip(group["trained_with"], group["encoding"], strict=True))
    values = group.assign(name=_names(pairs)).dropna(subset=["value"]).groupby("name", sort=True)["value"]
    means, counts = values.mean(), values.size()
    best = means.min() if group["lower_is_better"].iloc[0] else means.max()
    shares = {str(name): int(counts[name]) for name in means.index[means == best]}
    return tuple(
        name if n == counts.max() else t("{name} ({remarks})", name=name, remarks=seeds_of(n))
        for name, n in shares.items()
    )


def _renamed(tests: Sequence[PairedTest]) -> list[PairedTest]:
    """The tests with their encodings as sentences name them."""
    names = _names([(test.trained_with, test.encoding) for test in tests])
    return [replace(test, encoding=name) for test, name in zip(tests, names, strict=True)]


def _names(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The encoding of each pair (trained with, encoding), qualified by its base if it was applied to several."""
    bases = Counter(encoding for _, encoding in set(pairs))
    return [qualified(base, encoding, "") if bases[encoding] > 1 else str(encoding) for base, encoding in pairs]


def _named(names: tuple[str, ...]) -> str:
    if len(names) > NAMED:
        return t("{names} and {n} more", names=listed(names[:NAMED]), n=len(names) - NAMED)
    return joined(names)
