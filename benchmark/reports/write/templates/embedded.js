// Data that the page carries for its scripts: words in the reader's language, figures, and packed texts.

const words = embedded("words");

function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Unpack gzip in base64 to text.
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (each) => each.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function say(word, fields = {}) {
  return words[word].replace(/\{(\w+)\}/g, (_, name) => fields[name]);
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(text, act) {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

// Say what has just happened, on screen and to screen readers; the stylesheet fades it out.
function notify(text) {
  document.getElementById("notice").replaceChildren(element("p", {}, text));
}
