"""The page in a real browser, from disk: quiet, self-contained, accessible."""

import csv
import io
import json
import math
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from benchmark.reports.page.page import Page
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.tables.values import metric_table
from benchmark.reports.write.markdown import markdown_table
from benchmark.reports.write.report import ReportPaths, write_report
from benchmark.reports.write.webfont import CHINESE
from benchmark.results.store import Store

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
CURVE = "#curves .plot"
COPY = "#curve-copy-16"
CLASSICS = ("alibi", "learned", "none", "rope", "sinusoidal")
OTHERS = tuple(f"other-{number}" for number in range(1, 9))
REFERENCE = Path(__file__).parents[3] / "results" / "reference.zip"
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
    """One page for the tests that leave it as it was, or do not mind."""
    visits = Visits(browser, page_paths.html)
    yield visits(permissions=["clipboard-read", "clipboard-write"])
    visits.end()


@pytest.fixture(scope="module")
def phone(browser, page_paths: ReportPaths) -> Iterator[object]:
    """The same page on a phone."""
    visits = Visits(browser, page_paths.html)
    yield visits(**PHONE)
    visits.end()


@pytest.fixture(scope="module")
def crowd(browser, records, tmp_path_factory) -> Iterator[object]:
    """A page with more encodings than are drawn strong, its curves drawn."""
    root = tmp_path_factory.mktemp("crowd")
    names = (*CLASSICS, *OTHERS)
    store = records.write_example(root / "in", encodings=names, tasks=("copy",), multiples=(1, 4), seeds=2)
    visits = Visits(browser, write_report(store, root / "out").html)
    opened = visits()
    reach(opened, COPY)
    yield opened
    visits.end()


def reach(page, exhibit: str) -> None:
    """Scroll to a figure and wait until its curves have their names."""
    page.locator(exhibit).scroll_into_view_if_needed()
    until(page, f"document.querySelector('{exhibit} .annotation[data-index=\"1\"]')")
    until(page, f"document.querySelector('{exhibit} .legend')")


def until(page, condition: str) -> None:
    """Wait until an expression holds; the page's own policy forbids playwright's wait_for_function."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"still not so after 10 seconds: {condition}")


def violations(page, **options) -> str:
    """The serious accessibility violations of a page, as text."""
    # Without the passes: listing them, with the HTML of thousands of nodes, takes half of the time.
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return json.dumps([(each["id"], each["nodes"][0]["html"][:300]) for each in serious], indent=1)


def background(page) -> str:
    return page.evaluate(f"getComputedStyle(document.querySelector('{CURVE} .main-svg')).backgroundColor")


def chinese_texts(page) -> list[tuple[str, bool]]:
    """The Chinese texts that show, and whether each is drawn with the font that the page brings."""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    open_nodes, texts = [tools.send("DOM.getDocument", {"depth": -1})["root"]], []
    while open_nodes:
        node = open_nodes.pop()
        open_nodes += reversed(node.get("children", []))
        if node["nodeName"] == "#text" and CHINESE.search(node["nodeValue"]):
            if fonts := tools.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]:
                texts.append((node["nodeValue"].strip(), any(font["isCustomFont"] for font in fonts)))
    return texts


def names_in(page, table: str) -> list[str]:
    """The first fields of the rows that show, in their order."""
    shown = page.locator(f"{table} tbody tr:not([hidden]) th")
    return shown.evaluate_all("all => all.map((each) => each.innerText.split('\\n')[0].trim())")


def press(page, place: str, text: str) -> None:
    page.locator(f"{place} .tools").get_by_role("button", name=text).first.click()


def download(page, place: str, text: str) -> list[dict[str, str]]:
    """The rows of the CSV file that a button gives."""
    with page.expect_download() as waiting:
        press(page, place, text)
    assert waiting.value.suggested_filename == f"{place.removeprefix('#')}.csv"
    with Path(waiting.value.path()).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clipboard(page, done: str) -> str:
    until(page, f"document.getElementById('notice').textContent.startsWith('{done}')")
    return page.evaluate("navigator.clipboard.readText()")


def test_every_curve_is_drawn_once_it_comes_into_view(visit):
    page = visit()
    assert page.locator(".plot").count() == 7
    assert page.locator(".plot .main-svg").count() == 0
    for box in page.locator(".plot").all():
        box.scroll_into_view_if_needed()
    until(page, "[...document.querySelectorAll('.plot')].every((box) => box.querySelector('.main-svg'))")
    buttons = page.locator(".modebar-btn").evaluate_all("all => all.map((each) => each.dataset.title)")
    assert buttons and not any("loud" in str(title) for title in buttons)  # nothing offers to upload the figure
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window


def test_no_serious_accessibility_violation_in_a_crowd(crowd):
    assert violations(crowd) == "[]"


def test_a_phone_shows_it_without_scrolling_sideways(phone):
    width, window = phone.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window == 360
    table = phone.locator("#summary .scroll")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")  # it scrolls within its box
    assert phone.locator(CURVE).first.bounding_box()["width"] <= 360


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_unfolded_it_fits_and_has_no_serious_accessibility_violation(request, device):
    page = request.getfixturevalue(device)
    page.locator(COPY).scroll_into_view_if_needed()
    until(page, f"document.querySelector('{COPY} .legend')")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.locator("#encoding-alibi svg").bounding_box()["width"] > 250
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == "[]"


def test_pointing_at_a_value_shows_it_with_range_and_seeds(desktop):
    page = desktop
    reach(page, COPY)
    index = page.evaluate(f"document.querySelector('{COPY} .plot').data.findIndex((each) => each.name === 'alibi')")
    point = page.locator(f"{COPY} .scatterlayer .tracecurve{index} .points path").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1, steps=4)
    tip = page.locator(f"{COPY} .hoverlayer .hovertext").first
    tip.wait_for(timeout=10000)
    for part in ("alibi", "length 16 = 1 L", "[", "2 seeds"):
        assert part in tip.text_content()
    assert page.locator(f"{COPY} .scatterlayer .faded").count() > 0  # the others step back
    assert page.locator(f"{COPY} .annotation.picked").all_text_contents() == ["alibi"]
    page.mouse.move(0, 0)
    until(page, f"document.querySelectorAll('{COPY} .faded').length === 0")


def test_the_legend_hides_an_encoding_and_its_band_and_a_keyboard_reaches_it(visit):
    page = visit()
    reach(page, COPY)
    plot = page.locator(f"{COPY} .plot")
    visible = "box => box.data.filter((trace) => trace.legendgroup === 'alibi').map((trace) => trace.visible)"
    assert set(plot.evaluate(visible)) == {True}
    entry = page.locator(f"{COPY} .legend button", has_text="alibi")
    entry.focus()
    assert page.locator(f"{COPY} .annotation.picked").all_text_contents() == ["alibi"]
    page.keyboard.press("Enter")
    until(page, f"({visible})(document.querySelector('{COPY} .plot')).every((each) => each === false)")
    assert entry.get_attribute("aria-pressed") == "false"
    until(page, f"![...document.querySelectorAll('{COPY} .annotation')].some((each) => each.textContent === 'alibi')")
    light = background(page)
    page.emulate_media(color_scheme="dark")  # and it stays hidden when the colours change
    until(page, f"getComputedStyle(document.querySelector('{CURVE} .main-svg')).backgroundColor !== '{light}'")
    assert set(plot.evaluate(visible)) == {False}
    page.keyboard.press("Enter")
    until(page, f"({visible})(document.querySelector('{COPY} .plot')).every((each) => each === true)")


def test_many_curves_each_have_a_name_at_their_end_and_none_covers_another(crowd):
    labels = crowd.locator(f"{COPY} .annotation-text").evaluate_all(
        "all => all.slice(1).map((each) => [each.textContent, each.getBoundingClientRect().toJSON()])"
    )
    names = [name for name, _ in labels]
    assert sorted([*names, "learned"]) == sorted((*CLASSICS, *OTHERS, "chance"))  # learned ends at L, amid the others
    places = [box for _, box in labels]
    texts = sorted(box["bottom"] for box in places)
    assert min(later - earlier for earlier, later in pairwise(texts)) >= 12
    card = crowd.locator(COPY).bounding_box()
    assert max(box["right"] for box in places) < card["x"] + card["width"]


def test_many_curves_are_switched_to_a_few_and_back(crowd):
    few, every = (crowd.locator(f"{COPY} .switch button", has_text=text) for text in ("Classic", "All 13"))
    shown = "document.querySelectorAll('#curve-copy-16 .scatterlayer .js-line').length"
    until(crowd, f"{shown} > 13")
    few.click()
    until(crowd, f"{shown} < 13")
    assert [few.get_attribute("aria-pressed"), every.get_attribute("aria-pressed")] == ["true", "false"]
    pressed = crowd.locator(f"{COPY} .legend [aria-pressed=true]").all_inner_texts()
    assert {*CLASSICS, "chance"} <= set(pressed) and len(pressed) <= 7  # at most the best one besides
    every.click()
    until(crowd, f"{shown} > 13")


def test_a_heading_sorts_its_column_and_what_is_missing_comes_last(desktop):
    table = "#summary-table-1"
    heading = desktop.locator(f"{table} thead tr:last-child th").nth(2)  # copy at 16L: 0.15, —, 0.02
    heading.get_by_role("button").focus()
    desktop.keyboard.press("Enter")
    assert (heading.get_attribute("aria-sort"), names_in(desktop, table)) == ("ascending", ["rope", "alibi", "learned"])
    desktop.keyboard.press("Enter")
    assert (heading.get_attribute("aria-sort"), names_in(desktop, table)) == (
        "descending",
        ["alibi", "rope", "learned"],
    )
    desktop.keyboard.press("Enter")
    assert (heading.get_attribute("aria-sort"), names_in(desktop, table)) == (None, ["alibi", "rope", "learned"])


def test_a_long_table_is_filtered_and_says_how_many_rows_are_left(crowd):
    table = "#summary-table-1"
    count = crowd.locator(f"{table} output")
    assert count.inner_text() == "13 of 13 rows"
    crowd.locator(f"{table} input").fill("OTHER-7")
    assert (names_in(crowd, table), count.inner_text()) == (["other-7"], "1 of 13 rows")
    crowd.locator(f"{table} input").fill("")
    assert len(names_in(crowd, table)) == 13


def test_a_short_table_has_no_filter(desktop):
    assert desktop.locator("#summary-table-1 input").count() == 0


def test_the_numbers_of_a_figure_are_those_of_the_records(desktop, example):
    rows = download(desktop, COPY, "numbers")
    table = metric_table(example)
    points = over_seeds(table[(table["task"] == "copy") & table["headline"]]).to_dict("records")
    assert len(rows) == len(points) == 15
    for row, point in zip(rows, points, strict=True):
        assert (row["encoding"], row["task"]) == (point["encoding"], "copy")
        assert (int(row["length_tokens"]), int(row["seeds"])) == (point["length"], point["n"])
        assert row["unit"] == "token accuracy (0 to 1)"
        for column, name in (("mean", "mean"), ("lowest", "low"), ("highest", "high")):
            known = not math.isnan(point[name])
            assert float(row[column]) == pytest.approx(point[name], rel=1e-7) if known else row[column] == ""


def test_still_figures_have_their_numbers_too(desktop, page):
    stills = [each for section in page.sections for each in section.exhibits if each.data and not each.interactive]
    assert {each.id.split("-")[0] for each in stills} == {"bottom", "heatmap", "grid", "along", "targets", "structure"}
    grid = next(each for each in stills if each.id.startswith("grid"))
    rows = download(desktop, f"#{grid.id}", "numbers")
    assert len(rows) == len(grid.data.rows)
    for text, value in zip(rows[0].values(), grid.data.rows[0], strict=True):
        assert text == ("" if value is None else value) if isinstance(value, str | None) else float(text) == value


def test_a_table_as_csv_has_both_ends_in_columns_of_their_own(desktop):
    rows = download(desktop, "#summary-table-1", "CSV")
    alibi = next(row for row in rows if row["encoding"] == "alibi")
    shown = [alibi[f"copy: L = 16{end}"] for end in ("", ", low", ", high", ", note")]
    assert shown == ["1.00", "1.00", "1.00", "2 of 3 seeds; highest mean, not yet tested (5 more seeds would do)"]


def test_a_table_is_copied_as_the_markdown_of_the_report(desktop, page: Page):
    press(desktop, "#summary-table-1", "Markdown")
    copied = clipboard(desktop, "Copied as Markdown: 3 rows")
    table = next(section for section in page.sections if section.id == "summary").tables[0]
    assert copied.strip() == str(markdown_table(table))


def test_a_table_is_copied_as_latex_even_where_the_clipboard_is_refused(desktop):
    desktop.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    press(desktop, "#summary-table-1", "LaTeX")
    lines = [line.strip() for line in clipboard(desktop, "Copied as LaTeX").splitlines()]
    assert "\\begin{tabular}{lrrrrrrrrrrrr}" in lines and {"\\toprule", "\\midrule", "\\bottomrule"} <= set(lines)
    assert "\\cmidrule(lr){2-4} \\cmidrule(lr){5-7} \\cmidrule(lr){8-10} \\cmidrule(lr){11-13}" in lines
    assert "\\caption{Encodings $\\times$ tasks: mean [lowest and highest of 3 seeds].}" in lines
    learned = next(line for line in lines if line.startswith("learned"))
    assert learned.startswith("learned & 0.94 {\\scriptsize [0.91, 0.96]} & --- & --- & 5.11 {")
    assert all(line.count("&") == 12 and line.endswith("\\\\") for line in lines if line.startswith(("alibi", "rope")))


def test_every_section_figure_and_table_has_a_permanent_link(desktop, page: Page):
    links = desktop.locator(".anchor").evaluate_all("all => all.map((each) => each.hash.slice(1))")
    parts = [part for section in page.sections for part in (section, *section.exhibits, *section.profiles)]
    assert {part.id for part in parts} < set(links)
    assert len(links) == len(set(links)) == len(parts) + desktop.locator("table").count()
    assert desktop.evaluate("ids => ids.every((id) => document.getElementById(id))", links)
    link = desktop.locator("#summary .heading .anchor")
    desktop.locator("#curves h2").hover()
    assert link.evaluate("each => getComputedStyle(each).opacity") == "0"
    desktop.locator("#summary h2").hover()
    assert link.evaluate("each => getComputedStyle(each).opacity") == "1"


def test_a_permanent_link_unfolds_what_it_leads_to(visit):
    page = visit()
    table = page.locator(f"{COPY}-numbers table")
    assert not table.is_visible()
    page.evaluate(f"location.hash = '{COPY}-numbers'")
    table.wait_for(state="visible")
    until(page, f"document.querySelector('{COPY}-numbers').getBoundingClientRect().top < 500")


def test_paper_shows_everything_and_still_figures(visit):
    page = visit(color_scheme="dark")
    folded = page.locator("details:not([open])").count()
    assert folded > 5
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("#curves img").first.is_visible() and page.locator("#attention img").last.is_visible()
    for hidden in (CURVE, ".tools", "nav", ".keys"):  # the hashes of records too
        assert not page.locator(hidden).first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded


@pytest.mark.slow
def test_the_report_of_five_encodings_prints_on_fifteen_sheets(visit, tmp_path):
    page = visit(write_report(Store(REFERENCE), tmp_path).html)
    sheets = page.pdf(prefer_css_page_size=True)
    assert 8 < len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 15


def test_nothing_on_paper_is_wider_than_the_sheet(visit):
    """Chromium would shrink every sheet to fit it, down to illegible."""
    page = visit(viewport={"width": 718, "height": 1047})  # A4 without its margins, at 96 pixels per inch
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = "[...document.querySelectorAll('main table, main img, main svg')].filter((part) => part.scrollWidth > 720)"
    assert page.evaluate(f"{wide}.map((part) => part.outerHTML.slice(0, 90))") == []


def test_the_contents_are_folded_on_a_phone_and_open_on_a_desktop(visit, desktop):
    phone = visit(**PHONE)
    assert not phone.locator("nav ol").is_visible()
    phone.locator("nav summary").click()
    assert phone.locator("nav ol").is_visible()
    assert desktop.locator("nav ol").is_visible()


def test_figures_have_no_fixed_width_and_fit_a_phone_or_scroll_at_a_legible_size(phone, page: Page):
    shown = phone.locator(".plate:not(.still) img")
    natural = {each.id: each.width for section in page.sections for each in section.exhibits}
    for image in shown.all():
        box = image.bounding_box()
        if not box or not box["width"]:  # folded
            continue
        own = natural[image.evaluate("each => each.closest('.card').id")]
        assert 0.63 * own <= box["width"] <= own + 1
        assert box["width"] <= 360 or own > 520


def test_a_title_stands_once(desktop):
    """Not in the caption below its figure, and a figure has no heading of its own (test_curves)."""
    cards = desktop.locator(".exhibits .card").evaluate_all(
        "all => all.map((card) => [(card.querySelector('h3') ?? card.querySelector('summary')).innerText,"
        " card.querySelector('figcaption p').textContent])"
    )
    assert len(cards) > 10
    for title, caption in cards:
        assert not re.search(rf"\b{re.escape(title)}\b", caption, re.IGNORECASE)


def test_figures_are_dark_on_a_dark_page(visit):
    """A still figure's own background, as drawn: the page's surface, by the figure's own style sheet."""
    page = visit(color_scheme="dark")
    image = page.locator("#bottom-line img")
    image.scroll_into_view_if_needed()
    picture = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
    colors = sorted(picture.getcolors(1 << 20))
    assert colors[-1][1] == (26, 30, 37)  # --surface
    light = [count for count, color in colors if min(color) > 250]
    assert sum(light) < 0.02 * picture.width * picture.height


def test_dragging_zooms(desktop):
    page = desktop
    reach(page, COPY)
    plot = page.locator(CURVE).first
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
    reach(page, COPY)
    light = background(page)
    page.emulate_media(color_scheme="dark")
    until(page, f"getComputedStyle(document.querySelector('{CURVE} .main-svg')).backgroundColor !== '{light}'")
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
    assert page.locator(".tools button").count() == 0 and page.locator("#summary table").is_visible()


def test_every_link_of_the_contents_leads_somewhere(desktop, page: Page):
    targets = desktop.locator("nav a").evaluate_all("all => all.map((each) => each.hash)")
    assert targets == [f"#{section.id}" for section in page.sections]
    assert all(desktop.locator(target).count() == 1 for target in targets)


def test_chinese_is_drawn_with_glyphs(desktop):
    desktop.evaluate("document.fonts.load('16px \"Report Chinese\"', '次')")
    assert desktop.evaluate("document.fonts.check('16px \"Report Chinese\"', '次日玄德')")


def test_no_chinese_text_is_boxes_where_the_system_has_no_font_for_it(browser, records, tmp_path):
    store = records.write_example(tmp_path / "in", tasks=("copy",), multiples=(1, 4), seeds=2, trouble=False)
    report = write_report(store, tmp_path / "out", command="run --out 结果", language="zh")
    page = browser.new_page(**DESKTOP)  # no visit: the tools that tell fonts make Chromium complain on the console
    page.goto(report.html.as_uri())
    reach(page, COPY)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p>目录</p>')")  # by now, every font is there
    *texts, (_, needed) = chinese_texts(page)
    if not needed:
        pytest.skip("this system has a Chinese font")
    assert len(texts) > 100 and {"目录", "run --out 结果", "训练长度"} <= {text for text, _ in texts}
    assert [text for text, ours in texts if not ours] == []
    page.close()


def test_markup_in_names_is_shown_and_not_run(visit, records, tmp_path):
    evil = "<script>alert(1)</script>"
    store = records.write_example(
        tmp_path / "in", tasks=("copy",), multiples=(1, 4), seeds=2, encodings=("rope", evil), trouble=False
    )
    page = visit(write_report(store, tmp_path / "out").html)
    page.on("dialog", lambda dialog: pytest.fail(f"the page opened a dialog: {dialog.message}"))
    assert evil in page.locator("#summary").inner_text()
    reach(page, COPY)
    for names in (".legend button", ".annotation"):
        assert evil in page.locator(f"{COPY} {names}").all_text_contents()
