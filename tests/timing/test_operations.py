from pathlib import Path

import pytest
import torch

from benchmark.encodings import CATALOGUE
from benchmark.encodings.bases import Rotation
from benchmark.encodings.encoding import Shape
from benchmark.timing.operations import OPERATIONS, VOCABULARY, Case, _decode, prepare, unsupported

SHAPE = Shape(width=12, heads=3, layers=2, train_length=7)

SHORT = """
from benchmark.encodings.encoding import Encoding


class Short(Encoding):
    name = "short"
    title = "Short"
    source = "https://example.org"
    acts = "nothing"
    past = "unsupported"
    max_length = 5
"""

ADAPTER = SHORT.replace("max_length = 5", 'adapts = "rope"').replace("short", "adapter")


def case(operation: str, length: int = 7) -> Case:
    return Case(operation=operation, length=length, shape=SHAPE, device=torch.device("cpu"))


def test_every_prepared_call_can_be_run() -> None:
    for operation in OPERATIONS:
        ready = prepare(case(operation), CATALOGUE.choice("rope"))
        for _ in range(2):
            ready()()


def test_a_training_step_does_what_most_of_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoding that drops its rotation near the end is timed with the rotation."""
    turned = []
    turn = Rotation.turn
    monkeypatch.setattr(Rotation, "turn", lambda self, x, cos, sin: turned.append(x) or turn(self, x, cos, sin))
    prepare(case("forward"), CATALOGUE.choice("drop"))()()
    assert turned == []
    prepare(case("training_step"), CATALOGUE.choice("drop"))()()
    assert len(turned) == 2 * SHAPE.layers


def test_a_batch_has_the_same_tokens_at_every_length() -> None:
    assert {case("forward", length).tokens for length in (64, 256, 1024, 2048)} == {2048}
    assert case("forward", 4096).rows == 1
    assert case("decode", 64).rows == 1


def test_the_same_tokens_are_drawn_for_every_encoding() -> None:
    drawn = case("forward").tokens_drawn()
    assert drawn.equal(case("forward").tokens_drawn())
    assert 0 <= int(drawn.min()) and int(drawn.max()) < VOCABULARY


def test_each_decoding_step_sees_a_cache_of_the_whole_length_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    model = _Recorder(seen)
    ready = _decode(model, torch.zeros(1, 7, dtype=torch.int64))  # type: ignore[arg-type]
    seen.clear()
    for _ in range(3):
        ready()()
    assert seen == [(6, 1)] * 3


class _Recorder:
    def __init__(self, seen: list[tuple[int, int]]) -> None:
        self.seen = seen

    def eval(self) -> None: ...

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden

    def __call__(self, tokens: torch.Tensor, cache: object) -> torch.Tensor:
        held = 0 if cache.tokens is None else cache.tokens.shape[1]  # type: ignore[attr-defined]
        self.seen.append((held, tokens.shape[1]))
        cache.tokens = torch.zeros(1, held + tokens.shape[1])  # type: ignore[attr-defined]
        return tokens


def test_a_length_past_the_end_of_an_encoding_is_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "short.py"
    path.write_text(SHORT)
    choice = CATALOGUE.choice(str(path))
    assert unsupported(case("forward", 5), choice) is None
    assert unsupported(case("forward", 6), choice) == "ends at 5 tokens"


def test_an_encoding_applied_at_test_time_is_not_timed_in_training(tmp_path: Path) -> None:
    path = tmp_path / "adapter.py"
    path.write_text(ADAPTER)
    choice = CATALOGUE.choice(str(path))
    assert unsupported(case("training_step"), choice) == "applied at test time only, never trained"
    assert unsupported(case("forward"), choice) is None
