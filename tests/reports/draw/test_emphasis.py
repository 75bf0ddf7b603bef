"""Many curves in one figure: which stand out, which are thin, and that none is lost."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.interactive import ChartAxes, Curve, Point, line_chart
from benchmark.reports.draw.style import MUTED, palette
from benchmark.reports.page.exhibit import MANY, Exhibit
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.points import over_seeds

CLASSIC = ("alibi", "none", "rope")


def crowd_of(tidy, count: int, *more: str) -> pd.DataFrame:
    """`count` encodings, the last of which is best at 4 L, and some more that are worst."""
    values = {f"mine-{index:02}": index / 20 for index in range(count)} | dict.fromkeys(more, 0.0)
    places = [tidy({name: [at, at + 0.1] for name, at in values.items()}, multiple=multiple) for multiple in (1, 4)]
    return pd.concat(places)


def strong(styles) -> set[str]:
    return {name for name, style in styles.items() if not style.light}


def test_few_are_all_strong(tidy) -> None:
    table = crowd_of(tidy, MANY)
    styles = palette(table["encoding"])
    assert emphasised(styles, over_seeds(table), "mine-00") == styles


def test_of_many_the_classic_ones_the_reference_and_the_best_stand_out(tidy) -> None:
    table = crowd_of(tidy, 13, *CLASSIC)
    weighted = emphasised(palette(table["encoding"]), over_seeds(table), "mine-03")
    assert strong(weighted) & set(table["encoding"]) == {*CLASSIC, "mine-03", "mine-12"}


def test_the_best_are_marked_where_they_are_drawn_bold(tidy) -> None:
    few, many = crowd_of(tidy, 3), crowd_of(tidy, 13)
    for table, marked in ((few, {"mine-00", "mine-02"}), (many, {"mine-12"})):
        points, favourites = over_seeds(table), {"mine-00", f"mine-{table['encoding'].nunique() - 1:02}"}
        styles = emphasised(palette(table["encoding"]), points, "mine-01", favourites)
        assert {name for name, style in styles.items() if style.best} == marked


def test_without_classics_the_best_and_the_reference_do(tidy) -> None:
    table = crowd_of(tidy, 11)
    assert strong(emphasised(palette(table["encoding"]), over_seeds(table), "mine-03")) == {
        "mine-03",
        "mine-10",
    }


@pytest.mark.parametrize("metric", ["token_accuracy", "loss_nats"])
def test_best_follows_the_metric_and_nothing_measured_has_none(tidy, metric: str) -> None:
    values = {f"mine-{index:02}": [index / 20] for index in range(11)}
    table = tidy(values, metric=metric)
    weighted = emphasised(palette(values), over_seeds(table), "")
    assert strong(weighted) == {"mine-10" if metric == "token_accuracy" else "mine-00"}
    ended = tidy({name: [float("nan")] for name in values}, metric=metric)
    assert strong(emphasised(palette(values), over_seeds(ended), "")) == set()


def test_the_still_figure_names_the_bold_ones_and_counts_the_thin_ones(tidy) -> None:
    table = crowd_of(tidy, 13, *CLASSIC)
    weighted = emphasised(palette(table["encoding"]), over_seeds(table), "rope")
    figure = extrapolation(table, weighted)
    (axes,), (legend,) = figure.axes, figure.legends
    said = {text.get_text() for text in legend.get_texts()}
    assert strong(weighted) <= said and "12 others: mean only" in said
    widths = {line.get_linewidth() for line in axes.get_lines() if to_hex(line.get_color()) != MUTED.lower()}
    assert min(widths) < 1 < max(widths)
    assert len(axes.collections) == len(strong(weighted))  # bands


def test_the_interactive_twin_keeps_all_with_what_they_say(tidy) -> None:
    table = crowd_of(tidy, 13, *CLASSIC)
    weighted = emphasised(palette(table["encoding"]), over_seeds(table), "rope")
    point = Point(at=16.0, label="length 16", estimate=Estimate(value=0.5, low=0.4, high=0.6, n=2), shown="0.50")
    curves = [Curve(name=name, style=style, points=(point,)) for name, style in weighted.items()]
    figure = line_chart(curves, ChartAxes(x_title="", y_title="", trained_length=16, ticks=()))
    drawn = [trace for trace in figure["data"] if "name" in trace]
    assert {trace["name"] for trace in drawn} == set(weighted)
    assert all(trace["customdata"] == [[trace["name"], "length 16", "0.50", ""]] for trace in drawn)
    assert [trace["name"] in strong(weighted) for trace in drawn] == sorted(
        trace["name"] in strong(weighted) for trace in drawn
    )  # the light ones first, and so behind
    bands = [trace for trace in figure["data"] if trace.get("fill")]
    assert len(bands) == len(strong(weighted))
    assert exhibit(figure).tall and not exhibit({"data": drawn[:10]}).tall


def exhibit(figure) -> Exhibit:
    facts = {"id": "a", "title": "", "alt": "", "caption": "", "models": (), "measured": 1, "format": "svg"}
    return Exhibit(**facts, picture=b"", interactive=figure)
