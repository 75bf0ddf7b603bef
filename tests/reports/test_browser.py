"""The page in a real browser, from disk: quiet, alone, readable by everybody."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.reports.pages import ReportPaths, write_report

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
CURVE = "#curves .plot"
NETWORK = ("http", "https", "ws", "wss")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=SWITCHES)
        yield running
        running.close()


class Visits:
    """Opened pages, and whatever they said on the console or asked of a network."""

    def __init__(self, browser, default: Path) -> None:
        self.browser, self.default = browser, default
        self.contexts: list = []
        self.noise: list[str] = []

    def __call__(self, path: Path | None = None, **settings):
        context = self.browser.new_context(**{**DESKTOP, **settings})
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.noise.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("request", self.asked)
        page.goto((path or self.default).as_uri())
        return page

    def asked(self, request) -> None:
        if request.url.split(":")[0] in NETWORK:
            self.noise.append(request.url)

    def end(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.noise == []


@pytest.fixture
def visit(browser, page_paths: ReportPaths) -> Iterator[Visits]:
    """Open the report as a reader would; at the end it must have said nothing and asked for nothing."""
    visits = Visits(browser, page_paths.html)
    yield visits
    visits.end()


@pytest.fixture(scope="module")
def desktop(browser, page_paths: ReportPaths) -> Iterator[object]:
    """One page for the tests that only look."""
    visits = Visits(browser, page_paths.html)
    yield visits()
    visits.end()


def until(page, condition: str) -> None:
    """Wait until an expression holds; the page's own policy forbids playwright's wait_for_function."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"still not so after 5 seconds: {condition}")


def violations(page, **options) -> str:
    """The serious accessibility violations of a page, as text."""
    found = axe.Axe().run(page, options=options or None).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return json.dumps([(each["id"], each["nodes"][0]["html"][:300]) for each in serious], indent=1)


def background(page) -> str:
    return page.evaluate(f"getComputedStyle(document.querySelector('{CURVE} .bg')).fill")


def test_every_curve_is_drawn(desktop):
    assert desktop.locator(".plot").count() == 6
    assert desktop.locator(".plot .main-svg").count() >= 6
    buttons = desktop.locator(".modebar-btn").evaluate_all("all => all.map((each) => each.dataset.title)")
    assert buttons and not any("loud" in str(title) for title in buttons)  # nothing offers to upload the figure
    width, window = desktop.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window


def test_no_serious_accessibility_violation(desktop):
    desktop.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert violations(desktop) == "[]"


def test_a_phone_shows_it_without_scrolling_sideways(visit):
    page = visit(**PHONE)
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window == 360
    table = page.locator("#summary .scroll")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")  # it scrolls within its box
    assert page.locator(CURVE).first.bounding_box()["width"] <= 360


def test_pointing_at_a_value_shows_it_with_interval_and_seeds(desktop):
    page = desktop
    page.locator(CURVE).first.scroll_into_view_if_needed()
    point = page.locator(f"{CURVE} .scatterlayer .points path").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1, steps=4)
    tip = page.locator(f"{CURVE} .hoverlayer .hovertext").first
    tip.wait_for(timeout=3000)
    for part in ("alibi", "length 16 = 1 L", "[", "2 seeds"):
        assert part in tip.text_content()


def test_a_click_in_the_legend_hides_an_encoding_and_its_band(visit):
    page = visit()
    plot = page.locator(CURVE).first
    plot.scroll_into_view_if_needed()
    visible = "box => box.data.filter((trace) => trace.legendgroup === 'alibi').map((trace) => trace.visible)"
    assert "legendonly" not in plot.evaluate(visible)
    plot.locator(".legendtoggle").first.click()
    until(page, f"({visible})(document.querySelector('{CURVE}')).every((each) => each === 'legendonly')")
    page.emulate_media(color_scheme="dark")  # and it stays hidden when the colours change
    page.wait_for_timeout(300)
    assert set(plot.evaluate(visible)) == {"legendonly"}


def test_dragging_zooms(desktop):
    page = desktop
    plot = page.locator(CURVE).first
    plot.scroll_into_view_if_needed()
    before = plot.evaluate("box => box.layout.xaxis.range")
    box = plot.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()
    page.wait_for_timeout(300)
    after = plot.evaluate("box => box.layout.xaxis.range")
    assert after[1] - after[0] < 0.6 * (before[1] - before[0])


def test_figures_follow_a_change_to_the_dark_theme(visit):
    page = visit()
    light = background(page)
    page.emulate_media(color_scheme="dark")
    until(page, f"getComputedStyle(document.querySelector('{CURVE} .bg')).fill !== '{light}'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 26)"
    lines = page.locator(f"{CURVE} .scatterlayer .js-line").evaluate_all("all => all.map((each) => each.style.stroke)")
    assert "rgb(77, 163, 224)" in lines  # rope's blue, lightened
    assert violations(page, runOnly={"type": "rule", "values": ["color-contrast"]}) == "[]"


def test_without_javascript_the_static_figures_are_there(visit):
    page = visit(java_script_enabled=False)
    shown = page.locator("#curves img")
    assert shown.count() == 4
    for index in range(4):
        assert shown.nth(index).bounding_box()["width"] > 300
    assert not page.locator(CURVE).first.is_visible()


def test_every_link_of_the_contents_leads_somewhere(desktop):
    targets = desktop.locator("nav a").evaluate_all("all => all.map((each) => each.hash)")
    assert len(targets) == 14
    assert all(desktop.locator(target).count() == 1 for target in targets)


@pytest.mark.parametrize("settings", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_block_of_an_encoding_is_for_everybody(visit, settings):
    page = visit(**settings)
    page.locator("#encodings details.card").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    assert page.locator("#encoding-alibi svg").bounding_box()["width"] > 250
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == "[]"


def test_chinese_is_drawn_with_glyphs(desktop):
    desktop.evaluate("document.fonts.load('16px \"Report Chinese\"', '次')")
    assert desktop.evaluate("document.fonts.check('16px \"Report Chinese\"', '次日玄德')")


def test_markup_in_names_is_shown_and_not_run(visit, records, tmp_path):
    evil = "<script>alert(1)</script>"
    store = records.write_example(
        tmp_path / "in", tasks=("copy",), multiples=(1, 4), seeds=2, encodings=("rope", evil), trouble=False
    )
    page = visit(write_report(store, tmp_path / "out").html)
    page.on("dialog", lambda dialog: pytest.fail(f"the page opened a dialog: {dialog.message}"))
    assert evil in page.locator("#summary").inner_text()
    assert evil in page.locator(f"{CURVE} .legendtext").evaluate_all("all => all.map((each) => each.textContent)")
