"""Wishes: what somebody asks of an encoding before any record is looked at, and whether its known facts meet it.

Facts are those of `list encodings`: claims in an encoding's file, and what tests/encodings/facts.py measured of each at
its defaults (`benchmark/encodings/facts.json`). Of an encoding with other parameters, or of a file, those are unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmark.catalogue import Entry
from benchmark.encodings import CATALOGUE, Measured, measured
from benchmark.errors import UsageError
from benchmark.reports.words import listed, said, t

Met = Literal["met", "unmet", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Constraints; None or False asks for nothing."""

    fused: bool = False  # the fused attention kernel, without a mask
    cached: bool = False  # decoding with a KV cache
    trained: bool = False  # trained with the model, not applied at test time
    checkpoint: bool = False  # works on a model that was trained with RoPE
    kv_bytes: int | None = None  # at most, for each token besides keys and values
    operations: float | None = None  # at most, in percent more at 16 L

    @property
    def words(self) -> str:
        """The constraints as a list."""
        return listed(self._words())

    def judge(self, label: str) -> tuple[Met, str]:
        """Whether an encoding meets all of them, and the first reason if not."""
        try:
            entry = CATALOGUE.registered.choice(label).entry
        except (UsageError, OSError):
            return ("unknown", t("not installed here")) if any(self._words()) else ("met", "")
        if self.trained and entry.attributes.get("adapts"):
            return "unmet", t("applied at test time")
        if self.checkpoint and not _fits_rope(entry):
            return "unmet", t("not for a RoPE checkpoint")
        if not (self.fused or self.cached or self.kv_bytes is not None or self.operations is not None):
            return "met", ""
        facts = facts_of(label)
        if facts is None:
            return "unknown", t("only measured at its defaults")
        reason = next(self._unmet(facts), "")
        return ("unmet", reason) if reason else ("met", "")

    def _unmet(self, facts: Measured) -> Iterator[str]:
        kept, more = facts["kv_bytes"], facts["more_operations"]
        if self.fused and facts["kernel"] != "fused":
            yield t("kernel: {kernel}", kernel=said(facts["kernel"]))
        if (self.cached or self.kv_bytes is not None) and kept is None:
            yield t("no KV cache")
        if self.kv_bytes is not None and kept is not None and kept > self.kv_bytes:
            yield t("{n} more KV bytes", n=kept)
        if self.operations is not None and more is None:
            yield t("ends before 16 L")
        if self.operations is not None and more is not None and 100 * more > self.operations:
            yield t("{share:.0%} more operations", share=more)

    def _words(self) -> Iterator[str]:
        if self.fused:
            yield t("fused kernel")
        if self.cached:
            yield t("decodes with a KV cache")
        if self.trained:
            yield t("trained with the model")
        if self.checkpoint:
            yield t("works on a RoPE checkpoint")
        if self.kv_bytes is not None:
            yield t("at most {n} more KV bytes for each token", n=self.kv_bytes)
        if self.operations is not None:
            yield t("at most {percent:g} % more operations at 16 L", percent=self.operations)


def facts_of(label: str) -> Measured | None:
    """What was measured of an encoding at its defaults; None for any other."""
    return measured().get(label)


def _fits_rope(entry: Entry) -> bool:
    """True of what a model trained with RoPE can be read with to good effect: RoPE, what adapts it, and no encoding.

    `run --checkpoint` takes more (`list encodings`), such as ALiBi, which no such model has learned.
    """
    adapted = {each.attributes.get("adapts") for each in CATALOGUE.entries()}
    attributes = entry.attributes
    return entry.name in adapted or bool(attributes.get("adapts")) or attributes.get("acts") == "nothing"
