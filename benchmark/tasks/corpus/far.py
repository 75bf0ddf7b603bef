"""Which targets of a text need far context, judged by counts of words alone.

A target needs far context if an n-gram model finds it much more likely once it has read `far` tokens before it rather
than `near`. The model interpolates frequencies of single words, pairs and triples in the training text with those of
words and pairs in the context. At each order, history h and target w (Witten and Bell 1991):

    p(w | h) = (c(h w) + t(h) p'(w | shorter h)) / (c(h) + t(h))

where c counts occurrences, t(h) is the number of different words that follow h, and p' is the estimate so far, at
first 1 / vocabulary. The order of estimates: training 1, context 1, training 2, context 2, training 3.

    gain = log p(target | far tokens) - log p(target | near tokens)        in nats

The choice by gain follows LongPPL (Fang et al. 2024, https://arxiv.org/abs/2410.23771), whose evaluator is a large
language model. Counts involve no position encoding, so they favour none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 3  # longest n-gram counted in the training text
CONTEXT_ORDER = 2  # and in the context, where most triples occur once

Numbers = NDArray[np.integer]
Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """What was seen after the history of each target, [targets]."""

    history: Numbers  # c(h)
    followers: Numbers  # t(h)
    target: Numbers  # c(h w)

    def refine(self, estimate: Reals) -> Reals:
        """The next estimate of each target's probability; unchanged where the history was not seen."""
        total = np.maximum(self.history + self.followers, 1)
        return np.where(self.history > 0, (self.target + self.followers * estimate) / total, estimate)


def gain(train: Numbers, text: Numbers, targets: Numbers, vocabulary: int, *, near: int, far: int) -> Reals:
    """The gain in nats of each target, an index into the text with at least `far` tokens before it, [targets]."""
    estimates = {context: np.full(len(targets), 1 / vocabulary) for context in (near, far)}
    for order in range(1, ORDER + 1):
        trained = _in_training(train, text, targets, vocabulary, order)
        for context, estimate in estimates.items():
            estimates[context] = trained.refine(estimate)
            if order <= CONTEXT_ORDER:
                estimates[context] = _in_context(text, targets, vocabulary, order, context).refine(estimates[context])
    gains: Reals = np.log(estimates[far] / estimates[near])
    return gains


def _grams(text: Numbers, vocabulary: int, order: int) -> Numbers:
    """A number for the n-gram that ends at each place from `order` - 1 on; dividing by `vocabulary` gives its history.

    Shape [len(text) - order + 1].
    """
    grams = np.zeros(max(0, len(text) - order + 1), dtype=np.int64)
    for place in range(order):
        grams = grams * vocabulary + text[place : place + len(grams)]
    return grams


def _in_training(train: Numbers, text: Numbers, targets: Numbers, vocabulary: int, order: int) -> _Counts:
    grams, counts = np.unique(_grams(train, vocabulary, order), return_counts=True)
    histories, starts = np.unique(grams // vocabulary, return_index=True)
    wanted = _grams(text, vocabulary, order)[targets - order + 1]
    return _Counts(
        history=_look_up(histories, np.add.reduceat(counts, starts), wanted // vocabulary),
        followers=_look_up(histories, np.diff(starts, append=len(grams)), wanted // vocabulary),
        target=_look_up(grams, counts, wanted),
    )


def _look_up(keys: Numbers, values: Numbers, wanted: Numbers) -> Numbers:
    """The value of each wanted key; 0 for a key that is not among the sorted ones."""
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


def _in_context(text: Numbers, targets: Numbers, vocabulary: int, order: int, context: int) -> _Counts:
    """Counts over the n-grams that lie within the last `context` tokens before each target."""
    grams = _grams(text, vocabulary, order)
    previous = _previous(grams)
    histories = grams // vocabulary
    found = []
    for own in targets - order + 1:
        first = own + order - 1 - context
        seen = slice(first, own)
        after = histories[seen] == histories[own]
        new = after & (previous[seen] < first)
        found.append((after.sum(), new.sum(), (grams[seen] == grams[own]).sum()))
    history, followers, target = np.array(found).T
    return _Counts(history=history, followers=followers, target=target)


def _previous(grams: Numbers) -> Numbers:
    """Index of the previous equal n-gram; -1 at a first one."""
    order = np.argsort(grams, kind="stable")
    again = np.diff(grams[order]) == 0
    found = np.full(len(grams), -1)
    found[order[1:][again]] = order[:-1][again]
    return found
