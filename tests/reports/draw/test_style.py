"""Styles: classic colours stay, no two encodings look alike, and ink contrasts with its background."""

from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.style import palette

CLASSIC = ("alibi", "learned", "none", "rope", "sinusoidal")


def draw(figure: Figure) -> bytes:
    content = render(figure, "svg")
    assert content.startswith(b"<?xml") and content.rstrip().endswith(b"</svg>")
    return content


def test_classic_encodings_keep_their_colours_whoever_is_beside_them() -> None:
    alone, together = palette(["rope"]), palette([*CLASSIC, "aaa", "rope:base=500000"])
    assert alone["rope"] == together["rope"]
    assert len({style.color for style in together.values()}) == 7


def test_no_two_styles_are_alike() -> None:
    styles = palette([*CLASSIC, *(f"mine-{number}" for number in range(37))])
    assert len({(style.color, style.dash) for style in styles.values()}) == 42
    assert len(palette(f"mine-{number}" for number in range(40))) == 40


def test_palette_does_not_depend_on_order() -> None:
    names = ["rope", "b", "a", "none", "c"]
    assert palette(names) == palette(reversed(names))
