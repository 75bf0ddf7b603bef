"""Styles: classic colours stay, no two encodings look alike, and ink contrasts with its background."""

import itertools

from benchmark.reports.draw.style import BEST, ON_DARK, ON_LIGHT, REFERENCE, THEME, ink_on, palette

CLASSIC = ("alibi", "learned", "none", "rope", "sinusoidal")


def test_classic_encodings_keep_their_colours_whoever_is_beside_them() -> None:
    alone, together = palette(["rope"]), palette([*CLASSIC, "aaa", "rope:base=500000"])
    assert alone["rope"] == together["rope"]
    assert len({style.color for style in together.values()}) == 7


def test_the_colours_of_the_reference_and_of_the_best_are_nobody_elses() -> None:
    names = [*CLASSIC, *(f"mine-{number}" for number in range(55))]
    for reference in ("rope", "mine-7"):
        styles = palette(names, reference)
        assert {name for name, style in styles.items() if style.color == REFERENCE} == {reference}
        assert BEST not in {style.color for style in styles.values()}


def test_every_colour_of_the_theme_is_legible_on_its_ground() -> None:
    """WCAG: at least 3:1 for graphics in the dark; the light colours are those of Okabe and Ito."""
    ground = _luminance(THEME["surface"][1])
    for name, (_, dark) in THEME.items():
        if name.startswith(("series", "best", "reference", "text", "muted")):
            assert (_luminance(dark) + 0.05) / (ground + 0.05) >= 3


def _luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_no_two_styles_are_alike() -> None:
    styles = palette([*CLASSIC, *(f"mine-{number}" for number in range(38))])
    assert len({(style.color, style.dash) for style in styles.values()}) == 43
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
            assert ink_on(face) == (ON_LIGHT if black > white else ON_DARK)


def test_ink_keeps_the_shape_of_its_backgrounds() -> None:
    assert ink_on([[[1, 1, 0, 1], [0.2, 0, 0.3, 1]]]).tolist() == [[ON_LIGHT, ON_DARK]]
