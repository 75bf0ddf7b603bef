"""`pack`, and every verb that reads results on a pack: it says what it says of the folder."""

from pathlib import Path

import pytest

from benchmark import load, run
from benchmark.errors import UsageError


@pytest.fixture(scope="module")
def packed(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmark.results.packing import write_pack
    from benchmark.results.store import Store

    path = tmp_path_factory.mktemp("packed") / "results.zip"
    write_pack(Store(results), path)
    return path


def test_it_says_what_it_packed(invoke, results, packed, tmp_path):
    outcome = invoke("pack", results, "-o", "mine.zip")
    assert outcome.exit_code == 0 and not outcome.stderr
    models = len(list((results / "cells").iterdir()))
    files = len([path for path in results.rglob("*") if path.is_file()])
    assert f"mine.zip: {files} files of {models} models, 0." in outcome.stdout
    assert (tmp_path / "mine.zip").read_bytes() == packed.read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "--format", "json"),
        ("list", "results"),
        ("export",),
        ("export", "--format", "markdown"),
        ("compare", "rope", "alibi"),
    ],
    ids=" ".join,
)
def test_verbs_say_of_a_pack_what_they_say_of_the_folder(invoke, results, packed, arguments):
    of_folder, of_pack = (invoke(*arguments, "--results", path) for path in (results, packed))
    assert of_pack.exit_code == of_folder.exit_code == 0
    assert of_pack.stdout.replace(str(packed), str(results)) == of_folder.stdout != ""


def test_the_report_of_a_pack_is_that_of_the_folder(invoke, results, packed, tmp_path):
    for name, path in (("a", results), ("b", packed)):
        assert invoke("report", "--results", path, "--out", name).exit_code == 0
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert len(files) > 3
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_pack_compares_with_the_folder(invoke, results, packed):
    outcome = invoke("compare", results, packed)
    assert outcome.exit_code == 0 and "no regression" in outcome.stdout


def test_python_loads_a_pack(results, packed):
    assert load(packed).frame().equals(load(results).frame())


@pytest.mark.parametrize("verb", [("run", "--preset", "smoke"), ("attention",), ("time",)], ids=lambda verb: verb[0])
def test_nothing_is_written_into_a_pack(invoke, packed, verb):
    before = packed.read_bytes()
    outcome = invoke(*verb, "--results", packed)
    assert outcome.exit_code == 2 and outcome.stderr.count("\n") == 1
    assert "a pack is only read, so unpack it first" in outcome.stderr
    assert packed.read_bytes() == before


def test_python_writes_nothing_into_a_pack(packed):
    with pytest.raises(UsageError, match="a pack is only read"):
        run(encodings="rope", preset="smoke", results=packed)


@pytest.mark.parametrize("arguments", ["status", "list results", "export", "report", "compare rope alibi"])
def test_a_damaged_pack_is_one_line(invoke, packed, tmp_path, arguments):
    (tmp_path / "cut.zip").write_bytes(packed.read_bytes()[:-30])
    outcome = invoke(*arguments.split(), "--results", "cut.zip")
    assert outcome.exit_code == 2 and outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("error: 'cut.zip' is not a pack that can be read: ")


def test_damage_is_told_when_two_packs_are_compared(invoke, packed, tmp_path):
    (tmp_path / "cut.zip").write_bytes(packed.read_bytes()[:-30])
    outcome = invoke("compare", packed, "./cut.zip")
    assert outcome.exit_code == 2 and "'cut.zip' is not a pack that can be read" in outcome.stderr


def test_there_must_be_something_to_pack_and_a_file_to_write(invoke, tmp_path):
    assert "no results in 'nothing'" in invoke("pack", "nothing", "-o", "a.zip").stderr
    assert "Missing option '-o'" in invoke("pack", "nothing").stderr
    assert "not a regular file" in invoke("pack", "nothing", "-o", "/dev/null").stderr
    assert not (tmp_path / "a.zip").exists()
