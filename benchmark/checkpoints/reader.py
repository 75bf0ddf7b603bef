"""Log-likelihoods of tokens under a checkpoint with some encoding.

A row is read in blocks with a KV cache, so memory grows with its length; logits are made only at scored places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.checkpoints.facts import Facts
from benchmark.checkpoints.memory import bytes_of_row
from benchmark.checkpoints.rope import turns_heads_alike
from benchmark.checkpoints.row import Row
from benchmark.encodings.encoding import Encoding

BLOCK_TOKENS = 1024  # read at a time on a CPU: blocks of 512 took 5 % longer, and of 2,048 no less (measured)
GPU_BLOCK_TOKENS = 8192
LOGITS = 4 * 1024 * 1024  # made at a time
GPU_LOGITS = 16  # times as many on a GPU


@dataclass(frozen=True, kw_only=True)
class Likelihoods:
    """What a model says of tokens, on the CPU."""

    log_likelihood: Float[Tensor, " place"]  # nats, float64: log-probability of each token given all before it
    correct: Bool[Tensor, " place"]  # True where no other token has a higher probability


class Reader:
    """Reads rows with one checkpoint and one encoding. Tokens are whole numbers, [T], without a batch dimension."""

    def __init__(self, model: Any, facts: Facts, encodings: Sequence[Encoding]) -> None:
        self.model = model
        self.facts = facts
        self.encodings = encodings
        self.base = model.base_model
        self.softcap: float | None = getattr(model.config, "final_logit_softcapping", None)
        self.device = next(model.parameters()).device
        self.dtype = next(model.parameters()).dtype
        self.alike = {each: turns_heads_alike(each, self.device) for each in set(encodings)}

    def log_likelihoods(self, tokens: Int[Tensor, " time"], places: Int[Tensor, " place"]) -> Likelihoods:
        """The likelihood of `tokens[place]` given `tokens[:place]`, for each place from 1 on, in the order given.

        Nothing after the last place is read, unless the encoding depends on the length of the row.
        """
        if not len(places):
            return self._judge(self._nothing(), tokens[:0])
        if not 1 <= int(places.min()) <= int(places.max()) < len(tokens):
            raise ValueError(
                f"places are {int(places.min())} to {int(places.max())}, but must be 1 to {len(tokens) - 1}"
            )
        stop = len(tokens) if self.reads_whole else int(places.max())
        with torch.inference_mode():
            row = self._row(tokens, capacity=stop)
            hidden = self._read(row, tokens[:stop], places - 1)
            return self._judge(hidden, tokens[places])

    def continuations(self, prefix: Int[Tensor, " time"], continuations: Sequence[Tensor]) -> list[Likelihoods]:
        """The likelihood of every token of each continuation [t], given the prefix and the tokens of its own before it.

        The prefix is read once, unless the encoding depends on the length of the row: then once for each length.
        Continuations are read many at a time.
        """
        if not len(prefix):
            raise ValueError("the prefix is empty, but must have at least 1 token")
        with torch.inference_mode():
            after = (
                self._after_each_length(prefix, continuations)
                if self.reads_whole
                else self._after(prefix, continuations)
            )
            return self._judge_each(after, continuations)

    def _after(self, prefix: Tensor, continuations: Sequence[Tensor]) -> list[Tensor]:
        """The final hidden states before every token of each continuation, [t, C]."""
        read = [own[:-1] for own in continuations]
        packs = _packs([len(own) for own in read], self.block)
        room = max((sum(len(own) for own in read[pack]) for pack in packs), default=0)
        row = self._row(prefix, capacity=len(prefix) + room)
        last = self._read(row, prefix, torch.tensor([len(prefix) - 1]))
        found: list[Tensor] = []
        for pack in packs:
            new, lengths = torch.cat(read[pack]), [len(own) for own in read[pack]]
            row.branch(len(prefix), self._positions(prefix, read[pack]), lengths, again=False)
            found += torch.split(self._read(row, new, torch.arange(len(new))), lengths)
        return [torch.cat((last, own))[: len(whole)] for own, whole in zip(found, continuations, strict=True)]

    def _after_each_length(self, prefix: Tensor, continuations: Sequence[Tensor]) -> list[Tensor]:
        """The same where a token's place in the row's whole length matters: rows of a length share a prefix."""
        found: dict[int, Tensor] = {}
        for length in {len(own) for own in continuations}:
            alike = [number for number, own in enumerate(continuations) if len(own) == length]
            for pack in _packs([length] * len(alike), self.block):
                some = [continuations[number] for number in alike[pack]]
                new, before = torch.cat((prefix, *some)), len(prefix)
                row = self._row(new, capacity=len(new))
                row.branch(before, self._positions(prefix, some), [length] * len(some), again=True)
                hidden = self._read(row, new, torch.arange(before - 1, len(new)))
                last, rest = hidden[:1], hidden[1:].view(len(some), length, self.facts.width)
                found |= {number: torch.cat((last, own[:-1])) for number, own in zip(alike[pack], rest, strict=True)}
        return [found[number][: len(own)] for number, own in enumerate(continuations)]

    def bytes_needed(self, length: int) -> int:
        """Memory that reading a row of a length takes, on top of the weights: an estimate from sizes only."""
        held = length + BLOCK_TOKENS  # with continuations that are read together
        return max(
            bytes_of_row(
                self.facts,
                each,
                length=held,
                block=held if self.reads_whole else self.block,
                size=self.dtype.itemsize,
                logits=self.logits,
                alike=self.alike[each],
                capped=getattr(self.model.config, "attn_logit_softcapping", None) is not None,
            )
            for each in set(self.encodings)
        )

    @property
    def block(self) -> int:
        """Tokens read at a time, unless the encoding depends on the length of the row."""
        return GPU_BLOCK_TOKENS if self.device.type == "cuda" else BLOCK_TOKENS

    @property
    def logits(self) -> int:
        """Logits made at a time."""
        return LOGITS * (GPU_LOGITS if self.device.type == "cuda" else 1)

    @property
    def reads_whole(self) -> bool:
        """True if the encoding treats a token differently in longer rows, so that a row is read in one block."""
        return any(each.length_aware for each in self.encodings)

    def _positions(self, prefix: Tensor, continuations: Sequence[Tensor] = ()) -> list[Tensor]:
        """The positions in every layer of a row, and of continuations of it, one after the other.

        The layers of a kind share those of the first.
        """
        found: dict[bool, Tensor] = {}
        for encoding, local in zip(self.encodings, self.facts.local, strict=True):
            if local not in found:
                rows = [torch.cat((prefix, own)) for own in continuations] or [prefix]
                each = [encoding.positions(row[None].to(self.device)) for row in rows]
                found[local] = torch.cat((each[0], *(own[:, len(prefix) :] for own in each[1:])), -1)
        return [found[local] for local in self.facts.local]

    def _row(self, tokens: Tensor, *, capacity: int) -> Row:
        positions = self._positions(tokens)
        return Row(
            facts=self.facts,
            encodings=self.encodings,
            alike=self.alike,
            positions=positions,
            capacity=capacity,
            dtype=self.dtype,
        )

    def _read(self, row: Row, tokens: Tensor, places: Tensor) -> Float[Tensor, "place width"]:
        """Read tokens after those that a row holds; the final hidden states at some of them, in the order given."""
        block = len(tokens) if self.reads_whole else self.block
        tokens, wanted = tokens.to(self.device), places.to(self.device)
        found = self._nothing().new_empty(len(places), self.facts.width)
        for start in range(0, len(tokens), max(1, block)):
            stop = min(start + block, len(tokens))
            row.open_block(stop - start)
            hidden = self.base(input_ids=tokens[None, start:stop], use_cache=False, row=row).last_hidden_state[0]
            row.close_block()
            here = ((wanted >= start) & (wanted < stop)).nonzero()[:, 0]
            found[here] = hidden[wanted[here] - start]
        return found

    def _nothing(self) -> Tensor:
        return torch.empty(0, self.facts.width, dtype=self.dtype, device=self.device)

    def _judge(self, hidden: Float[Tensor, "place width"], answers: Int[Tensor, " place"]) -> Likelihoods:
        """The likelihood of each answer, from the hidden state of the token before it.

        Logits are computed in float32, from a copy of the head: bfloat16 would round one near 20 to a multiple of .125.
        """
        count, held = len(hidden), max(1, self.logits // self.facts.vocabulary)
        # Made first: results that lie between one chunk's logits and the next keep freed memory from being used again.
        found = Likelihoods(
            log_likelihood=torch.empty(count, dtype=torch.float64), correct=torch.empty(count, dtype=torch.bool)
        )
        head = self.model.lm_head
        weight, bias = head.weight.float(), None if head.bias is None else head.bias.float()
        for start in range(0, count, held):
            part = slice(start, start + held)
            logits = F.linear(hidden[part].float(), weight, bias)
            if self.softcap is not None:
                logits = self.softcap * torch.tanh(logits / self.softcap)
            own = logits.gather(1, answers[part, None].to(self.device))[:, 0]
            found.log_likelihood[part] = (own - logits.logsumexp(dim=-1)).cpu()
            found.correct[part] = (own == logits.amax(dim=-1)).cpu()
        return found

    def _judge_each(self, hidden: Sequence[Tensor], answers: Sequence[Tensor]) -> list[Likelihoods]:
        """As `_judge`, for several continuations at a time."""
        if not answers:
            return []
        found, lengths = self._judge(torch.cat(list(hidden)), torch.cat(list(answers))), [len(own) for own in answers]
        parts = zip(torch.split(found.log_likelihood, lengths), torch.split(found.correct, lengths), strict=True)
        return [Likelihoods(log_likelihood=likelihood, correct=correct) for likelihood, correct in parts]


def _packs(lengths: Sequence[int], room: int) -> list[slice]:
    """Continuations that are read together: neighbours of up to `room` tokens in all, or a longer one by itself."""
    starts, held = [], room + 1
    for number, length in enumerate(lengths):
        held += length
        if held > room:
            starts.append(number)
            held = length
    return [slice(start, stop) for start, stop in zip(starts, (*starts[1:], len(lengths)), strict=True)]
