"""Write the documentation of Python's standard library into one text: English prose that every installation has.

    python examples/python_text.py python.txt
    python -m benchmark run --checkpoint path/to/model --corpus python.txt

Its language reference comes first, then the docstrings of every module, class and function, in the order of file names.
`make checkpoint` reads it. Another version of Python has another text; the records name it by its hash.
"""

import ast
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "lib2to3", "pydoc_data"}  # folders
SHORTEST = 60  # characters of a docstring


def docstrings() -> Iterator[str]:
    """The docstrings of the library, each a paragraph or more."""
    for file in sorted(LIBRARY.rglob("*.py")):
        if LEFT_OUT.isdisjoint(file.relative_to(LIBRARY).parts):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    text = ast.get_docstring(node) or ""
                    if len(text) >= SHORTEST:
                        yield text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n\n".join((*(topics[name] for name in sorted(topics)), *docstrings())), "utf-8")
