"""The tutorial's experiment on two small passages."""

import math

import pytest
import torch

from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError
from benchmark.tutorial.experiment import Reconstruction, experiment, largest_change, train

PASSAGES = {"one": ["a", "b", "c", "b", "d"], "two": ["e", "a", "f"]}
CAUSAL = """
from benchmark.encodings.encoding import Encoding


class Onward(Encoding):
    name = "onward"
    title = "Onward"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"
    causal_only = True
"""
ADAPTER = CAUSAL.replace("causal_only = True", 'adapts = "rope"').replace("onward", "adapter")


def outcome(name, epochs=30):
    return experiment(CATALOGUE.choice(str(name)), PASSAGES, epochs=epochs, seed=0)


@pytest.mark.parametrize("name", ["none", "sinusoidal", "learned", "alibi", "rope"])
def test_every_encoding_learns_to_reproduce_its_words(name):
    found = outcome(name)
    assert len(found.losses) == 31
    assert found.losses[-1] < 0.4 * found.losses[0]
    for seen, words in zip(found.passages, PASSAGES.values(), strict=True):
        assert seen.attention.shape == (4, len(words), len(words))
        torch.testing.assert_close(seen.attention.sum(-1), torch.ones(4, len(words)))
        assert (seen.attention.triu(1) > 0).any()  # bidirectional


def test_the_same_seed_gives_the_same_losses_and_another_does_not():
    assert outcome("rope", 3).losses == outcome("rope", 3).losses
    other = experiment(CATALOGUE.choice("rope"), PASSAGES, epochs=3, seed=1)
    assert other.losses != outcome("rope", 3).losses


def test_encodings_differ_in_nothing_but_the_encoding():
    models = [Reconstruction(7, 5, CATALOGUE.choice(name), 0) for name in ("rope", "learned")]
    ours = [{k: v for k, v in model.state_dict().items() if not k.startswith("encoding.")} for model in models]
    assert ours[0].keys() == ours[1].keys()
    assert all(ours[0][key].equal(ours[1][key]) for key in ours[0])


def test_a_shift_changes_absolute_encodings_and_not_relative_ones():
    assert outcome("rope").shift_change < 1e-5
    assert outcome("alibi").shift_change == 0
    assert outcome("sinusoidal").shift_change > 0.01
    assert outcome("learned").shift_change is None


def test_the_target_is_the_word_without_its_position():
    model = Reconstruction(7, 5, CATALOGUE.choice("sinusoidal"), 0)
    row = torch.tensor([[0, 3, 5]])
    expected = ((model(row)[0] - model.embedding[row[0]]) ** 2).mean()
    torch.testing.assert_close(model.loss(row), expected)
    with torch.inference_mode():
        assert largest_change(model, [row], [model(row)[1][0]]) > 0


def test_a_causal_only_encoding_sees_no_words_ahead(tmp_path):
    (tmp_path / "onward.py").write_text(CAUSAL)
    found = outcome(tmp_path / "onward.py")
    assert found.causal
    assert all((seen.attention.triu(1) == 0).all() for seen in found.passages)
    chances = [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1, 1 / 2, 1 / 3]
    assert math.isclose(found.by_chance, sum(chances) / 8)


def test_a_test_time_encoding_is_refused(tmp_path):
    (tmp_path / "adapter.py").write_text(ADAPTER)
    with pytest.raises(UsageError, match="applied at test time only"):
        outcome(tmp_path / "adapter.py")


@pytest.mark.parametrize("name", ["abacus", "randomized:base=abacus"])
def test_an_encoding_that_reads_digits_is_refused(name):
    with pytest.raises(UsageError, match=f"{name} reads the digits of numbers, and the passages contain none"):
        outcome(name)


def test_an_encoding_that_reads_the_marks_of_segments_is_refused():
    with pytest.raises(UsageError, match="bipe reads the marks that end segments, which the tutorial does not give"):
        outcome("bipe")


def test_an_encoding_is_trained_as_in_a_run_and_probed_as_at_test_time():
    """An encoding that drops its rotation has it for most epochs; one that samples positions does so every epoch."""
    assert outcome("drop", 7).losses[:7] == outcome("rope", 7).losses[:7]
    assert outcome("drop", 16).losses[15] != outcome("rope", 16).losses[15]
    assert outcome("randomized", 3).losses[1] != outcome("rope", 3).losses[1]
    trained = Reconstruction(7, 5, CATALOGUE.choice("drop"), 0)
    train(trained, [torch.tensor([[0, 3, 5]])], 2, 0)
    assert not trained.training


def test_a_words_weight_on_itself_is_compared_with_chance():
    found = outcome("none", 1)
    assert math.isclose(found.by_chance, 2 / 8)
    own = [seen.attention[2, place, place] for seen in found.passages for place in range(len(seen.words))]
    assert math.isclose(found.to_itself[2], float(sum(own)) / 8, rel_tol=1e-5)
