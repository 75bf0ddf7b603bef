"""Addition: the sum of two numbers, digit by digit.

    input    BOS  7  2  +  5  9  SEP  2  2  1        (27 + 95 = 122, least significant digit first)
    target   .    .  .  .  .  .  2    2  1  EOS      (. is not scored)

Length is the number of digits in each operand; a row has 3 * length + 4 tokens. The grid also has operands of unequal
length: the longer one has that many digits, and the other half as many, a quarter, and so on.
Vocabulary: 14.
Chance: 1 / 10 ** length.
Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466, section 3 and appendix. All numbers start with their
least significant digit, as in McLeish et al. 2024, https://arxiv.org/abs/2405.17399; `reversed=false` writes them the
usual way round.
Convention: every digit of an operand is uniform, leading zeros included, and the sum always has one digit more than the
longer operand. In the paper, neither operands nor sums have leading zeros; here all rows of a batch have the same
width, and the width reveals nothing about the answer.
"""

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from benchmark.seeds import generator
from benchmark.tasks.task import EOS, SEP, SPECIALS, Batch, Ranges, Synthetic, question

PLUS = SPECIALS
ZERO = SPECIALS + 1  # the digit d is the token ZERO + d
FIELD = 8  # test problems for each pair of unequal operand lengths


class Addition(Synthetic):
    """Rows of training and `evaluation` have operands of equal length; a view has the other fields of the grid."""

    name = "addition"
    title = "Addition"
    group = "arithmetic"
    definition = "the sum of two numbers, digit by digit"
    source = "https://arxiv.org/abs/2305.19466"
    metric = "exact_match"
    version = 2  # 2: training also leaves out the problems of the grid
    numbers = True
    digits = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13)

    def __init__(self, *, reversed: bool = True) -> None:
        self.reversed = reversed

    @property
    def vocabulary(self) -> int:
        return ZERO + 10

    def tokens(self, length: int) -> int:
        return 3 * length + 4

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        return self.operands(size, length, length, generator)

    def operands(self, size: int, first: int, second: int, generator: torch.Generator) -> Batch:
        """Problems whose operands have `first` and `second` digits; rows have first + second + max + 4 tokens."""
        a = torch.randint(10, (size, first), generator=generator)
        b = torch.randint(10, (size, second), generator=generator)
        plus = a.new_full((size, 1), PLUS)
        prompt = torch.cat((self._written(a), plus, self._written(b)), dim=1)
        return question(prompt, self._written(add(a, b, base=10)))

    def axes(self, length: int) -> dict[str, Ranges]:
        sides = tuple((digits, digits) for digits in halvings(length))
        return {"first operand (digits)": sides, "second operand (digits)": sides}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By the lengths of both operands, which are the same at every place of a row."""
        sides = torch.tensor(halvings(length))
        plus, sep = ((batch.tokens == mark).long().argmax(dim=1, keepdim=True) for mark in (PLUS, SEP))
        first, second = (torch.searchsorted(sides, digits) for digits in (plus - 1, sep - plus - 1))
        return (len(sides) * first + second).expand_as(batch.tokens)

    def views(self, length: int, train_length: int) -> dict[str, Iterable[Batch]]:
        """Operands of unequal length: this length with each shorter one, down to a quarter of the trained length.

        At the trained length also every pair of shorter ones, so that the lengths of a run make one complete grid.
        """
        return {"operands": self._operands(length, train_length)}

    def _operands(self, length: int, train_length: int) -> Iterator[Batch]:
        draws = generator(self.name, "operands", length)
        sides = [digits for digits in halvings(length) if digits >= train_length // 4]
        for first in sides:
            for second in sides:
                inside = first < length and second < length
                if length == train_length if inside else first != second:
                    yield self.operands(FIELD, first, second, draws)

    def _written(self, number: Int[Tensor, "batch digits"]) -> Int[Tensor, "batch digits"]:
        """The tokens of a number, in the task's order of digits."""
        return ZERO + (number if self.reversed else number.flip(1))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """Each digit of the sum without the carry."""
        length = batch.tokens.shape[1] // 3 - 1
        digits = (batch.tokens[:, 1 : length + 1] + batch.tokens[:, length + 2 : 2 * length + 2] - 2 * ZERO) % 10
        answers = torch.full_like(batch.tokens, EOS)
        answers[:, -length - 2 : -1] = ZERO + F.pad(digits, (0, 1) if self.reversed else (1, 0))
        return {"no carry": answers}

    def chance(self, length: int) -> dict[str, float]:
        """Guess the likeliest sum, 0 and then `length` nines: a nine is right one time in ten, 0 if nothing carries.

        EOS is always in the same place.
        """
        exact = 0.1**length
        uncarried = (1 + exact) / 2
        return {"token_accuracy": (uncarried + length / 10 + 1) / (length + 2), "exact_match": exact}


def halvings(length: int) -> list[int]:
    """A length, half of it and so on down to 1, each rounded down, in ascending order."""
    return [length >> times for times in reversed(range(length.bit_length()))]


def add(a: Int[Tensor, "batch n"], b: Int[Tensor, "batch m"], *, base: int) -> Int[Tensor, "batch sum"]:
    """Digits of the sum, least significant first as in `a` and `b`: one more than in the longer of the two.

    A place whose digits sum to base - 1 passes on the carry it receives; any other decides its own. The carry out of a
    place is therefore decided by the last deciding place up to it.
    """
    width = max(a.shape[1], b.shape[1])
    sums = F.pad(a, (0, width - a.shape[1])) + F.pad(b, (0, width - b.shape[1]))
    places = torch.arange(width).expand_as(sums)
    deciding = torch.where(sums == base - 1, 0, places).cummax(dim=1).values  # at place 0, base - 1 carries nothing
    carries = sums.gather(1, deciding) >= base
    return (F.pad(sums, (0, 1)) + F.pad(carries.long(), (1, 0))) % base
