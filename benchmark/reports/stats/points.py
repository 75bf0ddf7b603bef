"""The points of a curve: one encoding at one length of one task, over its seeds.

    mean, the lowest and the highest seed, how many seeds have a value, and each of them

Convention: a seed without a value (diverged, failed, unsupported) is left out of the mean, and n < seeds shows it. A
point is "ok" if any seed is.
"""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

WHO = ["trained_with", "encoding"]
POINT = ["task", "setting", "metric", *WHO, "length"]  # averaged over seeds
SHARED = ["multiple", "train_length", "lower_is_better"]
FLOOR = ["chance", "shortcut", "shortcut_name"]  # what `floor` reads

Name = tuple[str, str, str]  # trained with, encoding, league


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """One row per (task, setting, metric, encoding, length) of `metric_table`, over its seeds.

    Columns: those, multiple, train_length, lower_is_better, chance, shortcut, shortcut_name, n (seeds with a value),
    seeds (of the task's grid), mean, low and high (the lowest and the highest seed; NaN for one), each (seed and value,
    where there is one), status ("ok" if any seed is, else the most frequent one).
    """
    groups = table.groupby(POINT, sort=True)
    points = groups["value"].agg(["count", "mean", "min", "max"])
    several = points["count"] > 1
    points = points.assign(low=points["min"].where(several), high=points["max"].where(several))
    points = points.assign(**{name: groups[name].first() for name in (*SHARED, "chance", "shortcut")})
    named = table["shortcut_name"].where(table["shortcut_name"] != "")  # a failed seed names none
    points["shortcut_name"] = named.groupby([table[name] for name in POINT]).first().fillna("")
    points = points.assign(status=_statuses(table), each=_each_seed(table)).reset_index()
    points["each"] = [own if isinstance(own, tuple) else () for own in points["each"]]
    points = points.rename(columns={"count": "n"})
    columns = [*POINT, *SHARED, *FLOOR, "n", "mean", "low", "high", "each", "status"]
    points = points[columns]
    seeds = table.groupby(["task", "setting"])["seed"].nunique().rename("seeds").reset_index()
    return points.merge(seeds, on=["task", "setting"], how="left")


def by_seed(group: pd.DataFrame, encoding: str) -> dict[int, float]:
    """The values of one encoding by seed, without NaN, from rows of one task, metric and length."""
    own = (group["encoding"] == encoding) & group["value"].notna()
    return dict(zip(group["seed"][own], group["value"][own], strict=True))


def overall_status(group: pd.DataFrame) -> str:
    """The status of several seeds: "ok" if any is, else the most frequent one, of equals the first by name."""
    if group.empty:
        return "missing"
    if (group["status"] == "ok").any():
        return "ok"
    return str(group["status"].mode().iloc[0])


def arranged(table: pd.DataFrame) -> list[Name]:
    """Every (trained_with, encoding, league) of a table, in the order of reports.

    An encoding applied at test time follows the one it is applied to; leagues of their own come last.
    """
    return in_order(zip(table["trained_with"], table["encoding"], table["league"], strict=True))


def by_quality(*tables: pd.DataFrame) -> list[Name]:
    """Every (trained_with, encoding, league) of the tables, each of one metric and setting, the best first.

    The best has the best mean at the longest length; one that ends before it follows those that reach it. Over several
    tables, the mean rank counts. Leagues of their own come last; equals keep the order of reports.
    """
    names = in_order(name for table in tables for name in arranged(table))
    ranks = [_quality(table).rank(method="average") for table in tables]
    mean = pd.concat([own.reindex([name[:2] for name in names], fill_value=len(names)) for own in ranks], axis=1).mean(
        axis=1
    )
    return sorted(names, key=lambda name: (name[2], float(mean[name[:2]])))


def in_order(names: Iterable[Name]) -> list[Name]:
    """Distinct names in the order of reports."""
    return sorted(set(names), key=lambda name: (name[2], name[0], name[0] != name[1], name[1]))


def _quality(table: pd.DataFrame) -> pd.Series:
    """For each encoding of one metric and setting, its place among the others: less is better."""
    signed = table["value"] * (1 if table["lower_is_better"].iloc[0] else -1)
    # Rounded: the sum of equal seeds in another order may differ in the last digit.
    means = signed.groupby([table[name] for name in (*WHO, "length")]).mean().round(12).unstack("length")
    keys = {who: _place(own) for who, own in means.iterrows()}
    order = {key: place for place, key in enumerate(sorted(set(keys.values())))}
    return pd.Series({who: order[key] for who, key in keys.items()}, dtype=float)


def _place(costs: pd.Series) -> tuple[float, float]:
    known = costs.dropna()
    return (math.inf, math.inf) if known.empty else (-float(known.index[-1]), float(known.iloc[-1]))


def _each_seed(table: pd.DataFrame) -> pd.Series:
    """Seed and value of every point, in ascending order of seeds."""
    known = table[table["value"].notna()].sort_values("seed")
    pairs = pd.Series(list(zip(known["seed"].astype(int), known["value"].astype(float), strict=True)), known.index)
    return pairs.groupby([known[name] for name in POINT]).agg(tuple)


def _statuses(table: pd.DataFrame) -> pd.Series:
    """The status of every point. Most are ok, so only the others are counted one by one."""
    any_ok = (table["status"] == "ok").groupby([table[name] for name in POINT]).any()
    lost = table[table["status"] != "ok"].groupby(POINT)
    others: dict[Any, str] = {key: overall_status(group) for key, group in lost}
    return pd.Series({key: "ok" if ok else others[key] for key, ok in any_ok.items()}, dtype=object).reindex(
        any_ok.index
    )
