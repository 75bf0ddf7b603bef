"""Claims by name, and what a user's file must not define."""

from pathlib import Path

import pytest

from benchmark.claims.claim import Bound, Claim, Criterion, Exact, OutOfScale, Source, Trained
from benchmark.claims.registry import chosen
from benchmark.claims.runs import quick
from benchmark.errors import UsageError

FILE = """
from benchmark.claims.claim import Claim, OutOfScale, Source

MINE = Claim(
    id="MINE",
    sentence="It takes 7B.",
    source=Source(paper="", place="", url=""),
    criteria=(),
    evidence=OutOfScale(why="It takes 7B."),
    scale="",
    silent="",
)
"""
CRITERION = Criterion(name="one", quantity="", reproduced=Bound(above=0), refuted=Bound(below=0))
FIELDS = {
    **{"id": "MINE", "sentence": "It takes 7B.", "source": Source(paper="", place="", url="")},
    **{"criteria": (CRITERION,), "evidence": OutOfScale(why="It takes 7B."), "scale": "", "silent": ""},
}


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text(FILE)
    second.write_text(FILE)
    with pytest.raises(UsageError, match=f"{first} and {second} both define claim 'MINE'; rename one"):
        chosen([str(first), "A1", str(second)])
    again = tmp_path / "." / "first.py"
    assert [claim.id for claim in chosen([str(first), "A1", str(again), "a1"])] == ["MINE", "A1"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", 7, "claim 7: id is 7, but must be a text"),
        ("sentence", None, "claim 'MINE': sentence is None, but must be a text"),
        ("scale", ("a", "b"), "claim 'MINE': scale is ('a', 'b'), but must be a text"),
        ("silent", None, "claim 'MINE': silent is None, but must be a text"),
        ("source", "ALiBi", "claim 'MINE': source is 'ALiBi', but must be a Source"),
        ("criteria", CRITERION, "but must be a tuple of Criterion, which ends with a comma if it holds one"),
        ("criteria", ("one",), "claim 'MINE': criteria is ('one',), but must be a tuple of Criterion"),
        ("evidence", None, "claim 'MINE': evidence is None, but must be Exact, Trained or OutOfScale"),
        ("evidence", Trained(needs=quick("rope", "copy"), read=lambda _: {}), "but must be a tuple of Request"),
        ("evidence", Exact(measure=dict, encodings="rope"), "encodings is 'rope', but must be a tuple of str"),
        ("evidence", Exact(measure={}, encodings=()), "claim 'MINE': measure is {}, but must be a function"),
    ],
)
def test_a_field_of_another_type_is_refused(field: str, value: object, message: str) -> None:
    Claim(**FIELDS)
    with pytest.raises(UsageError) as refused:
        Claim(**{**FIELDS, field: value})
    assert message in str(refused.value)
