// A permanent link opens every fold that its target is in.

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target?.scrollIntoView();
}

addEventListener("hashchange", reveal);
document.fonts.ready.then(reveal); // earlier, positions still change
