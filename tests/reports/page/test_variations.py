"""How settings differ, in words and as data."""

import pytest

from benchmark.reports.page.variations import Variation, ladder_of
from benchmark.reports.words import speaking


@pytest.mark.parametrize(
    ("setting", "words", "only"),
    [
        ({"steps": 3000}, "5 times the steps", "steps"),
        ({"steps": 150}, "0.25 times the steps", "steps"),
        ({"learning_rate": 9e-4}, "0.3 times the learning rate", "rate"),
        ({"width": 32, "heads": 2}, "width 32", "width"),
        ({"heads": 8}, "8 heads", "heads"),
        ({"layers": 6, "mixing": "conv"}, "6 layers, a short convolution", ""),
        ({}, "", ""),
    ],
)
def test_what_differs_is_named(records, setting, words: str, only: str) -> None:
    main, other = records.train_spec("copy", "rope", 0), records.train_spec("copy", "rope", 0, **setting)
    variation = Variation.between(main, other)
    assert (variation.words, variation.only) == (words, only)
    assert Variation.model_validate_json(variation.model_dump_json(exclude_none=True)) == variation
    assert ladder_of(main) == ladder_of(other)


def test_best_rates_against_the_same_rate(records) -> None:
    main, wide = records.train_spec("copy", "rope", 0), records.train_spec("copy", "rope", 0, width=128)
    best = Variation.between(main, wide, tuned=True)
    assert best.words == "each encoding at its best learning rate, width 128"
    same = Variation.between(main, main, main_tuned=True)
    assert same.words == "the same learning rate for all (0.003)" and same.only == "shared_rate"
    assert Variation.between(main, wide, main_tuned=True, tuned=True).words == "width 128"


def test_only_the_warm_up(records) -> None:
    main = records.train_spec("copy", "rope", 0)
    budget = main.budget.model_copy(update={"warmup_steps": 7})
    assert Variation.between(main, main.model_copy(update={"budget": budget})).words == "a warm-up of 7 steps"


def test_another_batch_or_text_is_another_ladder(records) -> None:
    main = records.train_spec("corpus", "rope", 0)
    batch = main.model_copy(update={"budget": main.budget.model_copy(update={"batch": 8})})
    text = records.train_spec("corpus", "rope", 0, corpus="shuihu")
    assert len({ladder_of(spec) for spec in (main, batch, text)}) == 3


def test_in_chinese(records) -> None:
    main, other = records.train_spec("copy", "rope", 0), records.train_spec("copy", "rope", 0, steps=3000, width=32)
    with speaking("zh"):
        assert Variation.between(main, other).words == "训练步数为 5 倍、宽度 32"
