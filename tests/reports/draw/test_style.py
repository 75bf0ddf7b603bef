"""Styles: classic colours stay, no two encodings look alike, and ink contrasts with its background."""

import itertools

from benchmark.reports.draw.style import ink_on, palette

CLASSIC = ("alibi", "learned", "none", "rope", "sinusoidal")


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


def test_ink_is_the_one_that_contrasts_more() -> None:
    """WCAG's contrast ratio of each background with black and with white: (lighter + 0.05) / (darker + 0.05)."""
    levels = [level / 10 for level in range(11)]
    for face in itertools.product(levels, repeat=3):
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in face]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        black, white = (luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05)
        if abs(black - white) > 0.02:  # the switch is rounded
            assert ink_on(face) == ("black" if black > white else "white")


def test_ink_keeps_the_shape_of_its_backgrounds() -> None:
    assert ink_on([[[1, 1, 0, 1], [0.2, 0, 0.3, 1]]]).tolist() == [["black", "white"]]
