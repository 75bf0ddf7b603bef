"""Exhibits: a static figure with everything that is said about it.

An exhibit carries its picture as bytes of an SVG or PNG file, so a page neither knows nor loads the library that drew
it.

Convention: a figure with more than MANY encodings draws a few of them bold and the rest thin, and a table with more
rows than that starts folded.
"""

import base64
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from benchmark.reports.page.table import Table
from benchmark.reports.words import t

PlotlyFigure = dict[str, Any]  # an interactive figure in plain data, as plotly reads it

MANY = 10
KEY_DIGITS = 8
HALF = 520  # CSS pixels: wider pictures take the whole width of a page
CSS_PIXELS, POINTS, PNG_DOTS = 96, 72, 120  # per inch
PLAIN = " !$'()*+,-./:;=?@[]^_`{|}~"  # left unescaped in a data URI: none of these ends an HTML attribute
MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class Data:
    """The numbers behind a figure, for further analysis: one row per point, None where there is no value."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A static figure, its interactive twin if it has one, and the text that goes with it."""

    id: str  # anchor in the page, and name of the picture's file
    title: str
    alt: str  # alternative text
    caption: str  # states seeds and range
    models: tuple[str, ...]  # keys of the trained models behind it: their folders under cells/
    measured: int  # records behind it
    picture: bytes
    format: str  # "svg" or "png"
    about: str = ""
    interactive: PlotlyFigure | None = field(default=None, repr=False)
    numbers: Table | None = None
    data: Data | None = field(default=None, repr=False)  # offered as CSV
    folded: bool = False  # collapsed until opened

    @property
    def tall(self) -> bool:
        """True if the interactive twin has many curves and needs a taller box."""
        return self.interactive is not None and sum("meta" in trace for trace in self.interactive["data"]) > MANY

    @cached_property
    def width(self) -> float:
        """The picture's width at its reading size, in CSS pixels."""
        if self.format == "png":
            return int.from_bytes(self.picture[16:20], "big") * CSS_PIXELS / PNG_DOTS
        found = re.search(rb'<svg[^>]* width="([\d.]+)(pt)?"', self.picture)
        return float(found[1]) * (CSS_PIXELS / POINTS if found[2] else 1) if found else 0.0

    @property
    def place(self) -> str:
        """The CSS classes of its place beside others: "broad" leaves room for none, "full" for none on a screen."""
        if self.width > HALF:
            return "full broad"
        return "full" if self.interactive else ""

    @property
    def file(self) -> str:
        """The picture's file name."""
        return f"{self.id}.{self.format}"

    @property
    def data_uri(self) -> Markup:
        """The picture as a data URI, for an HTML attribute in double quotes.

        SVG stays text, because base64 is a third longer; its double quotes become single ones, which need no escape.
        """
        if self.format == "svg":
            text = self.picture.decode().replace("'", "&#39;").replace('"', "'")
            return Markup(f"data:{MEDIA[self.format]},{quote(text, safe=PLAIN)}")
        return Markup(f"data:{MEDIA[self.format]};base64,{base64.b64encode(self.picture).decode()}")

    @property
    def inline(self) -> Markup:
        """Our own SVG as part of the page, where it follows the reader's theme."""
        return Markup(self.picture.decode())

    @property
    def records(self) -> str:
        """The number of records behind the figure, in words."""
        if not self.models:
            return t("From the formula; nothing is trained")
        records = t("1 record") if self.measured == 1 else t("{n} records", n=self.measured)
        models = t("1 trained model") if len(self.models) == 1 else t("{n} trained models", n=len(self.models))
        return t("From {records} of {models}", records=records, models=models)

    @property
    def folders(self) -> tuple[str, ...]:
        """The first digits of the models' folder names, enough to find them."""
        return tuple(key[:KEY_DIGITS] for key in self.models)


def models_behind(table: pd.DataFrame) -> tuple[str, ...]:
    """Keys of the trained models that the rows of `metric_table` come from."""
    return tuple(sorted(set(table["train_key"])))


def records_behind(table: pd.DataFrame) -> int:
    """Number of evaluations that the rows of `metric_table` come from."""
    return int(table["eval_key"].nunique())
