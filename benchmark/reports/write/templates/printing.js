// Paper cannot be unfolded, so everything is open while the page is printed.

let unfolded = [];

addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const part of unfolded) part.open = true;
});

addEventListener("afterprint", () => {
  for (const part of unfolded) part.open = false;
});
