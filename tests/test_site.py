"""The documentation site: it builds without a warning, offline, and every link within it leads somewhere."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "a":
            self.links |= {given["href"] or ""} if "href" in given else set()
        elif target := given.get("src") or given.get("href"):
            self.loaded.add(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("furo")
    folder = tmp_path_factory.mktemp("site")
    build = ["--fail-on-warning", "--keep-going", "-c", "docs", "-d", folder / "doctrees", ".", folder / "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *build], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_document_is_a_page_and_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    wanted = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    wanted |= {"README.zh-CN.html", "CONTRIBUTING.html", "CHANGELOG.html", "reports/reference/report.html"}
    assert wanted <= pages[site / "index.html"].links
    assert pages[site / "index.html"].links == pages[site / "README.html"].links


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].ids if target in pages and parts.fragment else {unquote(parts.fragment)}
            if not target.exists() or unquote(parts.fragment) not in known:
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_the_site_loads_nothing_from_the_network(pages: dict[Path, Page]) -> None:
    remote = {each for page in pages.values() for each in page.loaded if urlsplit(each).scheme in ("http", "https")}
    assert remote == set()


def test_the_python_api_has_its_docstrings(site: Path) -> None:
    text = (site / "docs" / "api.html").read_text("utf-8")
    for name in ("benchmark.api.run", "benchmark.api.load", "benchmark.api.Results", "Encoding.rotate", "Task.sample"):
        assert f'{name}"' in text, name
