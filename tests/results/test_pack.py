"""Packs: the same records are the same bytes; and whatever is wrong with one is told in one line when it is opened."""

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.errors import UsageError
from benchmark.results.pack import LARGEST_JSON, MANIFEST, is_pack
from benchmark.results.packing import write_pack
from benchmark.results.record import RunRecord
from benchmark.results.store import Store

KEY = "0" * 32
Files = dict[str, bytes]


@pytest.fixture
def store(tmp_path: Path, each_record: list[Any]) -> Store:
    """A folder with a record of each kind, a note on a run, timings, and what no pack has."""
    store = Store(tmp_path / "results")
    trained, measured, probed = each_record
    store.put(trained)
    store.put(probed)
    names = dict.fromkeys(("loss_sum", "correct", "count"), 64) | dict.fromkeys(
        ("row_loss", "row_correct", "row_count"), 5
    )
    store.put(measured, {name: np.arange(size, dtype=float) for name, size in names.items()})
    run = RunRecord(created=trained.created, command="run", wall_seconds=1.0, cells=1, train_keys=[trained.spec.key])
    for name, content in {"runs/20261123T123015Z.json": run.model_dump_json(), "timing/a/one.json": "{}"}.items():
        (store.root / name).parent.mkdir(parents=True)
        (store.root / name).write_text(content)
    store.weights(trained.spec.key).write_bytes(b"weights")
    store.checkpoint(trained.spec.key).write_bytes(b"checkpoint")
    for name in (".lock", ".abc.tmp", "notes.txt"):
        (store.folder(trained.spec.key) / name).write_text("")
    return store


@pytest.fixture
def pack(store: Store, tmp_path: Path) -> Path:
    write_pack(store, tmp_path / "a.zip")
    return tmp_path / "a.zip"


def unpacked(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_manifest(files: Files) -> Files:
    """The files with a manifest that fits them, written without the code under test."""
    own = {name: content for name, content in files.items() if name != MANIFEST}
    data = json.loads(files[MANIFEST])
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in own.items()}
    data["files"] = {name: {"size": len(own[name]), "sha256": hashes[name]} for name in own}
    return {**own, MANIFEST: json.dumps(data).encode()}


def zipped(path: Path, files: Files, change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        Store(path)
    text = str(caught.value)
    assert text.startswith(f"{str(path)!r} is not a pack that can be read: ") and "\n" not in text
    return text


def test_a_pack_has_what_a_report_reads_byte_for_byte(store: Store, pack: Path, each_record: list[Any]) -> None:
    files = unpacked(pack)
    assert {name.rpartition("/")[0] for name in files} == {"", f"cells/{each_record[0].spec.key}", "runs", "timing/a"}
    assert len(files) == 7  # three records, an array file, a run, a timing, the manifest
    for name in files.keys() - {MANIFEST}:
        assert files[name] == (store.root / name).read_bytes()
    assert list(files)[:-1] == sorted(files.keys() - {MANIFEST}) and list(files)[-1] == MANIFEST


def test_it_reads_as_the_folder_does(store: Store, pack: Path, each_record: list[Any]) -> None:
    packed, measured = Store(pack), each_record[1]
    assert list(packed.records()) == list(store.records())
    assert packed.runs() == store.runs() != []
    (read,) = (each for each in packed.records() if each.kind == "evaluate")
    assert np.array_equal(packed.arrays(read)["loss_sum"], np.arange(64))
    assert packed.measured(measured.spec.key, each_record[0].spec.key) == read
    assert packed.train(KEY) is None
    assert packed.outcomes(each_record[0].spec.key)[measured.spec.key].whole
    assert packed.held().files is packed.files
    assert not packed.problems


def test_the_manifest_says_where_and_what(pack: Path, each_record: list[Any]) -> None:
    files = unpacked(pack)
    manifest = json.loads(files.pop(MANIFEST))
    assert manifest["environments"] == [each_record[0].environment.model_dump()]
    assert {name: each["sha256"] for name, each in manifest["files"].items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }


def test_the_same_records_are_the_same_bytes(store: Store, pack: Path, tmp_path: Path) -> None:
    shutil.copytree(store.root, tmp_path / "elsewhere")
    _, digest = write_pack(Store(tmp_path / "elsewhere"), tmp_path / "b.zip")
    write_pack(Store(pack), tmp_path / "c.zip")
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "unpacked")
    write_pack(Store(tmp_path / "unpacked"), tmp_path / "d.zip")
    for name in "bcd":
        assert (tmp_path / f"{name}.zip").read_bytes() == pack.read_bytes()
    assert digest == hashlib.sha256(unpacked(pack)[MANIFEST]).hexdigest()


def test_weights_only_on_request_and_checkpoints_never(store: Store, tmp_path: Path) -> None:
    write_pack(store, tmp_path / "w.zip", weights=True)
    files = unpacked(tmp_path / "w.zip")
    assert [content for name, content in files.items() if name.endswith("/weights.safetensors")] == [b"weights"]
    assert not [name for name in files if "checkpoint" in name or ".lock" in name]
    assert list(Store(tmp_path / "w.zip").records())


def test_what_cannot_be_read_is_left_out_and_named(store: Store, each_record: list[Any], tmp_path: Path) -> None:
    _, measured, probed = each_record
    store.path(measured).with_suffix(".safetensors").write_bytes(b"damaged")
    store.path(probed).write_text("{}")
    write_pack(store, tmp_path / "b.zip")
    assert [each.kind for each in Store(tmp_path / "b.zip").records()] == ["train"]
    assert len(store.problems) == 2


def test_a_pack_that_was_replaced_is_read_anew(store: Store, pack: Path, trained: Any) -> None:
    assert len(list(Store(pack).records())) == 3
    shutil.rmtree(store.folder(trained.spec.key))
    store.put(trained)
    write_pack(store, pack)
    assert len(list(Store(pack).records())) == 1


def test_what_counts_as_a_pack(pack: Path, tmp_path: Path) -> None:
    renamed, cut, other = tmp_path / "renamed", tmp_path / "cut.zip", tmp_path / "data.json"
    shutil.copy(pack, renamed)
    cut.write_bytes(pack.read_bytes()[:50])
    other.write_text("{}")
    assert [is_pack(path) for path in (pack, renamed, cut, other, tmp_path)] == [True, True, True, False, False]


# Whatever is wrong with a pack


def test_a_truncated_pack(pack: Path, tmp_path: Path) -> None:
    content = pack.read_bytes()
    for size in (0, 1, 3, 30, 300, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.zip").write_bytes(content[:size])
        refusal(tmp_path / "cut.zip")


@pytest.mark.parametrize("place", range(0, 100, 4))
def test_a_damaged_pack_is_refused_or_reads_as_before(pack: Path, tmp_path: Path, place: int) -> None:
    """A flipped bit at any hundredth of the file. Some bits, such as those of a date, say nothing that is read."""
    content = bytearray(pack.read_bytes())
    content[len(content) * place // 100] ^= 8
    (tmp_path / "flipped.zip").write_bytes(content)
    try:
        found = Store(tmp_path / "flipped.zip")
    except UsageError:
        return
    assert list(found.records()) == list(Store(pack).records())


def test_a_file_that_is_not_what_its_manifest_lists(pack: Path, tmp_path: Path) -> None:
    files = unpacked(pack)
    name = next(name for name in files if name.endswith("train.json"))
    changed = {**files, name: files[name].replace(b"12345", b"54321")}
    assert name in refusal(zipped(tmp_path / "b.zip", changed)) and changed[name] != files[name]


def test_files_and_manifest_must_agree(pack: Path, tmp_path: Path) -> None:
    files = unpacked(pack)
    name = f"cells/{KEY}/train.json"
    assert f"'{name}' is not in its manifest" in refusal(zipped(tmp_path / "more.zip", {**files, name: b"{}"}))
    less = with_manifest({**files, name: b"{}"})
    del less[name]
    assert f"'{name}' is missing" in refusal(zipped(tmp_path / "less.zip", less))
    del files[MANIFEST]
    assert "it has no manifest.json" in refusal(zipped(tmp_path / "none.zip", files))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "cells/../../evil.json",
        "/etc/passwd",
        "runs/../../evil.json",
        "runs/..\\..\\evil.json",
        "runs/C:evil.json",
        "timing/a/../evil.json",
        "timing/.hidden.json",
        "evil.py",
        f"cells/{KEY}/evil.py",
        f"cells/{KEY}/checkpoint.safetensors",
        f"cells/{KEY}/",
        f"cells/{KEY.upper()}F/train.json",
    ],
)
def test_a_name_that_no_results_folder_has(pack: Path, tmp_path: Path, name: str) -> None:
    files = with_manifest({**unpacked(pack), name: b"{}"})
    assert "is not the name of a file of results" in refusal(zipped(tmp_path / "b.zip", files))
    assert not list(tmp_path.parent.rglob("evil*"))


def test_links_are_refused(pack: Path, tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        if info.filename.endswith("train.json"):
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16

    assert "is not a regular file" in refusal(zipped(tmp_path / "b.zip", unpacked(pack), link))


def test_other_compressions_are_refused(pack: Path, tmp_path: Path) -> None:
    def other(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_BZIP2

    assert "another method than deflate" in refusal(zipped(tmp_path / "b.zip", unpacked(pack), other))


def test_absurd_sizes_are_refused_before_they_are_unpacked(pack: Path, tmp_path: Path) -> None:
    files = unpacked(pack)
    arrays = f"cells/{KEY}/{KEY}.safetensors"
    bomb = zipped(tmp_path / "bomb.zip", with_manifest({**files, arrays: bytes(30_000_000)}))
    assert bomb.stat().st_size < 100_000 and "would unpack to 30,0" in refusal(bomb)
    big = zipped(tmp_path / "big.zip", with_manifest({**files, "timing/big.json": bytes(LARGEST_JSON + 1)}))
    assert "a record has at most" in refusal(big)


def test_a_size_that_is_a_lie_is_refused(pack: Path, tmp_path: Path) -> None:
    """The directory says ten bytes where more come out: no more than ten are ever unpacked, and their hash differs."""
    files = unpacked(pack)
    name = next(name for name in files if name.endswith("train.json"))
    honest = zipped(tmp_path / "b.zip", files).read_bytes()
    at = honest.rindex(b"PK\x01\x02", 0, honest.rindex(name.encode()))
    (tmp_path / "b.zip").write_bytes(honest[: at + 24] + (10).to_bytes(4, "little") + honest[at + 28 :])
    refusal(tmp_path / "b.zip")


def test_two_files_of_one_name(pack: Path, tmp_path: Path) -> None:
    files = unpacked(pack)
    name = next(iter(files))
    with zipfile.ZipFile(zipped(tmp_path / "b.zip", files), "a") as archive, pytest.warns(UserWarning, match="Duplic"):
        archive.writestr(name, files[name])
    assert "two files of one name" in refusal(tmp_path / "b.zip")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema_version": 2}, "schema version 2, but this version reads 1"),
        ({"schema_version": None}, "schema version None"),
        ({"mood": 1}, "Extra inputs are not permitted"),
        ({"environments": 7}, "valid list"),
    ],
)
def test_a_manifest_of_another_kind(pack: Path, tmp_path: Path, change: dict[str, Any], why: str) -> None:
    files = unpacked(pack)
    files[MANIFEST] = json.dumps({**json.loads(files[MANIFEST]), **change}).encode()
    assert why in refusal(zipped(tmp_path / "b.zip", files))


def test_a_record_of_a_newer_schema_is_named_and_skipped_as_in_a_folder(pack: Path, tmp_path: Path) -> None:
    files = unpacked(pack)
    name = next(name for name in files if name.endswith("train.json"))
    files[name] = files[name].replace(b'"schema_version": 1', b'"schema_version": 2')
    store = Store(zipped(tmp_path / "b.zip", with_manifest(files)))
    assert [each.kind for each in store.records()] == ["evaluate", "probe"]
    assert store.problems == [f"{tmp_path / 'b.zip'}/{name}: skipped: schema version 2, but this version reads 1"]


# Several stores as one


def test_stores_merge_and_the_first_vouches(store: Store, pack: Path, trained: Any, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.put(trained.model_copy(update={"parameters": 7}))
    again = trained.model_copy(update={"spec": trained.spec.model_copy(update={"init_seed": 9})})
    other.put(again)
    merged = Store.merged([Store(pack), other])
    assert {each.spec.key for each in merged.records()} == {
        again.spec.key,
        *(each.spec.key for each in store.records()),
    }
    assert merged.train(trained.spec.key) == trained
    assert Store.merged([other, Store(pack)]).train(trained.spec.key).parameters == 7
    assert merged.runs() == store.runs()
