"""Gains over cutting the context to L, from planted losses."""

import pandas as pd

from benchmark.reports.stats.stretch import stretches

L = 100
DOCUMENTS = 12


def table(gains: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    rows = [
        {
            **{"trained_with": "rope", "encoding": encoding, "league": "", "metric": metric, "seed": seed},
            **{"train_length": L, "length": length, "multiple": length / L, "value": value, "task": "text"},
            "lower_is_better": True,
        }
        for (encoding, length), own in gains.items()
        for seed, gain in enumerate(own)
        for metric, value in (("over_crop_nats", -gain), ("loss_nats", 2.0 - gain))
    ]
    return pd.DataFrame(rows)


def test_what_is_shown_needs_most_documents_and_more_than_the_margin() -> None:
    found = {
        own.who.encoding: own
        for own in stretches(
            table(
                {
                    ("yarn", 150): [0.1] * DOCUMENTS,
                    ("yarn", 200): [0.2] * DOCUMENTS,
                    ("rope", 150): [0.3, -0.1] * (DOCUMENTS // 2),
                    ("rope", 200): [-0.5] * DOCUMENTS,
                    ("pi", 150): [0.01] * DOCUMENTS,
                    ("pi", 200): [0.05] * 4,
                    ("yarn", L): [0.7] * DOCUMENTS,
                }
            )
        )
    }
    outcomes = {name: [step.outcome for step in own.steps] for name, own in found.items()}
    assert outcomes == {
        "yarn": ["gains", "gains"],
        "rope": ["undecided", "loses"],
        "pi": ["alike", "undecided"],  # within the margin on all; too few documents
    }
    assert (found["yarn"].gains_to, found["yarn"].loses_from) == (2.0, None)
    assert (found["rope"].gains_to, found["rope"].loses_from) == (None, 2.0)
    assert [step.length for step in found["pi"].steps] == [150, 200]
    assert found["yarn"].steps[1].effect.value == 0.2


def test_the_level_is_shared_by_all_encodings_and_lengths() -> None:
    alone = stretches(table({("yarn", 150): [0.1] * 6}))
    assert alone[0].steps[0].outcome == "gains"  # a clean sweep of 6 shows one pair
    many = stretches(table({("yarn", length): [0.1] * 6 for length in range(150, 190, 10)}))
    assert [step.outcome for step in many[0].steps] == ["undecided"] * 4


def test_nothing_is_said_where_l_was_not_measured() -> None:
    rows = table({("yarn", 150): [0.1] * 3})
    assert stretches(rows[rows["metric"] == "loss_nats"]) == []
