"""Fields of tables: usable lengths, solved seeds and marks as a reader sees them."""

import math

from benchmark.reports.page.fields import marked, summary_fields, usable_field
from benchmark.reports.page.table import MARKS, Field
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.floor import NO_FLOOR, Floor
from benchmark.reports.stats.reach import Reach
from benchmark.reports.stats.summary import summary
from benchmark.reports.stats.verdict import Mark

MARKS_OF_THE_RULE: tuple[Mark, ...] = ("best", "among the best", "")


def reach(*, usable: float, n: int, learned: int) -> Reach:
    names = {"task": "copy", "setting": "s", "metric": "token_accuracy", "trained_with": "rope", "encoding": "rope"}
    lengths = Estimate(value=usable, low=math.nan, high=math.nan, n=n)
    return Reach(**names, longest=32, learned=learned, at_limit=0, usable=lengths, area=lengths)


def test_an_encoding_that_learned_nothing_says_so() -> None:
    cell = usable_field(reach(usable=0.0, n=3, learned=1), seeds=5)
    assert (cell.text, cell.details) == ("0", ("learned by 1 of 3", "3 of 5 seeds"))
    assert usable_field(reach(usable=math.nan, n=0, learned=0), seeds=5).text == "—"


def value_of(tidy, own: list[float], metric: str = "token_accuracy") -> Field:
    (row,) = summary(tidy({"rope": own}, metric=metric))
    return summary_fields(row)[0]


def test_where_some_seeds_solve_a_task_and_others_do_not_their_number_is_said(tidy) -> None:
    mixed = value_of(tidy, [0.99, 0.99, 0.99, 0.94, 0.28, 0.27, 0.27, 0.8])
    assert mixed.text == "0.69"
    assert mixed.details == ("[0.27, 0.99]", "solved by 4 of 8 seeds [0.16, 0.84]")  # scipy's exact binomial interval
    for own in ([0.95, 0.99], [0.2, 0.3]):  # all, none
        assert len(value_of(tidy, own).details) == 1
    assert len(value_of(tidy, [0.1, 5.0], "loss_nats").details) == 1  # a loss is not solved


def test_what_a_shortcut_explains_names_it() -> None:
    floor = Floor(metric="token_accuracy", chance=0.1, shortcut=0.6, name="constant answer")
    field = marked(Field(text="0.62"), "shortcut", 0, floor, lower_is_better=False)
    assert field.details == ("explained by a shortcut: constant answer",) and field.mark == ""


def test_what_is_not_yet_tested_says_so_and_how_many_seeds_would_do() -> None:
    plain = Field(text="0.9", details=("[0.8, 1.0]",))
    highest, lowest = (marked(plain, "untested", 3, NO_FLOOR, lower_is_better=lower) for lower in (False, True))
    assert highest.details == ("[0.8, 1.0]", "highest mean, not yet tested (3 more seeds would do)")
    assert lowest.details[1] == "lowest mean, not yet tested (3 more seeds would do)"
    assert highest.mark == lowest.mark == ""
    assert [
        MARKS.get(marked(plain, mark, 0, NO_FLOOR, lower_is_better=False).mark, "") for mark in MARKS_OF_THE_RULE
    ] == [
        "best",
        "among the best",
        "",
    ]
