"""Families: where an encoding acts, as one of seven kinds, each with a colour of its own in a leaderboard."""

from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError
from benchmark.reports.words import Phrases, later

TEST_TIME = "test-time"
FAMILIES = Phrases(  # by what an encoding's file says that it acts on; colours follow this order
    {
        "weights": later("attention weights"),
        TEST_TIME: later("at test time"),
        "rotation": later("rotation"),
        "bias": later("bias"),
        "embedding": later("embeddings or positions"),
        "scores": later("scores"),
        "nothing": later("none"),
    }
)


def family(label: str) -> str:
    """The family of an encoding, a key of FAMILIES; "" for one that is not installed here."""
    try:
        entry = CATALOGUE.registered.choice(label).entry
    except (UsageError, OSError):
        return ""
    if entry.attributes.get("adapts"):
        return TEST_TIME
    acts = str(entry.attributes.get("acts"))
    return {"positions": "embedding"}.get(acts, acts if acts in FAMILIES else "")


def colors(labels: list[str]) -> dict[str, str]:
    """The stylesheet's name for the colour of each encoding's family."""
    order = list(FAMILIES)
    return {label: f"series-{order.index(family(label))}" for label in labels if family(label)}
