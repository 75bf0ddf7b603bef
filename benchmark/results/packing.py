"""Writing a pack: the readable records of a store, their arrays, and what else a report reads; the format is in `pack`.

Convention: files lie in the order of their names, without dates, the manifest last. So the same records give the same
bytes, wherever they are packed by the same zlib; the manifest is the same by any.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from benchmark.files import replacing
from benchmark.results.outcomes import TRAIN
from benchmark.results.pack import MANIFEST, NAME, Entry, Manifest
from benchmark.results.record import Environment, TrainRecord
from benchmark.results.store import Store, hash_of

MODE = stat.S_IFREG | 0o644
BEST = 9  # of deflate's levels


def write_pack(store: Store, path: Path, *, weights: bool = False) -> tuple[Manifest, str]:
    """Pack a store into a file, with the trained weights on request. The manifest, and the SHA-256 of its text.

    A record that cannot be read, or whose arrays cannot, is left out, with a line in `store.problems`.
    """
    environments: dict[str, Environment] = {}
    names = sorted({*_records(store, environments, weights=weights), *_others(store)})
    files: dict[str, Entry] = {}
    with replacing(path) as target, ZipFile(target, "w") as archive:
        for name in names:
            content = store.files.content(name)
            files[name] = Entry(size=len(content), sha256=hash_of(content))
            _add(archive, name, content)
        manifest = Manifest(environments=[environments[key] for key in sorted(environments)], files=files)
        text = f"{manifest.model_dump_json(indent=1)}\n".encode()
        _add(archive, MANIFEST, text)
    return manifest, hash_of(text)


def _records(store: Store, environments: dict[str, Environment], *, weights: bool) -> Iterator[str]:
    """The files of every sound record; notes where each was made."""
    for record in store.records():
        if isinstance(record, TrainRecord):
            key, own = record.spec.key, TRAIN
            arrays = store.weights(key).name if weights else None
        else:
            key, own = record.spec.train_key, record.spec.key
            arrays = f"{own}.safetensors"
            if record.status == "ok" and not store.has_arrays(record):
                continue
        if arrays in store.files.listed(f"cells/{key}"):
            yield f"cells/{key}/{arrays}"
        environments[record.environment.model_dump_json()] = record.environment
        yield f"cells/{key}/{own}.json"


def _others(store: Store) -> Iterator[str]:
    """The notes on runs, the timings, and the values of exact claims."""
    return (
        name for folder in ("claims", "runs", "timing") for name in store.files.under(folder) if NAME.fullmatch(name)
    )


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    info = ZipInfo(name)
    info.create_system = 3  # Unix, on every system
    info.external_attr = MODE << 16
    archive.writestr(info, content, ZIP_DEFLATED, BEST)
