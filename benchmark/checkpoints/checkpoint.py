"""`open_checkpoint`: a pretrained model from its files, ready to be read with any encoding that adapts rope."""

import io
import platform
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Int
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.checkpoints.facts import Facts, facts, load_config, read_once
from benchmark.checkpoints.reader import Reader
from benchmark.checkpoints.rope import Neutral, encodings
from benchmark.checkpoints.row import INTERFACE, interface
from benchmark.checkpoints.source import Source, find, require
from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError, echo

Precision = Literal["float32", "bfloat16"]
DOT = "."  # stands before a text while it is split into tokens
PRODUCTS = ("avx512_bf16", "amx_bf16", "bf16")  # flags of processors that multiply bfloat16: x86, and the last ARM


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A pretrained model. Tokens are whole numbers on the CPU, [T], without a batch dimension."""

    source: Source
    facts: Facts
    precision: Precision
    device: torch.device
    model: Any  # transformers' model for causal language modelling, its own rotary embedding made neutral
    tokenizer: Any

    @property
    def length(self) -> int:
        """L, the trained length in tokens, the checkpoint's own scaling included."""
        return self.facts.length

    def reader(self, encoding: Choice | str) -> Reader:
        """Reads rows with an encoding: a name as on the command line ("pi:factor=2"), a file, or a choice.

        UsageError for an encoding with learned weights, and for one that the checkpoint's own scaling cannot be put
        under.
        """
        choice = CATALOGUE.choice(encoding) if isinstance(encoding, str) else encoding
        own = tuple(each.to(self.device) for each in encodings(choice, self.facts, self.model.config))
        return Reader(self.model, self.facts, own)

    def encode(self, text: str) -> Int[Tensor, " time"]:
        """The tokens of a text that follows another, without those that mark a beginning or an end.

        SentencePiece tokenizers put a space before whatever they are given, which does not belong inside a row.
        """
        dot, after = self._tokens(DOT), self._tokens(DOT + text)
        # Byte-level tokenizers may join the dot to the text; these put no space before it.
        own = after[len(dot) :] if after[: len(dot)] == dot else self._tokens(text)
        return torch.tensor(own, dtype=torch.long)

    def _tokens(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    @cached_property
    def opening(self) -> Int[Tensor, " few"]:
        """The tokens that the tokenizer puts before every text, such as BOS; often none."""
        whole, bare = (self.tokenizer("a", add_special_tokens=special)["input_ids"] for special in (True, False))
        return torch.tensor(whole[: whole.index(bare[0])] if bare else [], dtype=torch.long)

    def decode(self, tokens: Int[Tensor, " time"]) -> str:
        """The text of some tokens."""
        return str(self.tokenizer.decode(tokens.tolist()))

    def bytes_needed(self, length: int, encoding: Choice | str) -> int:
        """Memory that reading a row of a length takes with an encoding, on top of the weights."""
        return self.reader(encoding).bytes_needed(length)


def open_checkpoint(
    name: str, *, device: torch.device | str = "cpu", precision: Precision | Literal["auto"] = "auto"
) -> Checkpoint:
    """Load a checkpoint: a folder in the Hugging Face layout, a .gguf file, or "hub:owner/name".

    `precision` is that of weights and products; "auto" takes bfloat16 where the device multiplies it. UsageError, in
    one line, for anything that cannot be loaded as data.
    """
    require()
    where = torch.device(device)
    source = find(name)
    chosen: Precision = choose_precision(where) if precision == "auto" else precision
    with quiet(), read_once():
        config = load_config(source)
        model = _load(source, config, where, chosen)
        tokenizer = _load_tokenizer(source)
    return Checkpoint(
        source=source, facts=facts(config), precision=chosen, device=where, model=model, tokenizer=tokenizer
    )


def choose_precision(device: torch.device) -> Precision:
    """bfloat16 where the device multiplies it, otherwise float32."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        flags = []
    able = device.type == "cpu" and any(flag in flags for flag in PRODUCTS)
    return "bfloat16" if able or (device.type == "mps" and platform.machine() == "arm64") else "float32"


def _load(source: Source, config: Any, device: torch.device, precision: Precision) -> Any:
    from transformers import AttentionInterface, AutoModelForCausalLM, GgufConfig

    AttentionInterface.register(INTERFACE, interface)
    as_dense = {"quantization_config": GgufConfig(dequantize=True)} if source.gguf else {}
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source.folder,
            config=config,
            gguf_file=source.gguf,
            dtype=getattr(torch, precision),
            attn_implementation=INTERFACE,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **as_dense,
        )
        model, told = loaded
    except Exception as error:  # whatever a damaged file leads to
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"--checkpoint {echo(source.name)}: its weights cannot be loaded ({reason})") from None
    if told["missing_keys"]:
        some = sorted(told["missing_keys"])[0]
        count = len(told["missing_keys"])
        weights = "1 weight" if count == 1 else f"{count} weights"
        raise UsageError(f"--checkpoint {echo(source.name)} lacks {weights} ({some}): copy the model again")
    model.base_model.rotary_emb = Neutral()
    return model.to(device).eval()


def _load_tokenizer(source: Source) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            source.folder, gguf_file=source.gguf, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"--checkpoint {echo(source.name)}: its tokenizer cannot be loaded ({reason})") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and warnings off the terminal."""
    from transformers.utils import logging

    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
