"""The extrapolation curves."""

import re

import pytest

from benchmark.reports.page.page import Page, Section
from benchmark.reports.write.report import build


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def test_curves_hold_value_range_and_seeds(page):
    curves = next(section for section in page.sections if section.id == "curves")
    copy = next(exhibit for exhibit in curves.exhibits if exhibit.id.startswith("curve-copy"))
    named = {trace["name"]: trace for trace in copy.interactive["data"] if "name" in trace}
    assert set(named) == {"alibi", "learned", "rope", "chance"}
    name, place, shown, each = named["alibi"]["customdata"][0]
    assert (name, place) == ("alibi", "length 16 = 1 L")
    said = r"mean \d\.\d\d \[\d\.\d\d, \d\.\d\d\], lowest and highest of 2 seeds"  # the third diverged
    assert re.fullmatch(said, shown)
    assert re.fullmatch(r"each seed: \d\.\d\d \d\.\d\d", each)
    dots = {trace["legendgroup"]: trace for trace in copy.interactive["data"] if trace["mode"] == "markers"}
    assert set(dots) == {"alibi", "learned", "rope"}
    assert len(dots["rope"]["x"]) == 5 * 3 and len(dots["learned"]["x"]) == 3  # each seed
    assert dots["rope"]["hoverinfo"] == "skip"  # what can be pointed at is the mean
    assert named["learned"]["y"][0] > 0.5 and named["learned"]["y"][1:] == [None] * 4
    assert named["chance"]["y"] == [0.01] * 5
    assert copy.interactive["layout"]["shapes"][0]["x0"] == 16


def test_a_shortcut_that_beats_chance_is_drawn_named_and_listed(records, tmp_path):
    rules = {"copy": {"repeat <b>": 0.62}, "offset-recall": {"constant answer": 0.11}}
    store = records.write_example(tmp_path, tasks=tuple(rules), seeds=2, trouble=False, shortcuts=rules)
    copy, offset = section_of(build(store), "curves").exhibits
    lines = {trace["name"]: trace for trace in copy.interactive["data"] if "name" in trace}
    assert lines["shortcut"]["y"] == [0.62] * 5 and "repeat &lt;b&gt;" in lines["shortcut"]["hovertemplate"]
    assert lines["shortcut"]["line"]["dash"] != lines["chance"]["line"]["dash"]
    assert copy.caption.endswith("Dash-dotted: the best shortcut (repeat <b>).")
    assert [field.text for field in copy.numbers.rows[-1]] == ["shortcut: repeat <b>", *["0.62"] * 5]
    assert "shortcut" not in {trace.get("name") for trace in offset.interactive["data"]}  # within the margin
    assert "shortcut" not in offset.caption and len(offset.numbers.rows) == 3


@pytest.mark.parametrize(("encodings", "warned"), [(("alibi", "none"), True), (("rope", "alibi"), False)])
def test_a_task_that_nobody_learned_is_said_to_show_little(records, tmp_path, encodings, warned):
    kinds = {"tasks": ("offset-recall",), "seeds": 2, "trouble": False}
    page = build(records.write_example(tmp_path, encodings=encodings, **kinds))
    said = [line for line in section_of(page, "curves").lines if "no encoding reaches 0.9 at L" in line]
    assert bool(said) is warned
