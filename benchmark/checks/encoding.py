"""The checks of an encoding, and `check`, which runs all of them: in seconds, before any training.

The contract test runs them on every registered encoding; `check` runs them on any, including a user's file. They prove
no formula: an encoding with a wrong sign passes every check, and only a test of its values finds that.
"""

import torch

from benchmark.catalogue import Choice
from benchmark.checks import alike, costs, kept, learning, precision, promises, sizes
from benchmark.checks.outcome import Check, Outcome, run
from benchmark.checks.subject import QUICK, Subject
from benchmark.encodings.encoding import Shape

CHECKS: tuple[Check[Subject], ...] = (
    Check(
        name="no token sees the future",
        measure=promises.no_future,
        remedy="count, sum and normalise only over visible keys: in `rescore`, masked scores are -inf; elsewhere use "
        "site.visible",
    ),
    Check(
        name="later tokens see earlier ones",
        measure=promises.reaches_later,
        remedy="look for a bias or a score that is -inf, or so low that softmax gives every earlier key a weight of 0",
    ),
    Check(
        name="rows of a batch are independent",
        measure=promises.rows_apart,
        remedy="never average, normalise or index over the first axis: it is the batch",
    ),
    Check(
        name="shift of all positions",
        measure=promises.shift,
        remedy="use only the difference of site.query_positions and site.key_positions, and in at least float32; or "
        "set relative = False",
    ),
    Check(
        name="does something",
        measure=promises.acts,
        remedy="is the hook spelled as in the contract (positions, embed, rotate, bias, rescore, weigh), and does it "
        "return what it computed? If it is meant to do nothing, set acts = 'nothing'",
    ),
    Check(
        name="decoding with a cache",
        measure=promises.cache,
        remedy="in decoding the queries are the last of the keys: take positions from site.query_positions, never from "
        "an index, and use site.first_query; or set length_aware = True",
    ),
    Check(
        name="evaluation in blocks",
        measure=promises.blocks,
        remedy="a block has fewer queries than keys, and fewer keys than the row: compute `bias` and `rescore` from "
        "the site's own positions and sizes",
    ),
    Check(
        name="left padding",
        measure=promises.left_padding,
        remedy="take positions from the site, row by row ([B, T]), never from an index or from the first row",
    ),
    Check(
        name="no NaN where keys are hidden",
        measure=promises.windows,
        remedy="-inf times 0 and -inf minus -inf are NaN: mask hidden keys with site.visible before any arithmetic, "
        "and with torch.where both before and after it for the gradient",
    ),
    Check(
        name="attention weights",
        measure=promises.weights,
        remedy="in `weigh`, subtract the largest score before exp, divide by the sum over visible keys or by more, and "
        "end with masked_fill(~site.visible, 0); a query that sees no key to attend to has only weights of 0",
    ),
    Check(
        name="attention both ways",
        measure=promises.both_ways,
        remedy="define what happens to keys ahead (negative distances), or set causal_only = True",
    ),
    Check(
        name="gradients reach own weights",
        measure=learning.reach,
        remedy="use every nn.Parameter in the forward pass, without detach, .item(), .data or rounding on the way; "
        "make what is not trained a buffer",
    ),
    Check(
        name="gradients match finite differences",
        measure=learning.finite_differences,
        remedy="look for detach, in-place changes, a custom backward, or torch.where with NaN in the branch not taken",
    ),
    Check(
        name="fused equals eager: outputs",
        measure=learning.same_outputs,
        remedy="hooks must return the same at every call: keep no state, draw no random numbers, change no argument",
    ),
    Check(
        name="fused equals eager: gradients",
        measure=learning.same_gradients,
        remedy="do not detach or cache tensors that need a gradient; use site.once, which lasts one forward pass",
    ),
    Check(
        name="bfloat16 by position",
        measure=precision.drift,
        remedy="compute angles, distances and cumulative sums in float32 (torch.promote_types(dtype, torch.float32)), "
        "and round only the result to x.dtype",
    ),
    Check(
        name="past the trained length",
        measure=sizes.past_the_end,
        remedy="return finite values, or set self.max_length in __init__ and raise a ValueError for positions past it",
    ),
    Check(
        name="positions past it are distinct",
        measure=sizes.past_told_apart,
        remedy="set self.max_length and refuse positions past it; if clamping or repeating is intended, declare it: "
        "past = 'clamps' or 'repeats'",
    ),
    Check(
        name="lengths 0 and 1",
        measure=sizes.shortest,
        remedy="return empty tensors for no tokens: .max() and .amax() raise on empty tensors, so test .numel() first",
    ),
    Check(
        name="odd head widths",
        measure=sizes.odd_head_width,
        remedy="use shape.head_width // 2 pairs, and leave the odd channel unchanged",
    ),
    Check(
        name="any number of heads",
        measure=sizes.head_counts,
        remedy="define per-head values for every shape.heads, and keep the axes in the order [B, H, Q, K]",
    ),
    Check(
        name="global random state is unchanged",
        measure=learning.random_state,
        remedy="draw weights in __init__, with torch only, and positions from the generator passed to `positions`",
    ),
    Check(
        name="own weights follow the seed",
        measure=learning.seeded,
        remedy="draw with torch's initialisers in __init__, and set no seed there: `make` has already set one",
    ),
    Check(
        name="two passes are identical",
        measure=learning.repeatable,
        remedy="draw nothing and keep no state outside training: `positions` samples only when it is given a generator",
    ),
    Check(
        name="positions in training",
        measure=learning.sampled,
        remedy="return [1, T] or [B, T], drawn only from the generator that is passed in",
    ),
    Check(
        name="positions rise along a row",
        measure=sizes.rising,
        remedy="sort sampled positions before you return them; if tokens are meant to share a position, say so: "
        "past = 'repeats'",
    ),
    Check(
        name="schedule",
        measure=learning.schedule,
        remedy="let `schedule` accept every 0 <= done < 1, and change only values that both kernels read",
    ),
    Check(
        name="same as",
        measure=alike.nearest,
        remedy="make the hooks work in training too, and at positions far apart",
    ),
    Check(
        name="kernel",
        measure=costs.kernel,
        remedy="make the hooks work in a full causal pass",
    ),
    Check(
        name="KV cache",
        measure=kept.kept,
        remedy="make the hooks work in decoding, where the queries are the last of the keys",
    ),
    Check(
        name="parameters",
        measure=costs.parameters,
        remedy="let __init__ accept a width of 64 with 4 heads",
    ),
    Check(
        name="operations",
        measure=costs.operations,
        remedy="make the hooks work with 1,024 tokens, or set max_length",
    ),
)


def check(choice: Choice, size: Shape = QUICK) -> list[Outcome]:
    """Run every check, in the order of the table; cost and precision are those of a model of a size."""
    subject = Subject(choice=choice, size=size)
    # Building a model draws from the global generator, in torch's own layers: the caller's state is restored.
    with torch.random.fork_rng(devices=[]):
        return [run(each, subject) for each in CHECKS]
