"""The claims of encodings: the stated formula gives the number of learned parameters in a model."""

import re

import pytest

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer

# Head width 2, which has no odd channel.
SHAPE = Shape(width=22, heads=11, layers=3, train_length=13, digits=(1, 2), marks=(3,))
LETTERS = {"L": SHAPE.train_length, "C": SHAPE.width, "H": SHAPE.heads, "d": SHAPE.head_width}
LETTERS["R"] = 2  # layers that RePo re-positions: all but the first 5/16


def parameters(choice: str) -> int:
    model = Transformer(5, SHAPE, lambda own, layer: make(choice, own, layer=layer))
    return sum(weight.numel() for weight in model.encodings.parameters())


def evaluated(formula: str, letters: dict[str, int]) -> float:
    """'98·H + 32 per layer' in numbers, for all layers; of 'C, and H per layer' only the second part counts so."""
    if ", and " in formula:
        return sum(evaluated(part, letters) for part in formula.split(", and "))
    once = formula.removesuffix(" per layer")
    terms = re.sub(r"(?<=[\dA-Z])(?=[A-Z(])", "*", once.replace("·", "*").replace("²", "**2"))
    number = eval(terms, {"__builtins__": {}}, letters)
    assert isinstance(number, int | float)
    return number * (SHAPE.layers if once != formula else 1)


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_the_formula_of_learned_parameters_gives_their_number(name: str) -> None:
    choice = CATALOGUE.choice(name)
    formula = str(choice.entry.attributes.get("learned", "0"))
    base = CATALOGUE.wrapped(choice)
    if base is not None:
        own, _, inherited = formula.rpartition("as its base")
        assert inherited == ""
        extra = evaluated(own.removesuffix(", and "), LETTERS) if own else 0
        assert parameters(name) == parameters(base.label) + extra
        return
    letters = {**LETTERS, "P": SHAPE.train_length // 2 + 1, "offset": choice.entry.defaults.get("offset", 0)}
    assert parameters(name) == evaluated(formula, letters)


@pytest.mark.parametrize("base", ["t5", "cope", "learned"])
@pytest.mark.parametrize("wrapper, own", [("logn", 0), ("head-scale", 0), ("irope", 0), ("ssmax", 33), ("sinks", 33)])
def test_a_wrapper_has_the_parameters_of_the_inner_encoding_and_its_own(wrapper: str, own: int, base: str) -> None:
    """Whether layers share the inner encoding or not, each has its own numbers, one for each of 11 heads."""
    assert parameters(f"{wrapper}:base={base}") == parameters(base) + own > 0
