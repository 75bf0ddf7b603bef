"""The registries: the tables against the folders, what is read from source against the classes, and the grammar."""

import inspect
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from benchmark.catalogue import Catalogue, convert, fingerprint, label
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.encodings import GROUPS, make
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.errors import UsageError
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks.task import Task

CATALOGUES = [ENCODINGS, TASKS]
EVERY = [(each, name) for each in CATALOGUES for name in each.table]
both = pytest.mark.parametrize("registry", CATALOGUES, ids=lambda each: each.kind)
every_entry = pytest.mark.parametrize("registry, name", EVERY, ids=[f"{each.kind}-{name}" for each, name in EVERY])

PLUGIN = '''
"""A file of a user's own."""

from benchmark.encodings.encoding import Encoding


class Mine(Encoding):
    name = "{name}"
    title = "Mine"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"

    def __init__(self, shape, *, strength: float = 0.5, steps: int = 3, deep: bool = False, mode: str = "plain"):
        super().__init__(shape)
        self.given = (strength, steps, deep, mode)
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(name="mine"))
    return path


def labels(text: str, registry: Catalogue = ENCODINGS) -> list[str]:
    return [choice.label for choice in registry.parse(text)]


# The tables


@both
def test_the_table_is_sorted_and_names_every_module_of_the_folder(registry: Catalogue) -> None:
    assert list(registry.table) == sorted(registry.table)
    modules = {path.stem for path in registry.folder.glob("*.py")} - {
        "__init__",
        *(Path(file).stem for file in registry.contract),
    }
    assert set(registry.table.values()) == modules


@both
def test_names_are_sorted_and_groups_name_nothing_else(registry: Catalogue) -> None:
    assert registry.names() == sorted(registry.names())
    assert set(registry.table) <= set(registry.names())
    for group, members in registry.groups.items():
        assert group not in registry.names()
        assert set(members) <= set(registry.table)
        assert len(set(members)) == len(members)


def test_the_classic_five() -> None:
    assert GROUPS["classic"] == ("none", "sinusoidal", "learned", "alibi", "rope")


@pytest.mark.parametrize(
    ("group", "inside", "outside"),
    [
        ("test-time", {"yarn", "rerope", "logn", "pi"}, {"rope", "drop", "randomized"}),
        ("temperature", {"logn"}, {"rope", "yarn"}),
        ("content", {"cope", "dape", "fox", "path", "selective-rope", "stick-breaking"}, {"shaw", "pope", "t5"}),
        ("remap", {"rerope", "leaky-rerope", "self-extend"}, {"rope", "yarn"}),
        ("bias", {"alibi", "t5", "fox"}, {"cope", "hybrid"}),
        ("rotation", {"rope", "hybrid", "yarn", "selective-rope"}, {"logn", "rerope", "none"}),
    ],
)
def test_a_group_follows_from_what_encodings_say_of_themselves(group: str, inside: set[str], outside: set[str]) -> None:
    members = ENCODINGS.members(group)
    assert labels(group) == list(members) == sorted(members)
    assert inside <= set(members)
    assert not outside & set(members)
    for name in ENCODINGS.names():
        assert (group in ENCODINGS.groups_of(ENCODINGS.entry(name))) == (name in members)


def test_every_remap_is_for_models_trained_with_rope() -> None:
    assert set(ENCODINGS.members("remap")) <= set(ENCODINGS.members("test-time"))


@every_entry
def test_attributes_read_from_source_are_those_of_the_class(registry: Catalogue, name: str) -> None:
    entry = registry.entry(name)
    loaded = registry.load(entry)
    assert loaded.__name__ == entry.class_name
    assert issubclass(loaded, (Encoding, Task))
    assert loaded.name == entry.name == name
    for attribute, value in entry.attributes.items():
        assert getattr(loaded, attribute) == value, attribute
    arguments = inspect.signature(loaded.__init__).parameters.values()
    assert {each.name: each.default for each in arguments if each.kind is each.KEYWORD_ONLY} == dict(entry.defaults)


@every_entry
def test_an_entry_describes_itself(registry: Catalogue, name: str) -> None:
    attributes = registry.entry(name).attributes
    assert attributes["source"].startswith("https://")
    wanted = (
        ("title", "acts", "learned", "past") if registry is ENCODINGS else ("title", "group", "definition", "metric")
    )
    for attribute in wanted:
        assert attributes[attribute].strip(), attribute


@every_entry
def test_a_module_opens_with_idea_and_source(registry: Catalogue, name: str) -> None:
    text = registry.entry(name).path.read_text()
    assert text.startswith('"""')
    opening = text.split('"""')[1]
    assert len(opening.strip().splitlines()[0]) > 20
    if registry is ENCODINGS:
        assert registry.entry(name).attributes["source"] in opening


def test_a_line_of_the_docstring_states_a_fact(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(name="mine").replace("a user's own.", "a user's own.\n\nChance: 1 / 10.\n"))
    entry = ENCODINGS.entry(str(path))
    assert entry.stated("Chance") == "1 / 10"
    assert entry.stated("Vocabulary") is None


# The grammar


def test_an_item_is_a_name_with_parameters() -> None:
    (choice,) = ENCODINGS.parse("rope:base=500000:interleaved=true")
    assert dict(choice.parameters) == {"base": 500000.0, "fraction": 1.0, "interleaved": True}
    assert choice.label == "rope:base=500000:interleaved=True"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("rope,alibi", ["rope", "alibi"]),
        (" rope , alibi ", ["rope", "alibi"]),
        ("rope,rope", ["rope"]),
        ("rope:base=10000,rope:base=1e4,rope", ["rope"]),
        ("rope,rope:base=500000", ["rope", "rope:base=500000"]),
        ("rope:base=500000,fraction=0.25,alibi", ["rope:base=500000:fraction=0.25", "alibi"]),
        ("classic", ["none", "sinusoidal", "learned", "alibi", "rope"]),
        ("alibi,classic", ["alibi", "none", "sinusoidal", "learned", "rope"]),
        ("rope:fraction=0.1234567890123", ["rope:fraction=0.1234567890123"]),
        ("logn:base=rope:base.base=500000", ["logn:base=rope:base.base=500000"]),
        ("logn:base.base=500000", ["logn:base=rope:base.base=500000"]),
        ("logn:base.base=10000,logn:base=rope,logn", ["logn"]),
        ("logn:base=alibi", ["logn:base=alibi"]),
        (
            "logn:base=rope,base.fraction=0.25,base.base=3,alibi",
            ["logn:base=rope:base.base=3:base.fraction=0.25", "alibi"],
        ),
        (
            "randomized:limit=97:base=randomized:base.base.base=3:base.limit=99",
            ["randomized:base=randomized:base.base=rope:base.base.base=3:base.limit=99:limit=97"],
        ),
    ],
)
def test_lists(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("rope:base=1e3|1e4|1e5,alibi", ["rope:base=1000", "rope", "rope:base=100000", "alibi"]),
        ("rope:base=1e4 | 10000", ["rope"]),
        ("rope:base=1e3｜1e5", ["rope:base=1000", "rope:base=100000"]),
        (
            "rope:base=3|5,fraction=0.25|0.5",
            [f"rope:base={base}:fraction={fraction}" for base in (3, 5) for fraction in (0.25, 0.5)],
        ),
        ("logn:base=rope|alibi", ["logn", "logn:base=alibi"]),
        ("logn:base.base=3|5", ["logn:base=rope:base.base=3", "logn:base=rope:base.base=5"]),
        (
            "randomized:base=logn:base.base.base=3|5:limit=99|101",
            [
                f"randomized:base=logn:base.base=rope:base.base.base={base}:limit={limit}"
                for base in (3, 5)
                for limit in (99, 101)
            ],
        ),
    ],
)
def test_a_sweep_is_an_item_per_combination(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


def test_a_sweep_of_a_task(tmp_path: Path) -> None:
    assert labels("copy:symbols=5|7", TASKS) == ["copy:symbols=5", "copy:symbols=7"]


def test_a_bar_in_the_path_of_a_file_belongs_to_it(plugin: Path) -> None:
    odd = plugin.with_name("a|b.py")
    odd.write_text(plugin.read_text())
    assert labels(f"logn:base={odd}:base.steps=7|9|3") == [f"logn:base={odd}:base.steps={n}" for n in (7, 9)] + [
        f"logn:base={odd}"
    ]
    assert labels(f"logn:base={plugin}|rope") == [f"logn:base={plugin}", "logn"]


def test_one_choice_takes_no_sweep() -> None:
    with pytest.raises(UsageError, match=r"'rope:base=3\|5' is a sweep of 2 encodings, but only one fits here"):
        make("rope:base=3|5", Shape(width=6, heads=3, layers=1, train_length=5))


@both
def test_all_is_every_known_name(registry: Catalogue) -> None:
    assert labels("all", registry) == registry.names()


@pytest.mark.parametrize(
    "text", ["rope:base=500000", "rope:base=3:fraction=0.25:interleaved=True", "alibi", "logn:base.base=3"]
)
def test_a_label_is_a_spelling_of_its_choice(text: str) -> None:
    (choice,) = ENCODINGS.parse(text)
    (again,) = ENCODINGS.parse(choice.label)
    assert again == choice


def test_a_wrapper_holds_the_parameters_of_its_base() -> None:
    (choice,) = ENCODINGS.parse("logn:base=rope:base.base=500000:base.fraction=1")
    assert dict(choice.parameters) == {"base": "rope:base=500000"}
    around = ENCODINGS.wrapped(choice)
    assert around is not None
    assert around.label == "rope:base=500000"
    plain = ENCODINGS.choice("logn")
    assert ENCODINGS.fingerprint(choice) == ENCODINGS.fingerprint(plain)  # the code is the same, the parameters are not
    assert make(choice, Shape(width=6, heads=3, layers=1, train_length=5)).inner.base == 500000


def test_a_users_file_as_a_base_takes_parameters(plugin: Path) -> None:
    (choice,) = ENCODINGS.parse(f"logn:base={plugin}:base.steps=7")
    around = ENCODINGS.wrapped(choice)
    assert around is not None
    assert around.parameters["steps"] == 7
    assert ENCODINGS.parse(choice.label) == [choice]


def test_a_label_distinguishes_numbers_that_look_alike() -> None:
    near, nearer = 500000.0001, 500000.0002
    assert label("x", {"base": near}, {}) != label("x", {"base": nearer}, {})


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "'' has an empty item"),
        ("rope,,alibi", "empty item: separate encodings with single commas"),
        ("rope,", "empty item"),
        ("rop", "unknown encoding 'rop'; did you mean 'rope'? Known: a"),
        ("ROPE", "did you mean 'rope'?"),
        ("sinusodial", "did you mean 'sinusoidal'?"),
        ("xyzzy", "unknown encoding 'xyzzy'. Known: a"),
        ("xyzzy", "A file of your own: path/to/encoding.py."),
        ("base=3", "unknown encoding 'base=3'"),
        ("rope:bass=3", "unknown parameter of rope 'bass'; did you mean 'base'? Known: base, fraction, interleaved."),
        ("alibi:base=3", "unknown parameter of alibi 'base'. Known: none."),
        ("rope:base", "'rope:base': 'base' is not a parameter; write NAME=VALUE"),
        ("rope:base=1:base=2", "'rope:base=1:base=2' sets 'base' twice: set each parameter once"),
        (
            "logn:base=rope:base=3",
            "sets 'base' twice: set each parameter once; a parameter of the base is base.NAME=VALUE",
        ),
        ("logn:base.bass=3", "unknown parameter of rope 'bass'; did you mean 'base'?"),
        ("logn:base=rop:base.base=3", "unknown encoding 'rop'; did you mean 'rope'?"),
        ("logn:base.base", "'logn:base.base': 'base.base' is not a parameter; write NAME=VALUE"),
        ("logn:base.base=3:base.base=4", "sets 'base' twice"),
        ("logn:base.base=many", "rope:base is 'many', but must be a finite number"),
        ("rope:base.base=3", "unknown parameter of rope 'base.base'"),
        ("rope:base=nan", "rope:base is 'nan', but must be a finite number, such as 10000"),
        ("rope:base=inf", "must be a finite number"),
        ("rope:base=-inf", "must be a finite number"),
        ("rope:base=1e999", "must be a finite number"),
        ("rope:base=many", "rope:base is 'many', but must be a finite number"),
        ("rope:base=", "rope:base is '', but must be a finite number"),
        ("rope:interleaved=maybe", "rope:interleaved is 'maybe', but must be true or false"),
        ("rope:base=3||5", "'rope:base=3||5' has an empty value: separate the values of a sweep with single bars"),
        ("rope:base=|5", "has an empty value"),
        ("rope:base=3|", "has an empty value"),
        ("rope:base=3|many", "rope:base is 'many', but must be a finite number"),
        ("rope|alibi", "unknown encoding 'rope|alibi'"),
        (
            f"rope:base={'|'.join(map(str, range(1, 34)))}:fraction=0.25|0.5",
            "is a sweep of 66 variants, but one item may have at most 64: name fewer values",
        ),
        ("nowhere/mine.py", "no file 'nowhere/mine.py': name a Python file that defines one encoding"),
        (f"{'a' * 300}.py", "File name too long; name a Python file that defines one encoding"),
    ],
)
def test_a_mistake_is_a_one_line_error(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ENCODINGS.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text, default, value",
    [
        ("7", 3, 7),
        ("-7", 3, -7),
        ("0.5", 1.0, 0.5),
        ("3", 1.0, 3.0),
        ("true", False, True),
        ("NO", True, False),
        ("1", False, True),
        ("1", "text", "1"),
    ],
)
def test_a_value_has_the_type_of_its_default(text: str, default: object, value: object) -> None:
    converted = convert(text, default, "x:y")
    assert converted == value
    assert type(converted) is type(default)


@pytest.mark.parametrize("text", ["3.5", "1e3", "", "three", "nan"])
def test_an_integer_parameter_takes_only_integers(text: str) -> None:
    with pytest.raises(UsageError, match="but must be a whole number, such as 3"):
        convert(text, 3, "x:y")


# Files and installed packages


def test_a_users_file(plugin: Path) -> None:
    (choice,) = ENCODINGS.parse(f"{plugin}:strength=0.25:steps=7:deep=yes:mode=fancy")
    assert choice.label == "mine:strength=0.25:steps=7:deep=True:mode=fancy"
    encoding = make(choice, Shape(width=6, heads=2, layers=1, train_length=5))
    assert encoding.given == (0.25, 7, True, "fancy")
    assert make(str(plugin), encoding.shape).given == (0.5, 3, False, "plain")


def test_two_files_of_one_name_are_refused(plugin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(plugin.read_text())
    assert labels(f"{plugin},{plugin}") == ["mine"]
    with pytest.raises(UsageError, match=r"other\.py define encodings with the same name, 'mine': rename one"):
        ENCODINGS.parse(f"{plugin},{other}")


def test_a_relative_path_is_found(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plugin.parent)
    assert labels("mine.py,./mine.py") == ["mine"]


@pytest.mark.parametrize(
    "text, message",
    [
        (PLUGIN.format(name="rope"), "the name 'rope' is taken by a built-in encoding"),
        (PLUGIN.format(name="Mine!"), "must consist of lower-case letters"),
        (PLUGIN.format(name="../mine"), "must consist of lower-case letters"),
        (PLUGIN.format(name=""), "with name = 'a string'"),
        ("x = 1", "defines 0 encodings, but must define exactly one subclass of Encoding"),
        (PLUGIN.format(name="a") + PLUGIN.format(name="b").replace("Mine(", "Other("), "defines 2 encodings"),
        ("class Mine(Encoding:", "is not valid Python"),
        ("\0", "is not valid Python"),
        (PLUGIN.format(name="a").replace('title = "Mine"', ""), "class Mine must set title to a string literal"),
        (PLUGIN.format(name="a").replace('"https://example.org"', "URL"), "Mine must set source to a string literal"),
        (PLUGIN.format(name="a").replace("= 0.5", "= 1 / 2"), "parameter 'strength' needs a literal default"),
        (PLUGIN.format(name="a").replace(": float = 0.5", ""), "parameter 'strength' needs a literal default"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "faulty.py"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        ENCODINGS.parse(str(path))
    assert message in str(caught.value)
    assert "faulty.py" in str(caught.value)


def test_an_installed_package_offers_an_encoding_by_its_entry_point(
    plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint(name="mine", value="mine:Mine", group="position_encodings")
    offered = {"position_encodings": [point]}
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: offered.get(group, []))
    monkeypatch.syspath_prepend(plugin.parent)
    assert "mine" in ENCODINGS.names()
    assert "mine" not in TASKS.names()
    (choice,) = ENCODINGS.parse("mine:steps=5")
    assert make(choice, Shape(width=6, heads=2, layers=1, train_length=5)).given == (0.5, 5, False, "plain")


def test_a_package_is_not_run_before_its_encoding_is_named(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "loud" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        (folder / "__init__.py").write_text("raise SystemExit('run')\n")
    (inner / "mine.py").write_text(plugin.read_text())
    point = EntryPoint(name="mine", value="loud.inner.mine:Mine", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [point])
    monkeypatch.syspath_prepend(tmp_path)
    assert ENCODINGS.entry("mine").path == inner / "mine.py"
    assert not {"loud", "loud.inner"} & sys.modules.keys()
    gone = EntryPoint(name="gone", value="loud.inner.mine.deeper:Mine", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [gone])
    with pytest.raises(UsageError, match=r"module 'loud\.inner\.mine\.deeper' cannot be found"):
        ENCODINGS.entry("gone")


def test_an_entry_point_without_its_module_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="gone", value="no_such_module_anywhere:Gone", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [point])
    with pytest.raises(UsageError, match="module 'no_such_module_anywhere' cannot be found; reinstall its package"):
        ENCODINGS.entry("gone")


def test_ours_come_before_an_entry_point_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="rope", value="no_such_module_anywhere:Rope", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [point])
    assert ENCODINGS.names().count("rope") == 1
    assert ENCODINGS.entry("rope").module == "benchmark.encodings.rope"


# Fingerprints


CONTRACT = tuple(ENCODINGS.folder / file for file in ENCODINGS.contract)


def test_a_fingerprint_counts_code_and_not_prose(tmp_path: Path) -> None:
    path = tmp_path / "some.py"

    def of(text: str) -> str:
        path.write_text(text)
        return fingerprint(path, CONTRACT)

    plain = of("def f(x):\n    return x + 1\n")
    assert of('"""Idea."""\n\ndef f(x):\n    """One more."""\n    return (x + 1)  # because\n') == plain
    assert of("def f(x):\n    return x + 2\n") != plain
    assert len(plain) == 16
    described = of('class A:\n    name = "a"\n    title = "An A"\n    past: str = "decays"\n    rate = 1\n')
    assert of('class A:\n    name = "a"\n    title = "Another title"\n    rate = 1\n') == described
    assert of('class A:\n    name = "a"\n    title = "An A"\n    rate = 2\n') != described


def test_a_fingerprint_is_the_same_on_every_python(tmp_path: Path) -> None:
    """Newer syntax trees also hold type parameters of functions and classes, and empty lists."""
    path = tmp_path / "some.py"
    path.write_text("class A:\n    def f(self, x: int = 1) -> str:\n        return f'{x}' if x else ''\n")
    assert fingerprint(path, CONTRACT) == "4a93f2e512866d10"  # of 3.11, 3.12 and 3.13


def test_a_fingerprint_counts_the_siblings_that_a_file_imports(tmp_path: Path) -> None:
    contract = tmp_path / "encodings" / "encoding.py"
    contract.parent.mkdir()
    contract.write_text("a = 1\n")
    sibling, own = tmp_path / "encodings" / "rope.py", tmp_path / "mine.py"
    sibling.write_text("b = 1\n")
    own.write_text("from benchmark.encodings.encoding import a\nfrom benchmark.encodings.rope import b\nimport math\n")
    before = fingerprint(own, (contract,))
    contract.write_text("a = 2\n")
    assert fingerprint(own, (contract,)) == before
    sibling.write_text("b = 2\n")
    assert fingerprint(own, (contract,)) != before


MOVED = """
{imports}
import math


class A({base}):
    def f(self, x):
        {inner}
        return math.sqrt(x + {constant})
"""


def test_a_fingerprint_survives_a_move_of_what_is_imported(tmp_path: Path) -> None:
    """Only the code counts, not where its names come from: another contract file, the spine, inside a function."""
    path = tmp_path / "some.py"

    def of(imports: str, *, base: str = "RelativeBias", inner: str = "", constant: int = 1) -> str:
        path.write_text(MOVED.format(imports=imports, base=base, inner=inner, constant=constant))
        return fingerprint(path, CONTRACT)

    here = of("from benchmark.encodings.encoding import RelativeBias")
    assert of("from benchmark.encodings.bases import RelativeBias") == here
    assert of("from benchmark.encodings.bases import (\n    RelativeBias,\n    Shape,\n)") == here
    assert of("import benchmark.encodings.bases, benchmark.seeds") == here
    assert of("", inner="from benchmark.model.bias import RelativeBias") == here
    assert of("if 1:\n    from benchmark.encodings.bases import RelativeBias") == here
    assert of("from benchmark.encodings.bases import Rotation", base="Rotation") != here
    assert of("from benchmarks import RelativeBias") != here
    assert of("import benchmark.seeds, os") not in (here, of("import benchmark.seeds, sys"))
    assert of("from benchmark.encodings.encoding import RelativeBias", constant=2) != here


def test_a_fingerprint_follows_siblings_in_any_order_and_in_cycles(tmp_path: Path) -> None:
    contract = tmp_path / "encodings" / "encoding.py"
    contract.parent.mkdir()
    contract.write_text("")
    own, one, two = (contract.with_name(f"{name}.py") for name in ("own", "one", "two"))
    own.write_text("from benchmark.encodings.one import b\na = 1\n")
    one.write_text("from benchmark.encodings.two import c\nb = 1\n")
    two.write_text("from benchmark.encodings.own import a\nc = 1\n")
    before = fingerprint(own, (contract,))
    one.write_text("b = 1\n")
    own.write_text("from benchmark.encodings.two import c\nfrom benchmark.encodings.one import b\na = 1\n")
    assert fingerprint(own, (contract,)) == before
    two.write_text("c = 2\n")
    assert fingerprint(own, (contract,)) != before


def test_every_file_of_a_contract_is_left_out_of_a_fingerprint(tmp_path: Path) -> None:
    contract, bases, own = (tmp_path / "encodings" / f"{name}.py" for name in ("encoding", "bases", "mine"))
    contract.parent.mkdir()
    contract.write_text("if TYPE_CHECKING:\n    from benchmark.encodings.bases import Base\n")
    bases.write_text("class Base(Encoding):\n    acts = 'bias'\n")
    own.write_text("from benchmark.encodings.bases import Base\nclass Mine(Base):\n    name = 'mine'\n")
    before = fingerprint(own, (contract, bases))
    bases.write_text("class Base(Encoding):\n    acts = 'scores'\n")
    assert fingerprint(own, (contract, bases)) == before
    assert fingerprint(own, (contract,)) != before


def test_attributes_are_inherited_from_every_file_of_the_contract() -> None:
    assert ENCODINGS.entry("rope").attributes["acts"] == "rotation"  # of Rotation, in bases.py
    assert ENCODINGS.entry("rope").attributes["learned"] == "0"  # of Encoding, in encoding.py


def test_an_installed_encoding_is_in_the_groups_of_its_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = 'acts = "bias"\n    group = "content"'
    (tmp_path / "tg_mine.py").write_text(PLUGIN.format(name="tg-mine").replace('acts = "nothing"', claims))
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="tg-mine", value="tg_mine:Mine", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [point])
    assert {"tg-mine", "alibi"} <= set(labels("bias"))
    assert {"tg-mine", "cope"} <= set(labels("content"))
    assert ENCODINGS.groups_of(ENCODINGS.entry("tg-mine")) == ("content", "bias")
    (tmp_path / "tg_mine.py").write_text(
        PLUGIN.format(name="tg-mine").replace('"nothing"', '"x"\n    group = "my-own"')
    )
    assert labels("my-own") == ["tg-mine"]


def test_a_users_file_is_in_the_groups_of_what_it_derives_from(tmp_path: Path) -> None:
    path = tmp_path / "far.py"
    path.write_text(
        "from benchmark.encodings.rerope import ReRoPE\n\n\nclass Far(ReRoPE):\n"
        '    name = "far"\n    title = "Far"\n    source = "https://example.org"\n'
    )
    assert ENCODINGS.groups_of(ENCODINGS.entry(str(path))) == ("test-time", "remap")


@pytest.mark.parametrize("name", ENCODINGS.rules)
def test_a_file_may_not_have_the_name_of_a_group_that_follows_from_others(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(name=name))
    with pytest.raises(UsageError, match=f"{name!r} is that of a group of encodings; choose another"):
        ENCODINGS.entry(str(path))


@pytest.mark.parametrize("given", ["cable", "Cable", "cable:base=3"])
def test_another_name_is_answered_with_what_it_is_here(given: str) -> None:
    with pytest.raises(UsageError) as error:
        ENCODINGS.parse(f"rope,{given}")
    name = given.partition(":")[0]
    assert str(error.value) == (
        f"unknown encoding {name!r}: Cable (arXiv 2503.08067) is 'fox' with the gate's sign turned"
    )


def test_a_name_like_another_name_is_answered_too() -> None:
    with pytest.raises(UsageError, match=r"encoding 'Rotery'; did you mean 'rotary'\? rotary embeddings are 'rope"):
        ENCODINGS.parse("Rotery")
    with pytest.raises(UsageError, match=r"unknown encoding 'no_position': no position encoding is 'none' here$"):
        ENCODINGS.parse("logn:base=no_position:base.base=3")


@pytest.mark.parametrize("other", ENCODINGS.aliases)
def test_another_name_is_free_and_leads_to_a_registered_one(other: str) -> None:
    assert other not in {*ENCODINGS.names(), *ENCODINGS.groups, *ENCODINGS.rules, "all"}
    named = re.findall(r"'([\w:=.-]+)'", ENCODINGS.aliases[other])
    assert named
    for item in named:
        (choice,) = ENCODINGS.parse(item)
        assert choice.label


def test_tasks_are_named_by_their_group() -> None:
    recall = labels("recall", TASKS)
    assert {"recall-mqar", "needle", "induction"} <= set(recall)
    assert all(TASKS.entry(name).attributes["group"] == "recall" for name in recall)
    assert labels("relative,copy", TASKS) == ["offset-recall", "copy"]
    assert labels("all", TASKS) == sorted(TASKS.table)
