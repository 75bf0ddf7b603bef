// Tables: sorted by pressing a heading, filtered by typing.

const FEW_ROWS = 8; // tables with no more rows get no filter
const NUMBER = /^[<>≤≥≈~]?\s*([+\-−]?(?:\d[\d,]*)?\.?\d+(?:e[+-]?\d+)?)[^\d,.]{0,12}$/i;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

// The text of a cell without its interval, remarks and mark.
function cellText(cell) {
  const own = cell.cloneNode(true);
  own.querySelectorAll("small, em").forEach((part) => part.remove());
  return own.textContent.trim().replace(/\s+/g, " ");
}

// The number that a text represents, or null.
function numberIn(text) {
  const found = NUMBER.exec(text);
  return found && Number(found[1].replaceAll(",", "").replace("−", "-"));
}

// Sort keys of the rows: numbers if at least half of a column's values are; null for missing values.
function sortKeys(rows, column) {
  const texts = rows.map((row) => cellText(row.cells[column]));
  const present = texts.filter((text) => text !== "" && text !== "—");
  const numbers = texts.map(numberIn);
  const numeric = 2 * numbers.filter((each) => each !== null).length >= present.length;
  return numeric ? numbers : texts.map((text) => (present.includes(text) ? text : null));
}

function compareKeys(one, other) {
  return typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true });
}

// Sort rows stably; missing values come last in either direction.
function sorted(rows, column, direction) {
  if (direction === "none") return rows;
  const keys = new Map(sortKeys(rows, column).map((key, index) => [rows[index], key]));
  const sign = direction === "ascending" ? 1 : -1;
  return [...rows].sort((one, other) => {
    const [first, second] = [keys.get(one), keys.get(other)];
    if (first === null || second === null) return (first === null) - (second === null);
    return sign * compareKeys(first, second);
  });
}

function makeSortable(table) {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows].at(-1).cells;
  [...heads].forEach((head, column) => {
    const press = button("", () => {
      const direction = NEXT[head.ariaSort ?? "none"];
      for (const each of heads) each.ariaSort = null;
      if (direction !== "none") head.ariaSort = direction;
      table.tBodies[0].append(...sorted(rows, column, direction));
    });
    press.append(...head.childNodes);
    head.append(press);
  });
}

function filterBox(table) {
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const box = element("input", { type: "search", placeholder: say("filter"), "aria-label": say("filter") });
  const count = element("output", { role: "status" });
  box.addEventListener("input", () => {
    const asked = box.value.toLowerCase().split(/\s+/);
    rows.forEach((row, index) => (row.hidden = !asked.every((word) => texts[index].includes(word))));
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = say("shown", { shown, all: rows.length });
  });
  count.textContent = say("shown", { shown: rows.length, all: rows.length });
  return [box, count];
}

for (const table of document.querySelectorAll(".tabular table")) {
  const tools = table.closest(".tabular").querySelector(".tools");
  if (table.tBodies[0].rows.length > FEW_ROWS) tools.append(...filterBox(table));
  if (table.tBodies[0].rows.length > 1) makeSortable(table);
}
