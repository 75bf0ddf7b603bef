"""One process at a time holds a cell's folder."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmark.files import UnwritableError
from benchmark.results.lock import locked

HOLD = """
import sys
from pathlib import Path
from benchmark.results.lock import locked

with locked(Path(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the folder until it is told to end."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process


def test_another_process_holds_it_until_it_is_done(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with locked(tmp_path, wait=False) as held:
            assert not held
        process.communicate("\n")
        with locked(tmp_path, wait=False) as held:
            assert held


def test_one_that_waits_gets_it(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        assert process.stdin is not None
        waiting = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.3)
        assert waiting.poll() is None
        process.communicate("\n")
        assert waiting.communicate("\n")[0] == "True\n"


def test_the_lock_of_a_killed_process_is_gone(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with locked(tmp_path, wait=False) as held:
            assert held


def test_it_is_released_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        _ = 1 / 0
    with locked(tmp_path, wait=False) as held:
        assert held


def test_the_holder_removes_what_killed_writers_left(tmp_path: Path) -> None:
    leftover = tmp_path / ".0123.tmp"
    leftover.write_bytes(b"half a record")
    with holder(tmp_path):
        leftover.write_bytes(b"half a record")
        with locked(tmp_path, wait=False):
            assert leftover.exists()
    with locked(tmp_path):
        assert not leftover.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableError) as caught, locked(tmp_path / "file" / "cell"):
        pass
    assert str(tmp_path / "file") in str(caught.value.filename)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error_with_its_name(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableError), locked(tmp_path):
        pass


def test_a_lock_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    for wait in (True, False):
        with pytest.raises(UnwritableError) as caught, locked(tmp_path, wait=wait):
            pass
        assert str(caught.value.filename) == str(tmp_path / ".lock")


def test_it_says_nothing_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with locked(tmp_path), holder(tmp_path / "other"), locked(tmp_path / "other", wait=False) as held:
        assert not held
    assert caplog.records == []
