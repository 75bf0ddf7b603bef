"""The folder of a cell on its way: what changed, in an order that keeps every record whole."""

from pathlib import Path

import pytest

from benchmark.experiments.cluster import folder as travelling
from benchmark.experiments.cluster.folder import Changes, read_folder, write_folder

KEY = "0123456789abcdef" * 2
CHECKPOINT = "checkpoint.safetensors"


def test_only_changes_are_taken_arrays_before_records(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_bytes(b"old")
    changes = Changes(tmp_path)
    assert changes.take() == ({}, [])
    for name in (f"{KEY}.json", "weights.safetensors", f"{KEY}.safetensors", ".lock", ".0.tmp"):
        (tmp_path / name).write_bytes(name.encode())
    files, gone = changes.take()
    assert list(files) == [f"{KEY}.safetensors", "weights.safetensors", f"{KEY}.json"]
    assert files[f"{KEY}.json"] == f"{KEY}.json".encode() and gone == []
    write_folder(tmp_path, {"train.json": b"new"})
    assert changes.take() == ({"train.json": b"new"}, [])
    assert changes.take() == ({}, [])


def test_a_checkpoint_is_sent_when_it_is_due_and_reported_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(travelling.time, "monotonic", lambda: now[0])
    changes = Changes(tmp_path)

    def sent(seconds: float, content: bytes, **options: bool) -> bool:
        now[0] = seconds
        write_folder(tmp_path, {CHECKPOINT: content})
        return CHECKPOINT in changes.take(**options)[0]

    assert not sent(30.0, b"1", checkpoint=False)
    assert sent(61.0, b"2", checkpoint=False)
    assert not sent(100.0, b"3", checkpoint=False)
    assert sent(100.0, b"4")  # a cell that failed keeps its last
    large = b"5" * 200_000_000  # 2 seconds of a gigabit network, of which 100 pass before the next
    assert sent(300.0, large, checkpoint=False)
    assert not sent(399.0, b"6", checkpoint=False)
    assert sent(401.0, b"7", checkpoint=False)
    (tmp_path / CHECKPOINT).unlink()
    assert changes.take() == ({}, [CHECKPOINT])
    assert changes.take() == ({}, [])


def test_a_folder_travels_without_locks_and_leftovers(tmp_path: Path) -> None:
    files = {"train.json": b"1", "weights.safetensors": b"2", f"{KEY}.json": b"3", CHECKPOINT: b"4"}
    write_folder(tmp_path / "here", {**files, f"{KEY}.safetensors": b"5"})
    for name in (".lock", ".0.tmp", "notes.txt"):
        (tmp_path / "here" / name).touch()
    found = read_folder(tmp_path / "here")
    assert found == {**files, f"{KEY}.safetensors": b"5"}
    write_folder(tmp_path / "there", found, gone=[CHECKPOINT])
    assert read_folder(tmp_path / "there").keys() == found.keys() - {CHECKPOINT}


@pytest.mark.parametrize("name", ["../train.json", "/etc/passwd", "notes.txt", ".lock", f"{KEY}.py", "train.json/x"])
def test_no_other_file_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a file of a cell"):
        write_folder(tmp_path / "cell", {name: b"x"})
    assert not (tmp_path / "cell").exists()
