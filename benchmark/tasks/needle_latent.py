"""Needle by association: facts are hidden in filler; a word asks for one that names only its partner.

    input    _  P  7  _  _  R  2  _  r  p        (the word p asks for the fact about its partner P; _ is filler)
    target   .  .  .  .  .  .  .  .  2  7        (. is not scored)

Each of `words` words has a partner of its own, drawn once: the same in training and in the test, so training can teach
it, and a row cannot give it away. A fact is a partner and a value. Words never occur in the text, so searching it for
the token that asks finds nothing.
Length is the number of tokens before the questions, including the facts; a row has length + facts tokens.
Every fact is asked for once, in random order. Facts can be anywhere, all placements alike, and scores are broken down
by depth in tenths: the start s of a fact, of S places counted from 0, is at depth (s + 1/2) / S.
Vocabulary: 112.
Chance: 1 / 4 + 3 / 4 / 64.
Source: Modarressi et al. 2025 (NoLiMa), https://arxiv.org/abs/2502.05167, section 3: a needle without literal matches.
Convention: theirs asks a language model, whose knowledge of the world associates question and needle. Here, training
on the task has to, and the other facts in the row make it necessary.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.seeds import generator
from benchmark.tasks.task import UNSCORED, Batch, Ranges, Synthetic

DEPTHS = 10  # ranges of depth that are scored separately
QUESTIONS = 1024  # asked by all test rows together, at least


class NeedleLatent(Synthetic):
    """Tokens are the words, then their partners, values and filler; all of them are uniform."""

    name = "needle-latent"
    title = "Needle by association"
    group = "recall"
    definition = "facts about partners are hidden in filler; each is asked for by a word, whose partner must be known"
    source = "https://arxiv.org/abs/2502.05167"
    metric = "token_accuracy"

    def __init__(self, *, facts: int = 4, words: int = 16, values: int = 64, fillers: int = 16) -> None:
        for parameter, value in (("facts", facts), ("values", values), ("fillers", fillers)):
            if value < 1:
                raise ValueError(f"needle-latent: {parameter} is {value}, but must be at least 1")
        if words < facts:
            raise ValueError(f"needle-latent: words is {words}, but must be at least facts, {facts}")
        self.facts = facts
        self.words = words
        self.values = values
        self.fillers = fillers
        self.partners = words + torch.randperm(words, generator=generator(self.name, "partners", words))

    @property
    def vocabulary(self) -> int:
        return 2 * self.words + self.values + self.fillers

    def tokens(self, length: int) -> int:
        return length + self.facts

    def shortest(self) -> int:
        return 2 * self.facts

    def test_rows(self, length: int) -> int:
        """As many as ask about 1,024 questions."""
        return -(-QUESTIONS // self.facts)

    def sample(self, size: int, length: int, generator: torch.Generator) -> Batch:
        filler = torch.randint(self.vocabulary - self.fillers, self.vocabulary, (size, length), generator=generator)
        asked = torch.rand(size, self.words, generator=generator).topk(self.facts).indices
        values = 2 * self.words + torch.randint(self.values, asked.shape, generator=generator)
        # Each fact counts as one place here: distinct ones, spread by the facts before them, leave room for two tokens.
        places = torch.rand(size, length - self.facts, generator=generator).topk(self.facts).indices
        starts = places + (places[:, :, None] > places[:, None]).sum(dim=2)
        return self.rows(filler, starts, asked, values)

    def rows(
        self,
        filler: Int[Tensor, "batch length"],
        starts: Int[Tensor, "batch facts"],
        asked: Int[Tensor, "batch facts"],
        values: Int[Tensor, "batch facts"],
    ) -> Batch:
        """The rows of the given parts: where each fact starts, the word that asks for it, and its value."""
        text = filler.scatter(1, starts, self.partners[asked]).scatter(1, starts + 1, values)
        unscored = torch.full_like(text, UNSCORED)
        return Batch(tokens=torch.cat((text, asked), dim=1), targets=torch.cat((unscored, values), dim=1))

    def shortcuts(self, batch: Batch) -> dict[str, Int[Tensor, "batch time"]]:
        """Any value in the text is as good as any other to a model that has not learned the associations."""
        is_value = (batch.tokens >= 2 * self.words) & (batch.tokens < self.vocabulary - self.fillers)
        last = is_value.long().cumsum(dim=1).argmax(dim=1, keepdim=True)  # the first place with the full count
        return {"last value shown": batch.tokens.gather(1, last).expand_as(batch.tokens)}

    def axes(self, length: int) -> dict[str, Ranges]:
        return {"depth (%)": tuple((tenth * 100 // DEPTHS, (tenth + 1) * 100 // DEPTHS) for tenth in range(DEPTHS))}

    def groups(self, batch: Batch, length: int) -> Int[Tensor, "batch time"]:
        """By the depth of the fact that a question asks for; 0 at other places."""
        asked = self.partners[batch.tokens[:, length:]]
        starts = (asked[:, :, None] == batch.tokens[:, None, :length]).long().argmax(dim=2)
        depths = (2 * starts + 1) * DEPTHS // (2 * (length - 1))
        return torch.cat((torch.zeros_like(batch.tokens[:, :length]), depths), dim=1)

    def chance(self, length: int) -> dict[str, float]:
        """Guess the value of one of the row's facts blindly; two facts may share a value."""
        guess = 1 / self.facts + (1 - 1 / self.facts) / self.values
        return {"token_accuracy": guess, "exact_match": guess**self.facts}
