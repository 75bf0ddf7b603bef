"""Memory that reading a row takes, in bytes, on top of the weights: what can be said before it is read.

    keys and values of every layer for the whole row
    + what one layer computes for a block: hidden states, feed-forward, queries, keys and values
    + scores of some queries and a mask of the block, where the encoding or the model works on scores
    + the final hidden states of the row, in case all are scored, and the logits made at a time
    + in bfloat16, the weights of the head in float32, which logits are computed with

What one layer computes, logits and the head are the same for any length, unless the encoding has a row read whole; the
rest grows with it. The sum is raised by a margin, so that it lies above what a process was measured to take
(`tests/checkpoints/test_memory.py`).
"""

from benchmark.checkpoints.facts import Facts
from benchmark.encodings.encoding import Encoding
from benchmark.model.attention import BLOCK_SCORES
from benchmark.model.hooks import needs_scores, overrides

LOGIT_COPIES = 5  # themselves, and what the loss makes of them
SCORE_COPIES = 6  # of the scores of a block, in float32
MASK_BYTES = 8  # for each query of a block and each key: distances, and what is made of them
MARGIN = 1.1  # memory that is free but in pieces, and what torch keeps
STATES = 8  # hidden states alive at a time in a layer: the residual, norms, and sums


def bytes_of_row(
    facts: Facts, encoding: Encoding, *, length: int, block: int, size: int, logits: int, alike: bool, capped: bool
) -> int:
    """Bytes for a row of a length, read in blocks, with some number of logits made at a time.

    `size` is that of a value, in bytes; `alike` is True if heads that share keys share rotated ones, and `capped` if
    scores are bounded (Gemma 2).
    """
    of_keys = facts.kv_heads if alike else facts.heads
    cache = facts.layers * length * facts.head_width * (of_keys + facts.kv_heads) * size
    heads = facts.head_width * (3 * facts.heads + 2 * facts.kv_heads)
    layer = min(block, length) * (STATES * facts.width + 3 * facts.inner + heads) * size
    final = length * facts.width * size
    head = 0 if size == 4 else facts.vocabulary * facts.width * 4  # its weights in float32
    answers = LOGIT_COPIES * logits * 4 + head
    return round(MARGIN * (cache + layer + final + answers + _scores(facts, encoding, length, block, size, capped)))


def _scores(facts: Facts, encoding: Encoding, length: int, block: int, size: int, capped: bool) -> int:
    """Scores of some queries, the mask of a block, and a copy of keys and values for every head."""
    if not needs_scores(encoding) and not overrides(encoding, "bias") and not capped:
        return 0
    rows, mask = max(BLOCK_SCORES, facts.heads * length), MASK_BYTES * min(block, length) * length
    return SCORE_COPIES * rows * 4 + mask + 4 * facts.heads * length * facts.head_width * size
