"""The table of checks, and `check`, which holds one encoding to all of them: in seconds, before any training.

The same properties are tests of every registered encoding; here they are measured on any, a user's file among them.
A contract alone proves no formula: an encoding with a wrong sign keeps every promise here, and only a test of its
values finds that.
"""

import torch

from benchmark.catalogue import Choice
from benchmark.checks import costs, learning, precision, promises, sizes
from benchmark.checks.outcome import Check, Outcome, run
from benchmark.checks.subject import Subject

CHECKS: tuple[Check[Subject], ...] = (
    Check(
        name="no token sees the future",
        measure=promises.no_future,
        remedy="count, sum and normalise over visible keys alone: in `rescore`, masked scores are -inf; elsewhere use "
        "site.visible",
    ),
    Check(
        name="later tokens see it",
        measure=promises.reaches_later,
        remedy="look for a bias or a score of -inf, or so low that softmax gives every earlier key 0",
    ),
    Check(
        name="rows of a batch are independent",
        measure=promises.rows_apart,
        remedy="never average, normalise or index over the first axis: it is the batch",
    ),
    Check(
        name="shift of all positions",
        measure=promises.shift,
        remedy="let queries and keys both enter, by the difference of site.query_positions and site.key_positions "
        "alone, in at least float32; or set relative = False",
    ),
    Check(
        name="does something",
        measure=promises.acts,
        remedy="is the hook spelled as in the contract (positions, embed, rotate, bias, rescore), and does it return "
        "what it computed? One that is meant to do nothing says acts = 'nothing'",
    ),
    Check(
        name="decoding with a cache",
        measure=promises.cache,
        remedy="in decoding the queries are the tail of the keys: take positions from site.query_positions, never from "
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
        remedy="-inf times 0 and -inf minus -inf are NaN: mask what is hidden with site.visible before arithmetic, and "
        "with torch.where on both sides of it for the gradient",
    ),
    Check(
        name="attention both ways",
        measure=promises.both_ways,
        remedy="say what happens to keys ahead (a negative distance), or set causal_only = True",
    ),
    Check(
        name="gradients reach own weights",
        measure=learning.reach,
        remedy="use every nn.Parameter in the forward pass, with no detach, .item(), .data or rounding on the way; "
        "what is not trained is a buffer",
    ),
    Check(
        name="gradients are the slopes",
        measure=learning.finite_differences,
        remedy="look for detach, in-place changes, a custom backward, or torch.where with NaN on the side not taken",
    ),
    Check(
        name="fused equals eager: outputs",
        measure=learning.same_outputs,
        remedy="hooks must return the same at each call: no state between calls, no randomness, no change of arguments",
    ),
    Check(
        name="fused equals eager: gradients",
        measure=learning.same_gradients,
        remedy="do not detach or cache tensors that need a gradient; site.once is emptied with every forward pass",
    ),
    Check(
        name="bfloat16 by position",
        measure=precision.drift,
        remedy="compute angles, distances and cumulative sums in float32 (torch.promote_types(dtype, torch.float32)), "
        "and round what comes of them to x.dtype last",
    ),
    Check(
        name="past the trained length",
        measure=sizes.past_the_end,
        remedy="stay finite, or set self.max_length in __init__ and raise a ValueError for positions past it",
    ),
    Check(
        name="positions past it told apart",
        measure=sizes.past_told_apart,
        remedy="set self.max_length and refuse what is past it; if clamping or repeating is the idea, say so: "
        "past = 'clamps' or 'repeats'",
    ),
    Check(
        name="lengths 0 and 1",
        measure=sizes.shortest,
        remedy="return empty tensors for no tokens: .max() and .amax() of nothing raise, so ask .numel() first",
    ),
    Check(
        name="odd head widths",
        measure=sizes.odd_head_width,
        remedy="leave an odd channel as it is, and use shape.head_width // 2 pairs",
    ),
    Check(
        name="any number of heads",
        measure=sizes.head_counts,
        remedy="define what is given a head for every shape.heads, and keep the axes in the order [B, H, Q, K]",
    ),
    Check(
        name="random state is left alone",
        measure=learning.random_state,
        remedy="draw weights with torch alone, in __init__, and positions from the generator that `positions` is given",
    ),
    Check(
        name="own weights follow the seed",
        measure=learning.seeded,
        remedy="draw with torch's initialisers in __init__, and set no seed there: `make` has set one",
    ),
    Check(
        name="two passes are alike",
        measure=learning.repeatable,
        remedy="no randomness and no state outside of training: `positions` samples only if it is given a generator",
    ),
    Check(
        name="positions in training",
        measure=learning.sampled,
        remedy="return [1, T] or [B, T], drawn from the generator that is given and nothing else",
    ),
    Check(
        name="schedule",
        measure=learning.schedule,
        remedy="let `schedule` accept every 0 <= done < 1, and change numbers that both kernels read",
    ),
    Check(
        name="kernel",
        measure=costs.kernel,
        remedy="let the hooks accept a full causal pass",
    ),
    Check(
        name="parameters",
        measure=costs.parameters,
        remedy="let __init__ accept a width of 64 with 4 heads",
    ),
    Check(
        name="operations",
        measure=costs.operations,
        remedy="let the hooks accept 1,024 tokens, or set max_length",
    ),
)


def check(choice: Choice) -> list[Outcome]:
    """The outcome of every check, in the order of the table."""
    subject = Subject(choice=choice)
    # torch's own layers draw from the caller's generator when a model is built.
    with torch.random.fork_rng(devices=[]):
        return [run(each, subject) for each in CHECKS]
