// Copies of a table for a spreadsheet or a paper, with its rows as currently sorted and filtered.

// The table as data: `heads` with the group above each, `rows` of {text, details, mark}.
function readTable(table) {
  const headRow = [...table.tHead.rows].at(-1);
  const groups = table.tHead.rows.length > 1 ? [...table.tHead.rows[0].cells] : [];
  const spans = groups.map((cell) => ({ title: cellText(cell), span: cell.colSpan }));
  const above = spans.flatMap((group) => Array(group.span).fill(group.title));
  return {
    caption: table.caption.textContent.trim(),
    spans,
    heads: [...headRow.cells].map((cell, index) => ({ text: cellText(cell), group: above[index] ?? "" })),
    words: [...headRow.cells].map((cell, index) => index === 0 || cell.classList.contains("words")),
    rows: [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(readCell)),
  };
}

function readCell(cell) {
  return {
    text: cellText(cell),
    details: [...cell.querySelectorAll("small")].map((part) => part.textContent.trim()),
    mark: cell.querySelector("em")?.textContent ?? "",
    best: cell.classList.contains("best"),
  };
}

function fullHead(head) {
  return head.group ? `${head.group}: ${head.text}` : head.text;
}

// CSV: the ends of intervals, and remarks, get their own columns if there are any.

const INTERVAL = /^\[([^,\]]+(?:,\d{3})*), ([^\]]+)\]$/;

function csvRows(data) {
  const columns = data.heads.flatMap((head, index) => csvColumns(fullHead(head), data.rows.map((row) => row[index])));
  return [columns.map(([title]) => title), ...data.rows.map((_, row) => columns.map(([, fields]) => fields[row]))];
}

function csvColumns(title, cells) {
  const intervals = cells.map((cell) => cell.details.map((each) => INTERVAL.exec(each)).find(Boolean));
  const notes = cells.map((cell) => [cell.mark, ...cell.details.filter((each) => !INTERVAL.test(each))]);
  return [
    [title, cells.map((cell) => bare(cell.text))],
    [`${title}, low`, intervals.map((found) => bare(found?.[1] ?? ""))],
    [`${title}, high`, intervals.map((found) => bare(found?.[2] ?? ""))],
    [`${title}, note`, notes.map((parts) => parts.filter(Boolean).join("; "))],
  ].filter(([, fields], index) => index === 0 || fields.some(Boolean));
}

// "1,234" without its separators.
function bare(text) {
  return /^[+\-−]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text;
}

// Markdown, as in report.md.

function markdown(data) {
  const heads = data.heads.map((head) => markdownText(fullHead(head)));
  const rule = data.words.map((isWords) => (isWords ? "---" : "---:"));
  const rows = data.rows.map((row) => row.map(markdownCell));
  const lines = [heads, rule, ...rows].map((fields) => `| ${fields.join(" | ")} |`);
  return `*${markdownText(data.caption)}*\n\n${lines.join("\n")}\n`;
}

function markdownCell(cell, column) {
  const text = cell.best ? `**${markdownText(cell.text)}**` : markdownText(cell.text);
  const parts = [...cell.details, cell.mark].filter(Boolean);
  const remarks = markdownText(parts.join(", "));
  if (!remarks) return text;
  return column > 0 && parts[0].startsWith("[") ? `${text} ${remarks}` : `${text} (${remarks})`;
}

function markdownText(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return text.replace(/[\\`*_[\]|#~$]/g, "\\$&").replace(/[&<>]/g, (each) => entities[each]);
}

// LaTeX, with the package booktabs.

const LATEX = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "_": "\\_", "%": "\\%",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
  "|": "\\textbar{}", "\"": "\\textquotedbl{}", "—": "---", "–": "--", "“": "``", "”": "''", "…": "\\ldots{}",
  "×": "$\\times$", "·": "$\\cdot$", "≥": "$\\geq$", "≤": "$\\leq$", "≈": "$\\approx$", "±": "$\\pm$", "−": "$-$",
  "→": "$\\to$", "∞": "$\\infty$",
};

function latex(data) {
  const start = [...data.heads].findIndex((head) => head.group) + 1;
  const body = [
    ...(start ? latexGroups(data.spans) : []),
    latexRow(data.heads.map((head) => latexText(head.text))),
    "\\midrule",
    ...data.rows.map((row) => latexRow(row.map(latexCell))),
  ];
  return [
    "% needs \\usepackage{booktabs}; bold: best, italic: tied with it",
    "\\begin{table}",
    "  \\centering",
    `  \\caption{${latexText(data.caption)}}`,
    `  \\begin{tabular}{${data.words.map((isWords) => (isWords ? "l" : "r")).join("")}}`,
    ...["\\toprule", ...body, "\\bottomrule"].map((line) => `    ${line}`),
    "  \\end{tabular}",
    "\\end{table}\n",
  ].join("\n");
}

function latexGroups(spans) {
  const titles = spans.map(({ title, span }) => (title ? `\\multicolumn{${span}}{c}{${latexText(title)}}` : ""));
  let column = 1;
  const rules = spans.map(({ title, span }) => {
    const rule = title ? `\\cmidrule(lr){${column}-${column + span - 1}}` : "";
    column += span;
    return rule;
  });
  return [latexRow(titles), rules.filter(Boolean).join(" ")];
}

// A row that starts with "[" would become an argument of the preceding line break.
function latexRow(fields) {
  return `${fields.join(" & ").replace(/^(?=\[)/, "{}")} \\\\`;
}

function latexCell(cell) {
  const style = cell.best ? "\\textbf" : cell.mark ? "\\textit" : "";
  const text = style ? `${style}{${latexText(cell.text)}}` : latexText(cell.text);
  return cell.details.length ? `${text} {\\scriptsize ${cell.details.map(latexText).join(", ")}}` : text;
}

function latexText(text) {
  const minus = text.replace(/(^|[[(, ])-(?=[\d.])/g, "$1−"); // a minus sign, not a hyphen
  return [...minus].map((each) => LATEX[each] ?? each).join("");
}

for (const table of document.querySelectorAll(".tabular table")) {
  const place = table.closest(".tabular");
  const offer = (write, format) =>
    button(say(format), () => {
      const data = readTable(table);
      return copy(write(data), say(`copied ${format}`, { rows: data.rows.length }));
    });
  place.querySelector(".tools").append(
    button(say("take table"), () => save(`${place.id}.csv`, csv(csvRows(readTable(table))))),
    offer(markdown, "markdown"),
    offer(latex, "latex"),
  );
}
