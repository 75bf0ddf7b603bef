(function () {
  "use strict";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const touch = window.matchMedia("(pointer: coarse)");
  const font = getComputedStyle(document.body).fontFamily;
  const options = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // nothing leaves the reader's machine
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
  };

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

  function draw(id) {
    const box = document.getElementById(id);
    const figure = painted(figures[id], "");
    (box.data || []).forEach((trace, index) => {
      if (trace.visible !== undefined) figure.data[index].visible = trace.visible;
    });
    figure.layout.font.family = font;
    figure.layout.uirevision = "kept"; // a change of theme keeps zoom and hidden curves
    figure.layout.dragmode = touch.matches ? false : "zoom"; // a finger scrolls the page; buttons zoom
    return Plotly.react(box, figure.data, figure.layout, options);
  }

  function drawAll() {
    Object.keys(figures).forEach(draw);
  }

  drawAll();
  dark.addEventListener("change", drawAll);
})();
