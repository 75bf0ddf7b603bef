"""The files of a checkpoint: a folder in the Hugging Face layout, or a .gguf file. No torch.

Weights are data: safetensors or gguf. Pickled weights and code that comes with a model are refused, never loaded.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.errors import UsageError, echo

ARCHITECTURES = (*("gemma", "gemma2", "gemma3_text", "gpt_neox", "llama", "mistral", "phi", "phi3", "qwen2", "qwen3"),)

HUB = "hub:"  # before the name of a model on the Hugging Face hub
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")  # any one of them will do
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
ADAPTER = "adapter_config.json"
CHUNK_BYTES = 2**22


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a checkpoint's files lie."""

    name: str  # as the user wrote it
    folder: Path
    gguf: str | None = None  # the file in the folder, if it is one

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The content of config.json; empty for a gguf file, which holds its own."""
        if self.gguf is not None:
            return {}
        return _json(self.folder / "config.json")

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files that decide what the checkpoint computes, in the order of their names."""
        if self.gguf is not None:
            return (self.folder / self.gguf,)
        kinds = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*", "vocab.*", "merges.txt")
        found = {file for kind in kinds for file in self.folder.glob(kind) if file.is_file()}
        return tuple(sorted(found))

    @cached_property
    def digest(self) -> str:
        """The first 32 digits of the SHA-256 of the files and their names: the checkpoint's part of a key.

        Every byte is read, as loading the weights does anyway.
        """
        total = hashlib.sha256()
        for file in self.files:
            own = hashlib.sha256()
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    own.update(chunk)
            # The name of a gguf file says nothing; in a folder, names tell the files apart.
            total.update((b"" if self.gguf else file.name.encode()) + own.digest())
        return total.hexdigest()[:32]


def require() -> None:
    """Raise a UsageError unless the libraries of the extra `checkpoints` are installed."""
    absent = [name for name in ("transformers", "accelerate", "gguf") if find_spec(name) is None]
    if absent:
        raise UsageError(
            f"{' and '.join(absent)} not installed, but needed for a checkpoint: "
            "pip install 'position-benchmark[checkpoints]'"
        )


def find(name: str) -> Source:
    """The files of a checkpoint, all of them there; UsageError in one line otherwise.

    Only a name that begins with "hub:" uses the network.
    """
    if name.startswith(HUB):
        return _complete(Source(name=name, folder=_download(name.removeprefix(HUB))))
    path = Path(name).expanduser()
    if path.is_dir():
        return _complete(Source(name=name, folder=path))
    if path.is_file() and path.suffix.lower() == ".gguf":
        return Source(name=name, folder=path.parent, gguf=path.name)
    remedy = "name a folder with config.json, *.safetensors and a tokenizer, or a .gguf file"
    if path.is_file():
        raise UsageError(f"--checkpoint {echo(name)} is not a .gguf file: {remedy}")
    hub = f", or {HUB}{name} for a model of the Hugging Face hub" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else ""
    raise UsageError(f"--checkpoint {echo(name)}: no such folder or file; {remedy}{hub}")


def _complete(source: Source) -> Source:
    """The source of a folder, if everything needed is in it."""
    where = f"--checkpoint {echo(source.name)}"
    if (source.folder / ADAPTER).is_file():
        raise UsageError(f"{where} holds an adapter ({ADAPTER}): merge it into its model, and save that")
    if not (source.folder / "config.json").is_file():
        files = sorted(file.name for file in source.folder.glob("*.gguf"))
        remedy = f"name its file, such as {files[0]}" if files else "name the folder that a model was saved to"
        raise UsageError(f"{where} has no config.json: {remedy}")
    if source.config.get("auto_map") and source.config.get("model_type") not in ARCHITECTURES:
        raise UsageError(
            f"{where} comes with its own code (auto_map in config.json), which is not run: "
            "use a model that transformers implements"
        )
    if quantised := source.config.get("quantization_config"):
        how = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
        raise UsageError(
            f"{where} is quantised by {how}, which takes code of its own: use float weights or a .gguf file"
        )
    if not any(source.folder.glob("*.safetensors")):
        pickled = sorted(file.name for kind in PICKLES for file in source.folder.glob(kind))
        what = f"only pickled weights ({pickled[0]}), which are not loaded" if pickled else "no weights"
        raise UsageError(f"{where} has {what}: save the model as safetensors")
    _refuse_missing_shards(source, where)
    if not any((source.folder / file).is_file() for file in TOKENIZERS):
        raise UsageError(f"{where} has no tokenizer ({', '.join(TOKENIZERS)}): save the tokenizer into the same folder")
    return source


def _refuse_missing_shards(source: Source, where: str) -> None:
    for index in source.folder.glob("*.safetensors.index.json"):
        wanted = set(_json(index).get("weight_map", {}).values())
        missing = sorted(shard for shard in wanted if not (source.folder / shard).is_file())
        if missing:
            raise UsageError(
                f"{where} lacks {len(missing)} of {len(wanted)} weight files ({missing[0]}): copy it whole"
            )


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as JSON ({error}): copy the model again") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path} must hold a JSON object: copy the model again")
    return content


def _download(name: str) -> Path:
    """The folder of a model of the hub, downloaded now or before."""
    require()
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.model", "merges.txt"]))
    except Exception as error:  # no network, no such model, no permission: each has a type of its own
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"--checkpoint {HUB}{name} cannot be downloaded ({reason}); name a folder on disk") from None
