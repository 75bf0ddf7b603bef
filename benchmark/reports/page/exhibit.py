"""TODO."""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from benchmark.reports.page.crowd import MANY
from benchmark.reports.page.table import Table
from benchmark.reports.words import t

Figure = dict[str, Any]  # an interactive figure as plotly reads it, in plain data

KEY_DIGITS = 8
TALL = MANY + 1  # entries of a legend: encodings, and chance
PLAIN = " !$'()*+,-./:;=?@[]^_`{|}~"  # in the address of a picture: nothing that ends or escapes a value of HTML
MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class Data:
    """The numbers behind a figure, to be worked with: a row a point, None where there is no value."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A static figure, its interactive twin if it has one, and what must be said of it."""

    id: str  # of the place in the page, and the name of the picture's file
    title: str
    alt: str  # for those who cannot see it
    caption: str  # seeds and interval
    models: tuple[str, ...]  # keys of the trained models behind it: their folders under cells/
    measured: int  # records behind it
    picture: bytes
    format: str  # "svg" or "png"
    about: str = ""
    interactive: Figure | None = field(default=None, repr=False)
    numbers: Table | None = None
    data: Data | None = field(default=None, repr=False)  # for readers to take away
    folded: bool = False  # shown when asked for
    wide: bool = False  # scrolls on a narrow screen rather than shrink until nothing can be read

    @property
    def tall(self) -> bool:
        """Whether its interactive twin has many curves to tell apart."""
        return self.interactive is not None and sum("name" in trace for trace in self.interactive["data"]) > TALL

    @property
    def file(self) -> str:
        """The picture's file name."""
        return f"{self.id}.{self.format}"

    @property
    def data_uri(self) -> Markup:
        """The picture inside a page, for a value in double quotes.

        Text is written as it is, since base64 takes a third more, and with single quotes, which need no escape.
        """
        if self.format == "svg":
            text = self.picture.decode().replace("'", "&#39;").replace('"', "'")
            return Markup(f"data:{MEDIA[self.format]},{quote(text, safe=PLAIN)}")
        return Markup(f"data:{MEDIA[self.format]};base64,{base64.b64encode(self.picture).decode()}")

    @property
    def inline(self) -> Markup:
        """An SVG picture of ours as a part of the page, where it follows the reader's theme."""
        return Markup(self.picture.decode())

    @property
    def records(self) -> str:
        """How many records stand behind it."""
        records = t("1 record") if self.measured == 1 else t("{n} records", n=self.measured)
        models = t("1 trained model") if len(self.models) == 1 else t("{n} trained models", n=len(self.models))
        return t("From {records} of {models}", records=records, models=models)

    @property
    def folders(self) -> tuple[str, ...]:
        """The beginnings of the models' folder names, enough to find them."""
        return tuple(key[:KEY_DIGITS] for key in self.models)
