"""Files that users write: what is accepted, what is refused and why, and that an edit counts within one process."""

import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.catalogue import Catalogue, PackageError, fingerprint
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.errors import UsageError
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks import make as make_task

SHAPE = Shape(width=6, heads=2, layers=1, train_length=5)
SAYS = 'title = "T"\n    source = "https://example.org"\n    acts = "nothing"\n    past = "defined"\n'
OWN = f"""
from benchmark.encodings.encoding import Encoding


class Mine(Encoding):
    name = "mine"
    {SAYS}
    def __init__(self, shape, *, strength: float = 0.5):
        super().__init__(shape)
        self.given = strength
"""
COPY = """
from benchmark.tasks.copy import Copy


class Mine(Copy):
    name = "mine"
"""


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def made(item: str) -> Encoding:
    return make(item, SHAPE)


# Accepted


DERIVED = {
    "from the module": "from benchmark.encodings.rope import Rope\nclass Mine(Rope):",
    "under another name": "from benchmark.encodings.rope import Rope as R\nclass Mine(R):",
    "by its module": "from benchmark.encodings import rope\nclass Mine(rope.Rope):",
    "by its full name": "import benchmark.encodings.rope\nclass Mine(benchmark.encodings.rope.Rope):",
    "by an alias": "import benchmark.encodings.rope as r\nclass Mine(r.Rope):",
    "through its own class": "from benchmark.encodings.rope import Rope\nclass Base(Rope): pass\nclass Mine(Base):",
    "through a sibling": "from between import Between\nclass Mine(Between):",
    "through a package beside it": "from parts.deep import Between\nclass Mine(Between):",
}


@pytest.mark.parametrize("how", DERIVED)
def test_an_encoding_may_derive_from_a_registered_class(tmp_path: Path, how: str) -> None:
    between = "from benchmark.encodings.rope import Rope\nclass Between(Rope):\n    pass\n"
    written(tmp_path, between, "between.py")
    written(tmp_path, "from .far import *\nfrom .far import Between\n", "parts/deep.py")
    written(tmp_path, between, "parts/far.py")
    written(tmp_path, "", "parts/__init__.py")
    path = written(tmp_path, f"{DERIVED[how]}\n    name = 'mine'\n")
    (choice,) = ENCODINGS.parse(f"{path}:base=777")
    loaded = ENCODINGS.load(choice.entry)
    assert choice.entry.attributes["title"] == loaded.title
    assert choice.entry.attributes["acts"] == loaded.acts == "rotation"
    assert dict(choice.parameters) == {"base": 777.0, "fraction": 1.0, "interleaved": False}
    assert isinstance(made(f"{path}:base=777"), loaded)


def test_a_task_may_derive_from_a_registered_class(tmp_path: Path) -> None:
    path = written(tmp_path, COPY)
    (choice,) = TASKS.parse(path)
    assert choice.parameters == TASKS.choice("copy").parameters
    assert type(make_task(choice)).__mro__[1].__name__ == "Copy"


@pytest.mark.parametrize(
    "line", ["from benchmark.enc.base import B", "from benchmark.enc import base", "import benchmark.enc.base as b"]
)
def test_the_fingerprint_counts_the_module_that_one_derives_from(tmp_path: Path, line: str) -> None:
    contract = Path(written(tmp_path / "enc", "", "encoding.py"))
    path = Path(written(tmp_path, f"{line}\nx = 1\n"))
    prints = []
    for value in (1, 2):
        written(tmp_path / "enc", f"B = {value}\n", "base.py")
        prints.append(fingerprint(path, (contract,)))
    assert prints[0] != prints[1]


@pytest.mark.parametrize(
    "signature, parameters",
    [
        ("self, shape, base=3.0", {"base": 3.0}),
        ("self, shape, base: float = 3.0, *, deep: bool = True", {"base": 3.0, "deep": True}),
        ("self, shape, /, base=3.0", {"base": 3.0}),
        ("self, *args, base=3.0", {"base": 3.0}),
        ("self, shape, base=-3", {"base": -3}),
        ("self, shape, μ=1", {"μ": 1}),
        ("self, shape, 底数: float = 2.0", {"底数": 2.0}),
    ],
)
def test_parameters_may_be_positional_and_have_any_name(tmp_path: Path, signature: str, parameters: dict) -> None:
    body = "super().__init__(args[0] if 'args' in vars() else shape)"
    path = written(tmp_path, f"{OWN.split('    def')[0]}    def __init__({signature}):\n        {body}\n")
    choice = ENCODINGS.choice(path)
    assert dict(choice.parameters) == parameters
    first = next(iter(parameters))
    spelled = {"μ": "µ"}.get(first, first)  # the micro sign, as a keyboard types it
    assert ENCODINGS.choice(f"{path}:{spelled}={parameters[first]}") == choice
    assert made(path).name == "mine"


def test_a_class_may_have_a_name_in_any_script(tmp_path: Path) -> None:
    assert made(written(tmp_path, OWN.replace("Mine", "我的编码"), "编码.py")).given == 0.5


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, OWN)
    assert [choice.label for choice in ENCODINGS.parse("rope,~/mine.py:strength=1")] == ["rope", "mine:strength=1"]
    with pytest.raises(UsageError, match=r"'~nobody-here/mine\.py': no such user's home folder; write the whole path"):
        ENCODINGS.parse("~nobody-here/mine.py")


parts = st.text("ab,:，：=~ 文.-", min_size=1, max_size=8).filter(lambda name: name.strip(" .") == name)


@settings(max_examples=60, derandomize=True)
@given(folder=parts, file=parts)
def test_any_character_may_be_in_a_path(folder: str, file: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("paths")
    path = written(root / folder, OWN, f"{file}.py")
    found = ENCODINGS.parse(f"alibi, {path}:strength=2,rope:base=3")
    assert [choice.label for choice in found] == ["alibi", "mine:strength=2", "rope:base=3"]
    assert found[1].entry.path == Path(path).resolve()


@pytest.mark.parametrize(
    "text, labels",
    [
        ("rope，alibi", ["rope", "alibi"]),
        ("rope、alibi", ["rope", "alibi"]),
        ("rope：base＝3", ["rope:base=3"]),
        ("rope:base=3，fraction=0.5，alibi", ["rope:base=3:fraction=0.5", "alibi"]),
    ],
)
def test_full_width_marks_are_read_as_the_ascii_ones(text: str, labels: list[str]) -> None:
    assert [choice.label for choice in ENCODINGS.parse(text)] == labels


# Refused


FAULTS = {
    "two": (OWN + OWN.replace("Mine", "Other").replace("mine", "other"), r"defines 2 encodings \(Mine, Other\)"),
    "unnamed heir": (OWN + "class Heir(Mine):\n    pass\n", r"defines 2 encodings \(Mine, Heir\)"),
    "another class": ("class Mine(dict):\n    name = 'mine'\n", "defines 0 encodings.*of a class that is one"),
    "itself": ("class Mine(Mine):\n    name = 'mine'\n", "defines 0 encodings"),
    "circle": ("class A(B):\n    name = 'a'\nclass B(A):\n    name = 'b'\n", "defines 0 encodings"),
    "syntax": ("class Mine(Encoding:", "is not valid Python"),
    "deep": ("x = " + "-" * 100_000 + "1", "is not valid Python"),
    "group": (OWN.replace('"mine"', '"classic"'), "'classic' is that of a group of encodings; choose another"),
    "all": (OWN.replace('"mine"', '"all"'), "'all' is that of a group of encodings"),
    "number as name": (OWN.replace('"mine"', "3"), "class Mine must be a subclass of Encoding with name = 'a string'"),
    "computed name": (OWN.replace('"mine"', '"m" + "e"'), "with name = 'a string'"),
    "other script": (OWN.replace('"mine"', '"编码"'), "must consist of lower-case letters"),
    "computed claim": (OWN.replace('"nothing"', "KIND"), "class Mine must set acts to a literal, but sets it to KIND"),
    "computed flag": (OWN + "    numbers = not False\n", "must set numbers to a literal, but sets it to not False"),
    "no shape": (OWN.replace("self, shape, *,", "self, *,"), r"takes \(self\): write __init__\(self, shape, \*, base"),
    "position only": (
        OWN.replace("shape, *, strength: float = 0.5", "shape, strength=1.0, /"),
        "cannot be set by name",
    ),
    "no default": (OWN.replace(": float = 0.5", ""), "'strength' needs a literal default.*it has no default"),
    "None": (OWN.replace("0.5", "None"), "needs a literal default.*it has the default None"),
    "list": (OWN.replace("0.5", "[1, 2]"), r"needs a literal default.*it has the default \[1, 2\]"),
    "infinite": (OWN.replace("0.5", "1e999"), "needs a literal default: a finite number"),
    "huge": (OWN.replace("0.5", "1" + "0" * 30), "needs a literal default"),
    "half a character": (OWN.replace('"T"', '"\\ud800"'), "sets title to .* which is not valid text"),
    "wraps nothing": (OWN + '    wraps = "base"\n', "wraps is 'base', but __init__ has no such parameter of text"),
    "sibling's fault": ("from broken import x\n" + OWN, r"broken\.py is not valid Python"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_with_its_cause(tmp_path: Path, fault: str) -> None:
    text, message = FAULTS[fault]
    written(tmp_path, "x = (\n", "broken.py")
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=message) as caught:
        ENCODINGS.fingerprint(ENCODINGS.choice(path))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_name_may_not_be_that_of_a_group_of_tasks(tmp_path: Path) -> None:
    for group in ("all", "default", "recall"):
        path = written(tmp_path, COPY.replace("mine", group))
        with pytest.raises(UsageError, match=f"'{group}' is that of a group of tasks"):
            TASKS.choice(path)


IMPORTS = {
    "missing": ("import no_such_module_here", "No module named 'no_such_module_here'; install it, or put"),
    "relative": ("from .helper import x", "relative import.*write `from helper import x`"),
    "absent name": ("from helper import y", "cannot import name 'y' from 'helper'"),
    "class is gone": ("", "has no attribute 'Mine'"),
}


@pytest.mark.parametrize("fault", IMPORTS)
def test_a_file_that_cannot_be_imported_is_refused_with_its_cause(tmp_path: Path, fault: str) -> None:
    written(tmp_path, "x = 1\n", "helper.py")
    line, message = IMPORTS[fault]
    path = written(tmp_path, f"{line}\n{OWN}" + "\ndel Mine\n" * (not line))
    with pytest.raises(UsageError, match=message) as caught:
        made(path)
    assert "mine.py cannot be imported" in str(caught.value)


def test_a_folder_another_file_and_an_unreadable_one_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="is a folder: name the Python file in it that defines one encoding"):
        ENCODINGS.parse(f"{tmp_path}/")
    with pytest.raises(UsageError, match=r"is not a Python file \(\.py\)"):
        ENCODINGS.parse(written(tmp_path, OWN, "mine.txt"))
    path = written(tmp_path, OWN)

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(UsageError, match=r"mine\.py cannot be read: Permission denied; check"):
        ENCODINGS.parse(path)


@pytest.mark.parametrize("catalogue", [ENCODINGS, TASKS], ids=lambda each: each.kind)
def test_a_path_that_is_not_utf_8_is_refused(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    path = written(folder, OWN if catalogue is ENCODINGS else COPY)
    with pytest.raises(UsageError, match=r"is not valid UTF-8: .*caf\\udce9/mine\.py; rename"):
        catalogue.parse(f"all,{path}")
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match=r"is not valid UTF-8: .*caf\\udce9/mine\.py; rename"):
        catalogue.parse("mine.py")


# Edits within one process


EDITED = f"""
import helper
from parts import factor
from benchmark.encodings.encoding import Encoding


class Mine(Encoding):
    name = "mine"
    {SAYS}
    def __init__(self, shape, *, strength: float = 0.5):
        super().__init__(shape)
        import late
        self.given = strength, "code", helper.VALUE, factor.VALUE, late.VALUE
"""
EDITS = {
    "default": ("mine.py", "0.5", "0.7"),
    "code": ("mine.py", '"code"', '"edit"'),
    "sibling": ("helper.py", "VALUE = 1", "VALUE = 2"),
    "package": ("parts/factor.py", "VALUE = 1", "VALUE = 2"),
    "sibling of a sibling": ("deeper.py", "VALUE = 1", "VALUE = 2"),
    "late import": ("late.py", "VALUE = 1", "VALUE = 2"),
}


def edited_files(folder: Path) -> str:
    written(folder, "from deeper import VALUE as AGAIN\nVALUE = 1\nVALUE = VALUE, AGAIN\n", "helper.py")
    written(folder, "VALUE = 1\n", "deeper.py")
    written(folder, "VALUE = 1\n", "late.py")
    written(folder, "", "parts/__init__.py")
    written(folder, "VALUE = 1\n", "parts/factor.py")
    return written(folder, EDITED)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_counts_within_one_process(tmp_path: Path, edit: str) -> None:
    """Same length, within the same second: neither sizes nor times of files tell the two apart."""
    path = edited_files(tmp_path)
    file, before, after = EDITS[edit]
    first, first_print = made(path).given, ENCODINGS.fingerprint(ENCODINGS.choice(path))
    assert first == (0.5, "code", (1, 1), 1, 1)
    text = (tmp_path / file).read_text()
    written(tmp_path, text.replace(before, after), file)
    second, second_print = made(path).given, ENCODINGS.fingerprint(ENCODINGS.choice(path))
    assert sum(old != new for old, new in zip(first, second, strict=True)) == 1
    assert second_print != first_print
    written(tmp_path, text, file)
    assert (made(path).given, ENCODINGS.fingerprint(ENCODINGS.choice(path))) == (first, first_print)
    assert not list(tmp_path.rglob("__pycache__"))


def test_what_a_file_states_is_read_anew(tmp_path: Path) -> None:
    path = written(tmp_path, '"""One."""\n' + COPY)
    assert (TASKS.entry(path).documentation, TASKS.entry(path).attributes["version"]) == ("One.", 2)
    written(tmp_path, '"""Two."""\n' + COPY + "    version = 7\n")
    assert (TASKS.entry(path).documentation, TASKS.entry(path).attributes["version"]) == ("Two.", 7)


def test_files_in_two_folders_each_import_their_own_sibling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = edited_files(tmp_path / "one"), edited_files(tmp_path / "two")
    for name in ("helper.py", "late.py"):
        written(tmp_path / "two", "VALUE = 9\n", name)
        written(tmp_path, "raise RuntimeError('the wrong one')\n", name)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert made(one).given == (0.5, "code", (1, 1), 1, 1)
        assert made(two).given == (0.5, "code", 9, 1, 9)


def test_a_sibling_does_not_replace_a_library(tmp_path: Path) -> None:
    for name in ("torch.py", "copy.py", "numpy.py"):
        written(tmp_path, "raise RuntimeError('the wrong one')\n", name)
    torch = sys.modules["torch"]
    assert made(written(tmp_path, "import torch, copy, numpy\n" + OWN)).given == 0.5
    assert sys.modules["torch"] is torch


# Installed packages


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that offer a sound encoding, one with a fault in its text, one that fails on import, one not there."""
    written(tmp_path, OWN.replace("mine", "sound"), "uc_sound.py")
    written(tmp_path, OWN.replace('"mine"', "NAME"), "uc_faulty.py")
    written(tmp_path, OWN.replace("mine", "failing") + "raise RuntimeError('no\\nlicence')\n", "uc_failing.py")
    names = ("sound", "faulty", "failing", "absent")
    points = [EntryPoint(name=name, value=f"uc_{name}:Mine", group="position_encodings") for name in names]
    monkeypatch.setattr(
        "benchmark.catalogue.registry.entry_points", lambda group: points if group == "position_encodings" else []
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_a_package_at_fault_is_named_and_the_rest_work(packages: None) -> None:
    usable = [entry.name for entry in ENCODINGS.entries()]
    assert set(usable) == {*ENCODINGS.table, "sound", "failing"}
    assert [choice.entry.name for choice in ENCODINGS.parse("all")] == sorted(usable)
    faults = ENCODINGS.faults()
    assert set(faults) == {"faulty", "absent"}
    assert "the encoding 'absent' of an installed package is left out" in faults["absent"]
    assert "uc_faulty.py" in faults["faulty"]
    assert ENCODINGS.left_out("rope,alibi") == []
    assert ENCODINGS.left_out("rope,all") == list(faults.values())
    with pytest.raises(UsageError, match="faulty"):
        ENCODINGS.parse("faulty")
    assert made("sound").given == 0.5
    for _ in range(2):
        with pytest.raises(
            PackageError, match="RuntimeError: no licence; it is the encoding 'failing' of an installed"
        ):
            made("failing")
