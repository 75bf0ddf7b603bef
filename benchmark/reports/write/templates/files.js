// Downloads and the clipboard.

function csv(rows) {
  return rows.map((row) => row.map(csvField).join(",") + "\r\n").join("");
}

function csvField(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(file, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { download: file, href: address });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  notify(say("saved", { file }));
}

async function copy(text, done) {
  const copied = await writeClipboard(text).catch(() => copySelection(text));
  notify(copied === false ? say("refused") : done);
}

async function writeClipboard(text) {
  return navigator.clipboard.writeText(text); // also fails if a page opened from disk has no clipboard
}

// The old way to copy, which works where the clipboard API is refused.
function copySelection(text) {
  const before = document.activeElement;
  const area = element("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return copied;
}
