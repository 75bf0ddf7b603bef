"""The same model in other libraries, as someone would build it to compare encodings by hand.

    x-transformers   a decoder with rotary_pos_emb, alibi_pos_bias, or neither
    transformers     GPTNeoX for RoPE, Bloom for ALiBi; it has no decoder without positions

Width, layers, heads, head width, vocabulary, hidden width (four times the width) and untied output weights are those
of our model. What the libraries add (norm weights, biases) stays: a few parameters in a thousand.
"""

from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from benchmark.errors import UsageError

PACKAGES = {"x-transformers": "x_transformers", "transformers": "transformers"}  # peer -> module
ENCODINGS = {"x-transformers": ("none", "rope", "alibi"), "transformers": ("rope", "alibi")}


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a decoder."""

    width: int
    heads: int
    layers: int
    vocabulary: int
    longest: int  # tokens in the longest row


class Peer(nn.Module):
    """A library's decoder: tokens [B, T] -> logits of the next token [B, T, V]."""

    def __init__(self, inner: nn.Module, **settings: bool) -> None:
        super().__init__()
        self.inner = inner
        self.settings = settings

    def forward(self, tokens: Tensor) -> Tensor:
        out = self.inner(tokens, **self.settings)
        return out if isinstance(out, Tensor) else out.logits


def require() -> None:
    """Raise a UsageError unless the libraries are installed."""
    absent = [peer for peer, module in PACKAGES.items() if find_spec(module) is None]
    if absent:
        raise UsageError(
            f"{' and '.join(absent)} not installed, but needed by --suite peers: "
            "pip install 'position-benchmark[peers]'"
        )


def make(peer: str, encoding: str, size: Size, *, flash: bool = True) -> Peer:
    """A library's decoder with an encoding; `flash` turns on x-transformers' fused attention."""
    torch.manual_seed(0)  # global, but the process does nothing except timing
    if peer == "x-transformers":
        return _x_transformers(encoding, size, flash)
    return _neox(size) if encoding == "rope" else _bloom(size)


def _x_transformers(encoding: str, size: Size, flash: bool) -> Peer:
    from x_transformers import Decoder, TransformerWrapper

    head_width = size.width // size.heads
    layers = Decoder(
        dim=size.width,
        depth=size.layers,
        heads=size.heads,
        attn_dim_head=head_width,
        attn_flash=flash,
        rotary_pos_emb=encoding == "rope",
        rotary_emb_dim=head_width,
        alibi_pos_bias=encoding == "alibi",
        verbose=False,
    )
    return Peer(
        TransformerWrapper(
            num_tokens=size.vocabulary, max_seq_len=size.longest, attn_layers=layers, use_abs_pos_emb=False
        )
    )


def _neox(size: Size) -> Peer:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=size.longest,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
        use_parallel_residual=False,
        use_cache=False,
    )
    return Peer(GPTNeoXForCausalLM(config), use_cache=False)


def _bloom(size: Size) -> Peer:
    from transformers import BloomConfig, BloomForCausalLM

    config = BloomConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        tie_word_embeddings=False,
        use_cache=False,
    )
    return Peer(BloomForCausalLM(config), use_cache=False)
