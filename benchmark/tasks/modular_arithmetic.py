"""Modular arithmetic: the value of an expression of +, - and *, modulo 5.

    input    BOS  1  -  2  *  4  SEP  3              (1 - 2 * 4 = -7)
    target   .    .  .  .  .  .  3    EOS            (. is not scored)

    input    BOS  (  (  1  -  2  )  *  4  )  SEP  1        (brackets=true: (1 - 2) * 4 = -4)
    target   .    .  .  .  .  .  .  .  .  .  1    EOS

Length is the number of numbers; a row has 2 * length + 2 tokens, or 4 * length with brackets.
Vocabulary: 13.
Chance: 1 / 5.
Source: Deletang et al. 2022, https://arxiv.org/abs/2207.02098, appendix A: "modular arithmetic (simple)", and with
brackets "modular arithmetic".
Convention: without brackets, * binds tighter than + and -. With them, every operation has its own pair, including the
outermost, and the operation done last is equally likely to be any in the expression (as in the authors' code, which
splits a length uniformly). There, length counts every character, so some numbers must be written -d or (d) to fill it;
here it counts numbers, and each is written plainly. With brackets, the authors' code has * only as an option; here it
is always included. One number has 5 problems, two have 75 and three 1,125: there the test holds a third of those with
each value but 0, and as many with 0.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import SPECIALS, Batch, Synthetic, question

MODULUS = 5
PLUS, MINUS, TIMES, OPEN, CLOSE = range(SPECIALS, SPECIALS + 5)
ZERO = SPECIALS + 5  # the number d is the token ZERO + d
POWERS = torch.tensor([1, 2, 4, 3])  # of 2, modulo 5
OF_ZERO = 2**32  # an exponent that no product of nonzero numbers reaches
EXPONENTS = torch.tensor([OF_ZERO, 0, 1, 3, 2])  # of each number
# What a number adds to its term's exponent, by the operator before it. A term stands at OF_ZERO until it begins; a
# minus adds two, as -1 is 2 ** 2.
FACTORS = torch.stack((EXPONENTS - OF_ZERO, EXPONENTS - OF_ZERO + 2, EXPONENTS))


class ModularArithmetic(Synthetic):
    """Numbers and operators are uniform, each drawn independently."""

    name = "modular-arithmetic"
    title = "Modular arithmetic"
    group = "arithmetic"
    definition = "the value of an expression of +, - and *, modulo 5"
    source = "https://arxiv.org/abs/2207.02098"
    metric = "exact_match"
    version = 2  # 2: test rows are balanced over answers, and more
    balanced = True

    def __init__(self, *, brackets: bool = False) -> None:
        self.brackets = brackets

    @property
    def vocabulary(self) -> int:
        return ZERO + MODULUS

    def tokens(self, length: int) -> int:
        return 4 * length if self.brackets else 2 * length + 2

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        numbers = torch.randint(MODULUS, (size, length), generator=generator)
        operators = torch.randint(PLUS, TIMES + 1, (size, length - 1), generator=generator)
        if not self.brackets:
            return question(written(numbers, operators), ZERO + value(numbers, operators))
        order = torch.rand(size, length - 1, generator=generator).argsort(dim=1)
        result, begun, ended = joined(numbers, operators, order)
        return question(written_with_brackets(numbers, operators, begun, ended), ZERO + result)

    def chance(self, length: int) -> dict[str, float]:
        """Guess any value: as drawn, 0 is the likeliest, but test rows are balanced. EOS is always last."""
        guess = 1 / MODULUS
        return {"token_accuracy": (guess + 1) / 2, "exact_match": guess}


def apply(operator: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The result of a + b, a - b or a * b, modulo 5."""
    return torch.where(operator == TIMES, a * b, torch.where(operator == MINUS, a - b, a + b)) % MODULUS


def written(numbers: Int[Tensor, "batch n"], operators: Int[Tensor, "batch m"]) -> Int[Tensor, "batch prompt"]:
    """Interleave numbers and operators as tokens."""
    prompt = numbers.new_empty(len(numbers), numbers.shape[1] + operators.shape[1])
    prompt[:, ::2] = ZERO + numbers
    prompt[:, 1::2] = operators
    return prompt


def value(numbers: Int[Tensor, "batch n"], operators: Int[Tensor, "batch m"]) -> Int[Tensor, "batch 1"]:
    """The value of the expression without brackets: the sum of its terms, each a product with the sign before it.

    Every number but 0 is a power of 2 modulo 5, so multiplying numbers means adding exponents.
    """
    before = F.pad(operators, (1, 0), value=PLUS)
    term = (before != TIMES).cumsum(dim=1)  # the term that each number is in, counted from 1
    blank = torch.full((len(numbers), numbers.shape[1] + 1), OF_ZERO)
    exponent = blank.scatter_add_(1, term, FACTORS[before - PLUS, numbers])
    products = POWERS.take(exponent % len(POWERS)).masked_fill_(exponent >= OF_ZERO, 0)
    return products.sum(dim=1, keepdim=True) % MODULUS


def joined(
    numbers: Int[Tensor, "batch n"], operators: Int[Tensor, "batch m"], order: Int[Tensor, "batch m"]
) -> tuple[Int[Tensor, "batch 1"], Int[Tensor, "batch n"], Int[Tensor, "batch n"]]:
    """The value if operators are applied in this order, and how many of their results begin, and end, at each number.

    Each operator joins two pieces. A piece keeps its value and the place of its last number at its first number, and
    the place of its first number at its last.
    """
    values, begun, ended = numbers.clone(), torch.zeros_like(numbers), torch.zeros_like(numbers)
    first = torch.arange(numbers.shape[1]).repeat(len(numbers), 1)
    last = first.clone()
    for place in range(order.shape[1]):
        left = order[:, place, None]  # the last number before the operator
        right = left + 1
        start, end = first.gather(1, left), last.gather(1, right)
        result = apply(operators.gather(1, left), values.gather(1, start), values.gather(1, right))
        values.scatter_(1, start, result)
        last.scatter_(1, start, end)
        first.scatter_(1, end, start)
        begun.scatter_add_(1, start, torch.ones_like(start))
        ended.scatter_add_(1, end, torch.ones_like(end))
    return values[:, :1], begun, ended


def written_with_brackets(
    numbers: Int[Tensor, "batch n"],
    operators: Int[Tensor, "batch m"],
    begun: Int[Tensor, "batch n"],
    ended: Int[Tensor, "batch n"],
) -> Int[Tensor, "batch prompt"]:
    """The expression with this many brackets opened before each number, and this many closed after it."""
    opened, closed = begun.cumsum(dim=1), ended.cumsum(dim=1)
    order = 2 * torch.arange(numbers.shape[1])  # how many numbers and operators stand before each number
    number_places = order + opened + closed - ended
    operator_places = (order + 1 + opened + closed)[:, :-1]
    blank = numbers.new_zeros(len(numbers), 4 * numbers.shape[1] - 3)
    past_number = blank.scatter(1, number_places, 1).scatter(1, operator_places, -1).cumsum(dim=1)
    prompt = torch.where(past_number == 1, CLOSE, OPEN)
    return prompt.scatter(1, number_places, ZERO + numbers).scatter(1, operator_places, operators)
