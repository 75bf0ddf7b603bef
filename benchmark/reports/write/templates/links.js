// A permanent link opens what its target is folded into.

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target?.scrollIntoView();
}

addEventListener("hashchange", reveal);
document.fonts.ready.then(reveal); // before, nothing has a place
