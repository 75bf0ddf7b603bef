// Around a figure: the legend of its curves, and its numbers as a download.

const DASHES = { dash: "5 2", dot: "1 1.5", dashdot: "5 2 1 2", longdash: "10 3", longdashdot: "10 3 1 3" };
const SYMBOLS = {
  circle: "M4 0A4 4 0 1 0 -4 0A4 4 0 1 0 4 0Z",
  square: "M-3.5-3.5H3.5V3.5H-3.5Z",
  diamond: "M0-4.8L4.8 0L0 4.8L-4.8 0Z",
  "triangle-up": "M0-4.5L4.5 3.5H-4.5Z",
  "triangle-down": "M0 4.5L4.5-3.5H-4.5Z",
  cross: "M-1.5-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5V-1.5H-1.5Z",
  x: "M0-2L2.5-4.5L4.5-2.5L2 0L4.5 2.5L2.5 4.5L0 2L-2.5 4.5L-4.5 2.5L-2 0L-4.5-2.5L-2.5-4.5Z",
};

// Undo the escaping of a name for plotly.
function literal(name) {
  return name.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function swatch(trace) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const part = (tag, attributes) => {
    const made = document.createElementNS(drawing.namespaceURI, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    drawing.append(made);
  };
  const color = `var(--${(trace.line?.color ?? trace.marker?.color ?? "$muted").slice(1)})`;
  for (const [name, value] of Object.entries({ viewBox: "-15 -6 30 12", "aria-hidden": "true" })) {
    drawing.setAttribute(name, value);
  }
  const dash = DASHES[trace.line?.dash] ?? "none";
  if (trace.line) part("path", { d: "M-15 0H15", style: `stroke:${color};stroke-width:2`, "stroke-dasharray": dash });
  if (trace.marker) part("path", { d: SYMBOLS[trace.marker.symbol ?? "circle"], style: `fill:${color}` });
  return drawing;
}

// The legend of a figure and, if there are many curves, a switch between a few and all.
function legend(curves) {
  const entries = curves.named.map((trace) => entry(curves, trace));
  const list = element("div", { class: "legend", role: "group", "aria-label": say("legend") }, ...entries);
  const light = curves.named.filter((trace) => trace.meta?.light).map(groupOf);
  return light.length ? [manyOrFew(curves, light), list] : [list];
}

function entry(curves, trace) {
  const group = groupOf(trace);
  const press = button("", () => {
    const { hidden } = curves;
    hidden.has(group) ? hidden.delete(group) : hidden.add(group);
    refresh(curves, hidden);
  });
  press.dataset.group = group;
  press.ariaPressed = "true";
  press.append(swatch(trace), literal(trace.name));
  for (const event of ["pointerenter", "focus"]) press.addEventListener(event, () => curves.pick(group));
  for (const event of ["pointerleave", "blur"]) press.addEventListener(event, () => curves.pick(null));
  return press;
}

function manyOrFew(curves, light) {
  const all = curves.named.filter((trace) => trace.legendgroup !== undefined).length;
  const every = button(say("every", { n: all }), () => refresh(curves, []));
  const few = button(say("few"), () => refresh(curves, light));
  every.dataset.hides = "[]";
  few.dataset.hides = JSON.stringify(light);
  every.ariaPressed = "true";
  few.ariaPressed = "false";
  return element("div", { class: "switch", role: "group", "aria-label": say("which") }, every, few);
}

function refresh(curves, hidden) {
  const chosen = [...hidden].sort();
  const around = curves.box.parentElement;
  for (const press of around.querySelectorAll(".legend button")) {
    press.ariaPressed = String(!chosen.includes(press.dataset.group));
  }
  for (const press of around.querySelectorAll(".switch button")) {
    press.ariaPressed = String(JSON.stringify(JSON.parse(press.dataset.hides).sort()) === JSON.stringify(chosen));
  }
  return curves.show(chosen);
}

let numbers;

// The numbers behind a figure, unpacked on first use; a figure without any uses the table below it.
async function numbersOf(id) {
  numbers ??= unpacked("data").then(JSON.parse);
  const own = (await numbers)[id];
  return own ? [own.columns, ...own.rows] : csvRows(readTable(document.getElementById(`${id}-numbers`).querySelector("table")));
}

for (const place of document.querySelectorAll("[data-figure]")) {
  const id = place.dataset.figure;
  place.append(button(say("take figure"), async () => save(`${id}.csv`, csv(await numbersOf(id)))));
}
