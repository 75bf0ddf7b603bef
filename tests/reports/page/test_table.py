"""Tables as data."""

from benchmark.reports.page.table import Group, Table


def test_only_grouped_columns_have_a_rule_before_them():
    plain = Table(caption="", columns=("a", "b"), rows=(), words=frozenset({1}))
    assert plain.column_class(1) == "words"
    grouped = Table(caption="", columns=("a", "b", "c", "d"), rows=(), groups=(Group(title="", span=2),) * 2)
    assert [grouped.column_class(index) for index in range(5)] == ["", "group-start", "", "group-start", ""]
