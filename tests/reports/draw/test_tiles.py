"""Boards make room for their labels in any script. matplotlib warns of a missing glyph, and warnings are errors."""

import numpy as np
from matplotlib.figure import Figure

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.tiles import Board, Labels, Scale, boards, label_width


def draw(figure: Figure) -> None:
    assert render(figure, "svg").rstrip().endswith(b"</svg>")


def test_chinese_labels_have_room_and_glyphs() -> None:
    board = Board(title="在", values=np.array([[0.5]]), texts=(("0.50",),))
    scale = Scale(colors="viridis", low=0, high=1, label="score")
    figure = boards([board], Labels(rows=("旋转位置",), columns=("三国演义",)), scale, "note")
    draw(figure)
    assert label_width("旋转") > label_width("ab")
