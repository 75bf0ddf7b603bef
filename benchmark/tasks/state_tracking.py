"""State tracking: the word problem of a permutation group; at every place, name the product of all elements so far.

    input    2  1  5  5        (of S3: 1 swaps the last two, 2 the first two, 5 the outer two)
    target   2  4  1  4        (every place is scored)

An element is a rearrangement, and the product of a and b is a, then b. A shallow parallel computation can follow S3; if
TC0 and NC1 differ, it cannot follow A5, which is not solvable.
Length is the number of elements, and of tokens.
Vocabulary: 6.
Chance: (1 + (length - 1) / 6) / length.
Source: Merrill et al. 2024, https://arxiv.org/abs/2404.08819, the experiments on word problems.
Convention: elements are numbered in the lexicographic order of their images (0 1 2, 0 2 1, ..): 0 is the identity. The
product maps x to b(a(x)). S3 has 6 ** length words: at a trained length of two, most of them are held out for the test.
"""

from itertools import combinations, permutations

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.tasks.task import Batch, Synthetic

Permutation = tuple[int, ...]


class StateTracking(Synthetic):
    """Elements are uniform; `over` is S3 (all 6 permutations of 3) or A5 (the 60 even ones of 5)."""

    name = "state-tracking"
    title = "State tracking (word problem)"
    group = "reasoning"
    definition = "at every place, name the product of all elements of a permutation group so far"
    source = "https://arxiv.org/abs/2404.08819"
    metric = "token_accuracy"
    nested = True

    def __init__(self, *, over: str = "S3") -> None:
        if over not in ("S3", "A5"):
            raise ValueError(f"state-tracking: over is {over!r}, but must be S3 or A5")
        self.elements = [p for p in permutations(range(int(over[1]))) if over == "S3" or even(p)]
        self.table = multiplication_table(self.elements)

    @property
    def vocabulary(self) -> int:
        return len(self.elements)

    def tokens(self, length: int) -> int:
        return length

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        word = torch.randint(self.vocabulary, (size, length), generator=generator)
        return Batch(tokens=word, targets=running_products(word, self.table))

    def chance(self, length: int) -> dict[str, float]:
        """The first product is its own input; at all other places, guess any element."""
        guess = 1 / self.vocabulary
        return {"token_accuracy": (1 + (length - 1) * guess) / length, "exact_match": guess ** (length - 1)}


def even(permutation: Permutation) -> bool:
    """True if the permutation has an even number of inversions."""
    return sum(a > b for a, b in combinations(permutation, 2)) % 2 == 0


def multiplication_table(elements: list[Permutation]) -> Int[Tensor, "elements elements"]:
    """The number of the product of every two elements: the row's, then the column's."""
    number = {element: place for place, element in enumerate(elements)}
    return torch.tensor([[number[tuple(b[image] for image in a)] for b in elements] for a in elements])


def running_products(
    word: Int[Tensor, "batch time"], table: Int[Tensor, "elements elements"]
) -> Int[Tensor, "batch time"]:
    """Products of all elements up to each place, by doubling: of the last two first, then four, then eight."""
    products, reach = word, 1
    while reach < word.shape[1]:
        longer = table[products[:, :-reach], products[:, reach:]]
        products = torch.cat((products[:, :reach], longer), dim=1)
        reach *= 2
    return products
