// Curves, drawn by plotly once they come near the viewport, with a name at each end and a legend.

const figures = embedded("figures");
const dark = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(pointer: coarse)");
const LABEL = { gap: 13, reach: 20, farReach: 52, room: 460 }; // pixels; the names of many curves are placed farther away
const MANY = 10;
const options = {
  responsive: true,
  displaylogo: false,
  showSendToCloud: false, // nothing leaves the reader's machine
  plotlyServerURL: "",
  modeBarButtonsToRemove: ["select2d", "lasso2d"],
};

let drawing;

// Plotly, loaded when the first figure needs it.
function library() {
  drawing ??= unpacked("plotly").then((source) => document.head.append(element("script", {}, source)));
  return drawing;
}

// "$series-2/0.16" is the stylesheet's colour --series-2 at that opacity.
function colour(value) {
  const [name, opacity] = value.slice(1).split("/");
  const hex = getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  if (opacity === undefined) return hex;
  const part = (start) => parseInt(hex.slice(start, start + 2), 16);
  return `rgba(${part(1)},${part(3)},${part(5)},${opacity})`;
}

function painted(node, key) {
  if (typeof node === "string") return /color$/.test(key) && node.startsWith("$") ? colour(node) : node;
  if (Array.isArray(node)) return node.map((item) => painted(item, key));
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([name, item]) => [name, painted(item, name)]));
}

// A curve and its band belong together.
function groupOf(trace) {
  return trace.legendgroup ?? trace.name;
}

function isLine(trace) {
  return trace.name !== undefined && trace.mode?.includes("lines");
}

class Curves {
  constructor(box) {
    this.box = box;
    this.figure = figures[box.id];
    this.named = this.figure.data.filter((trace) => trace.name !== undefined);
    this.hidden = new Set();
    this.labelled = []; // the group of each name at an end
  }

  async start() {
    await library();
    await this.draw();
    this.box.after(...legend(this));
    this.box.on("plotly_hover", (event) => this.pick(groupOf(event.points[0].data)));
    this.box.on("plotly_unhover", () => this.pick(null));
    this.box.on("plotly_relayout", (change) => "annotations" in change || this.label());
  }

  // Also called after a change of theme; zoom and hidden curves persist.
  async draw() {
    const { data, layout } = painted(this.figure, "");
    data.forEach((trace, index) => {
      trace.uid = `curve${index}`;
      trace.visible = !this.hidden.has(groupOf(trace));
    });
    layout.font.family = getComputedStyle(document.body).fontFamily;
    layout.uirevision = "kept";
    layout.dragmode = touch.matches ? false : "zoom"; // a finger scrolls the page; buttons zoom
    layout.margin.r += this.room();
    this.annotations = layout.annotations;
    await Plotly.react(this.box, data, layout, options);
    await this.label();
  }

  // The width that the names at the ends need.
  room() {
    if (this.box.clientWidth < LABEL.room) return 0;
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const widths = this.named.filter(isLine).map((trace) => pen.measureText(literal(trace.name)).width);
    const margin = 0.04 * this.box.clientWidth; // that plotly leaves to the right of the last point
    return Math.max(0, reachOf(widths.length) + Math.max(0, ...widths) - margin);
  }

  label() {
    const labels = this.box.clientWidth < LABEL.room ? [] : endLabels(this.box);
    this.labelled = labels.map((label) => label.group);
    const own = labels.map(({ group, ...annotation }) => annotation);
    return Plotly.relayout(this.box, { annotations: [...this.annotations, ...own] });
  }

  // Highlight one group and fade the others; null: none.
  pick(group) {
    const mark = (node, own) => {
      node?.classList.toggle("picked", group !== null && own === group);
      node?.classList.toggle("faded", group !== null && own !== group);
    };
    this.box.data.forEach((trace) => mark(this.box.querySelector(`.trace${trace.uid}`), groupOf(trace)));
    this.labelled.forEach((own, index) => {
      mark(this.box.querySelector(`.annotation[data-index="${this.annotations.length + index}"]`), own);
    });
  }

  async show(hidden) {
    this.hidden = new Set(hidden);
    await Plotly.restyle(this.box, { visible: this.box.data.map((trace) => !this.hidden.has(groupOf(trace))) });
    await this.label();
  }
}

function reachOf(count) {
  return count > MANY ? LABEL.farReach : LABEL.reach;
}

// A name at the right end of each visible curve; names at the same place are spread over the height.
function endLabels(box) {
  const { yaxis, _size: size } = box._fullLayout;
  const ends = box.data.filter((trace) => isLine(trace) && trace.visible === true).map(endOf).filter(Boolean);
  const last = Math.max(...ends.map((end) => end.x));
  const all = ends.filter((end) => end.x === last); // beside an earlier end, a name would lie on other curves
  const column = all.length * LABEL.gap > size.h ? all.filter((end) => !end.trace.meta?.light) : all; // what is legible
  for (const end of column) end.height = yaxis.l2p(end.y);
  column.sort((one, other) => one.height - other.height);
  const gap = Math.min(LABEL.gap, size.h / column.length);
  const heights = spread(column.map((end) => end.height), gap, size.h);
  return column.map((end, index) => endLabel(end, reachOf(column.length), heights[index] - end.height));
}

function endOf(trace) {
  const last = trace.y.findLastIndex((value) => value !== null);
  return last < 0 ? null : { trace, x: trace.x[last], y: trace.y[last] };
}

function endLabel({ trace, x, y }, reach, shift) {
  const light = trace.meta?.light;
  return {
    group: groupOf(trace),
    text: light ? trace.name : `<b>${trace.name}</b>`,
    x: Math.log10(x),
    y,
    ax: reach,
    ay: shift,
    xanchor: "left",
    showarrow: true,
    arrowhead: 0,
    arrowwidth: 0.6,
    arrowcolor: trace.line.color,
    standoff: 4,
    borderpad: 0,
    bgcolor: colour("$surface/0.7"),
    font: { size: light ? 10.5 : 12 },
  };
}

// Positions in [0, height], `gap` apart and close to those wanted (ascending); colliding ones move as a block.
function spread(wanted, gap, height) {
  const blocks = [];
  for (const place of wanted) {
    blocks.push({ sum: place, count: 1 });
    while (blocks.length > 1 && endOfBlock(blocks.at(-2), gap, height) > startOf(blocks.at(-1), gap, height)) {
      const { sum, count } = blocks.pop();
      const before = blocks.at(-1);
      before.sum += sum - count * before.count * gap; // relative to where its block begins
      before.count += count;
    }
  }
  return blocks.flatMap((block) =>
    Array.from({ length: block.count }, (_, index) => startOf(block, gap, height) + index * gap),
  );
}

function startOf({ sum, count }, gap, height) {
  return Math.min(Math.max(sum / count, 0), height - (count - 1) * gap);
}

function endOfBlock(block, gap, height) {
  return startOf(block, gap, height) + block.count * gap;
}

const near = new IntersectionObserver(
  (seen) => {
    for (const { target } of seen.filter((each) => each.isIntersecting)) {
      near.unobserve(target);
      const curves = new Curves(target);
      curves.start();
      dark.addEventListener("change", () => curves.draw());
    }
  },
  { rootMargin: "50% 0px" },
);

document.querySelectorAll(".plot").forEach((box) => near.observe(box));
