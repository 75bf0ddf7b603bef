"""NoPE: no position encoding at all; only the causal mask breaks the symmetry between tokens.

Source: Kazemnejad et al. 2023, https://arxiv.org/abs/2305.19466; Haviv et al. 2022, https://arxiv.org/abs/2203.16634.
Convention: without a causal mask, attention is blind to order.
"""

from benchmark.encodings.encoding import Encoding


class NoPE(Encoding):
    """Overrides nothing."""

    name = "none"
    title = "NoPE (no encoding)"
    source = "https://arxiv.org/abs/2305.19466"
    acts = "nothing"
    past = "defined"
    relative = True
