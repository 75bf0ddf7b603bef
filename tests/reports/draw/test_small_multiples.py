"""Small multiples: points are where their values are, and unmeasured values are not drawn."""

import math
import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from benchmark.reports.draw.small_multiples import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Backdrop, Drawn, draw
from benchmark.reports.draw.style import palette
from benchmark.reports.stats.points import over_seeds

SVG = "{http://www.w3.org/2000/svg}"


def backdrop(
    tidy, own: tuple[float, ...] = (0.5, 0.25), metric: str = "token_accuracy", chance: float = 0.1
) -> Backdrop:
    """Two encodings with two seeds each, at L = 16 and 4 L."""
    rows = [
        tidy({"own": [value, value], "other": [0.75, 0.85]}, multiple=multiple, metric=metric, chance=chance)
        for multiple, value in zip((1, 4), own, strict=True)
    ]
    return Backdrop(title="copy & <more>", note="", points=over_seeds(pd.concat(rows)), train_length=16)


def figure(panel: Backdrop, encoding: str = "own", reference: str = "other") -> ElementTree.Element:
    styles = palette(["own", "other"])
    return ElementTree.fromstring(draw([Drawn.of(panel)], encoding, styles[encoding], reference, 'a "name"'))


def circles(root: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(each.get("cx", "")), float(each.get("cy", ""))) for each in of_radius(root, "2.2")]


def of_radius(root: ElementTree.Element, radius: str) -> list[ElementTree.Element]:
    return [each for each in root.iter(f"{SVG}circle") if each.get("r") == radius]


def test_points_stand_where_their_values_are(tidy) -> None:
    tall = HEIGHT - TOP - BOTTOM
    assert circles(figure(backdrop(tidy))) == [
        pytest.approx((LEFT, TOP + 0.5 * tall), abs=0.05),
        pytest.approx((WIDTH - RIGHT, TOP + 0.75 * tall), abs=0.05),
    ]


def test_every_seed_is_a_dot_where_there_are_at_most_ten(tidy) -> None:
    assert len(of_radius(figure(backdrop(tidy), encoding="other", reference="own"), "1.2")) == 4
    for seeds, dots in ((10, 10), (11, 0), (1, 0)):
        points = over_seeds(tidy({"own": [0.5] * seeds, "other": [0.7] * seeds}))
        panel = Backdrop(title="", note="", points=points, train_length=16)
        assert len(of_radius(figure(panel), "1.2")) == dots


def test_a_shortcut_is_dash_dotted_where_its_value_is(tidy) -> None:
    def dashes(shortcut: float) -> list[str]:
        rows = [tidy({"own": [0.5]}, multiple=each, chance=0.1, shortcut=shortcut) for each in (1, 4)]
        panel = Backdrop(title="", note="", points=over_seeds(pd.concat(rows)), train_length=16)
        paths = figure(panel, reference="").iter(f"{SVG}path")
        return [path.get("d", "") for path in paths if "7 2 1 2" in path.get("style", "")]

    height = TOP + 0.4 * (HEIGHT - TOP - BOTTOM)
    assert dashes(0.6) == [f"M{LEFT:.1f},{height:.1f} {WIDTH - RIGHT:.1f},{height:.1f}"]
    assert dashes(0.11) == [""]  # no farther from chance than the margin


def test_what_has_no_value_has_no_point(tidy) -> None:
    assert len(circles(figure(backdrop(tidy, own=(0.5, math.nan))))) == 1
    assert circles(figure(backdrop(tidy, own=(math.nan, math.nan)))) == []


def test_an_unbounded_metric_spans_the_means(tidy) -> None:
    low, high = backdrop(tidy, own=(5.0, 7.0), metric="loss_nats", chance=9.0).up
    assert low < 0.8 and 7.0 < high < 7.5  # the other has 0.8; chance, far off, does not count


def test_the_band_is_the_range_and_one_seed_has_none(tidy) -> None:
    with_band = figure(backdrop(tidy), encoding="other", reference="own")
    fills = [each.get("d") for each in with_band.iter(f"{SVG}path") if "opacity:.22" in each.get("style", "")]
    assert len(fills) == 1 and len(re.findall(",", fills[0])) == 4
    one = over_seeds(tidy({"own": [0.5], "other": [0.7]}))
    panel = Backdrop(title="", note="", points=one, train_length=16)
    bare = [each.get("d") for each in figure(panel).iter(f"{SVG}path") if "opacity:.22" in each.get("style", "")]
    assert bare == [""]


def test_the_reference_is_not_drawn_over_itself(tidy) -> None:
    def thin(root: ElementTree.Element) -> list[str | None]:
        return [each.get("d") for each in root.iter(f"{SVG}path") if "stroke-width:1.2" in each.get("style", "")]

    assert thin(figure(backdrop(tidy), "own", "own")) == [""]
    assert thin(figure(backdrop(tidy), "own", "other")) != [""]


def test_words_are_escaped_and_the_picture_has_a_name(tidy) -> None:
    root = figure(backdrop(tidy))
    assert root.get("aria-label") == 'a "name"'
    assert "copy & <more>" in {each.text for each in root.iter(f"{SVG}text")}


def test_what_all_panels_share_is_the_same_in_each(tidy) -> None:
    drawn = Drawn.of(backdrop(tidy))
    panels = [drawn.panel(name, "#000", "other") for name in ("own", "other")]
    assert all(panel.startswith(drawn.below) for panel in panels)
