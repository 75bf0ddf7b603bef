"""Encodings and tasks by name, read from their source text without importing torch.

A catalogued class states everything that people and plans need to know in literals: class attributes (name, title,
source, ...) and the defaults of its keyword-only parameters. They are read from the syntax tree, so that `list` answers
at once, and a plan can be made and found finished without loading a single library.

    rope                        a registered name
    rope:base=500000            with a parameter; several are joined by ":" (rope:base=500000:fraction=0.25)
    rope:base=1e3|1e4|1e5       in a list, a sweep: one item per value; several swept parameters give all combinations
    path/to/mine.py             a file that defines one class of the kind
    randomized:base=alibi       around another one, if the class says which parameter names it (`wraps`)
    logn:base=rope:base.base=3  a parameter of that other one: a dot for each step inwards (base.base.base=3)
    NAME                        also a name that an installed package registers as an entry point

source.py     source files, their syntax trees, and the files that they import from
classes.py    classes in source text, and what they derive from
entry.py      a class as its source text describes it
choice.py     an entry with its parameters set, as the command line spells it
grammar.py    how a list is cut into items, names and settings
hashing.py    the fingerprint of a class's code
loading.py    the class itself, imported
registry.py   all of one kind by name
"""

from benchmark.catalogue.choice import Choice, convert, label, spelled
from benchmark.catalogue.entry import Entry, Parameter
from benchmark.catalogue.grammar import items, variants
from benchmark.catalogue.hashing import fingerprint
from benchmark.catalogue.loading import PackageError
from benchmark.catalogue.registry import Catalogue

__all__ = [
    "Catalogue",
    "Choice",
    "Entry",
    "PackageError",
    "Parameter",
    "convert",
    "fingerprint",
    "items",
    "label",
    "spelled",
    "variants",
]
