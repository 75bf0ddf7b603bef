"""The documentation site: Sphinx over the Markdown files of the repository, as they stand. `make docs` builds it.

The source folder is the repository, so a link leads to the same place on the site as on GitHub. Nothing is fetched, and
any warning, such as a link that leads nowhere, fails the build.
"""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from benchmark import __version__

project = "position-benchmark"
author = copyright = "the authors of position-benchmark"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = [
    "README.md",
    "README.zh-CN.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/*.md",
    "reports/**/report.md",
]

myst_heading_anchors = 4
myst_enable_extensions = ["tasklist"]
suppress_warnings = ["myst.header"]  # a report may go from its title to a third-level heading

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
default_role = "code"  # docstrings write `name` as Markdown does

html_theme = "furo"
html_title = f"position-benchmark {__version__}"
html_copy_source = False

CONTENTS = """
```{toctree}
:hidden:
:caption: Use

docs/install
docs/read-a-report
docs/python
docs/compare
docs/choose
docs/share
docs/checkpoints
docs/tuning
docs/run-on-a-cluster
docs/slurm
```

```{toctree}
:hidden:
:caption: Compare

docs/encodings
docs/tasks
docs/what-is-fair
docs/statistics
docs/speed
The reference run <reports/reference/report>
The tuning study <reports/tuning/report>
The claims <reports/claims/report>
论断 <reports/claims/zh/report>
The pretrained checkpoint <reports/checkpoint/report>
```

```{toctree}
:hidden:
:caption: Extend

docs/add-an-encoding
docs/add-a-task
docs/add-a-claim
docs/architecture
docs/api
CONTRIBUTING
CHANGELOG
简体中文 <README.zh-CN>
```
"""


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the contents of the site to its first page: on GitHub, the README shows none."""
    if name == root_doc:
        source[0] += CONTENTS


def add_index(app: Sphinx, error: Exception | None) -> None:
    """Let the first page also be what a web server shows for the folder."""
    if error is None and app.builder.name == "html":
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect both to Sphinx."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_index)
    return {"parallel_read_safe": True}
