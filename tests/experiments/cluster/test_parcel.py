"""A user's files and texts: packed here, unpacked where there is nothing but the package."""

import json
import shutil
from pathlib import Path

import pytest

from benchmark import encodings, tasks
from benchmark.catalogue import Choice
from benchmark.experiments.cluster.parcel import Packer, Parcel
from benchmark.experiments.edited import refuse_edited
from benchmark.experiments.plan import Cell, Plan, make_plan
from benchmark.experiments.request import Request
from benchmark.tasks import corpus as corpora
from benchmark.tasks.corpus import corpus as cutting

ENCODING = """
from benchmark.encodings.encoding import Encoding
{imports}


class Mine(Encoding):
    name = "{name}"
    title = "T"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"
"""
SENTENCE = "Alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau.\n"


def packed(plan: Plan, home: Path, there: Path) -> tuple[Parcel, list[Cell]]:
    """The parcel and the cells of a plan as they arrive, after the user's folder is gone."""
    packer = Packer()
    travelling = [packer.pack(cell) for cell in plan.cells]
    parcel = packer.parcel
    shutil.rmtree(home)
    parcel.unpack(there)
    return parcel, [Cell.model_validate_json(parcel.localise(each, there)) for each in travelling]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_plugins_arrive_with_the_files_that_they_import_and_keep_their_fingerprints(home: Path, tmp_path: Path) -> None:
    package = home / "family" / "own"
    package.mkdir(parents=True)
    for folder in (home / "family", package):
        (folder / "__init__.py").touch()
    (home / "family" / "shared.py").write_text("VALUE = 2\n")
    (home / "helper.py").write_text("VALUE = 1\n")
    (home / "single.py").write_text(ENCODING.format(name="single", imports="import helper"))
    (package / "deep.py").write_text(ENCODING.format(name="deep", imports="from family.shared import VALUE"))
    (home / "unused.py").write_text("raise RuntimeError\n")
    chosen = [f"{home}/single.py", f"{package}/deep.py", f"logn:base=randomized:base.base={home}/single.py"]
    plan = make_plan(Request(encodings=",".join(chosen), tasks="copy", preset="smoke", seeds=(0,)))
    parcel, cells = packed(plan, home, tmp_path / "there")
    assert sorted(parcel.files) == [
        *("0/family/__init__.py", "0/family/own/__init__.py", "0/family/own/deep.py", "0/family/shared.py"),
        *("0/helper.py", "0/single.py"),
    ]
    assert [cell.train for cell in cells] == [cell.train for cell in plan.cells]
    for cell in cells:
        refuse_edited(cell)  # the fingerprint of what arrived is the planned one
        for measure in cell.measures:
            refuse_edited(cell, measure)
    assert str(home) not in "".join(cell.model_dump_json(include={"encoding", "measures"}) for cell in cells[:2])
    (tmp_path / "there" / "0" / "helper.py").write_text("VALUE = 3\n")
    with pytest.raises(ValueError, match="was edited after this run began"):
        refuse_edited(cells[0])


def test_what_a_machine_says_names_files_as_the_user_did(home: Path, tmp_path: Path) -> None:
    (home / "mine.py").write_text(ENCODING.format(name="mine", imports=""))
    plan = make_plan(Request(encodings=str(home / "mine.py"), tasks="copy", preset="smoke", seeds=(0,)))
    there = tmp_path / "there"
    parcel, (cell,) = packed(plan, home, there)
    assert cell.encoding.item == f"{there}/0/mine.py"
    told = json.dumps({"reason": f"{cell.encoding.item} is defined up to 40"})
    assert json.loads(parcel.restore(told, there)) == {"reason": f"{home}/mine.py is defined up to 40"}


def test_a_text_is_cut_once_and_needed_nowhere_else(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "novel.txt").write_text("\n\n".join(f"Chapter {number}\n\n{SENTENCE * 20}" for number in range(1, 13)))
    asked = Request(
        encodings="rope,alibi", tasks="corpus", corpus=str(home / "novel.txt"), preset="smoke", seeds=(0, 1)
    )
    plan = make_plan(asked)
    whole = tasks.make(Choice(entry=tasks.CATALOGUE.entry("corpus"), parameters=plan.cells[0].task.parameters))
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(tmp_path / "fresh"))
    cut: list[str] = []
    original = cutting._tokenised

    def noting(source: corpora.Source, size: int, tokenizer: str) -> corpora.Corpus:
        cut.append(source.name)
        return original(source, size, tokenizer)

    monkeypatch.setattr(cutting, "_tokenised", noting)
    there = tmp_path / "there"
    _, cells = packed(plan, home, there)
    assert cut == ["novel.txt"]
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(there / "cache"))
    for cell in cells:
        task = tasks.make(Choice(entry=tasks.CATALOGUE.entry("corpus"), parameters=cell.task.parameters))
        assert task.corpus.info == whole.corpus.info
        assert task.corpus.train.tobytes() == whole.corpus.train.tobytes()
        assert corpora.content_hash(str(cell.task.parameters["text"])) == cell.train.task.corpus_hash
    assert cut == ["novel.txt"]


def test_a_parcel_that_was_changed_on_its_way_is_not_unpacked(tmp_path: Path) -> None:
    packer = Packer(files={"0/mine.py": b"import os"}, names={"0/": "/home/"})
    sent = packer.parcel
    with pytest.raises(ValueError, match="damaged on their way"):
        Parcel(files={"0/mine.py": b"import sys"}, names=sent.names, digest=sent.digest).unpack(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_registered_names_travel_as_they_are() -> None:
    plan = make_plan(Request(encodings="rope,randomized:base=alibi", tasks="copy", preset="smoke", seeds=(0,)))
    packer = Packer()
    assert [Cell.model_validate_json(packer.pack(cell)) for cell in plan.cells] == list(plan.cells)
    assert packer.files == {} and encodings.CATALOGUE.entry("rope").module is not None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"name": 1}'])
def test_a_damaged_packed_source_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / f"x{corpora.PACKED}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="is not a packed source"):
        corpora.find(str(file))
