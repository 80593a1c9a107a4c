// Small manners of the screens. No rule lives here; without it every page still works.
"use strict";

// Live parts are asked for again while somebody looks, and no more once the answer says that they have ended.
let beats = 0;
setInterval(() => {
  if (document.hidden) return;
  beats += 1;
  for (const part of document.querySelectorAll("[data-live='yes']")) {
    if (beats % Math.ceil((part.dataset.every || 2) / 2)) continue;
    htmx.ajax("GET", part.dataset.url, { target: part, swap: "outerHTML" });
  }
}, 2000);

// "All" ticks every box of its table; the buttons say how many are ticked.
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-ticks]");
  if (!form) return;
  if (event.target.matches("[data-tick-all]")) {
    for (const box of form.querySelectorAll("input[name=job]")) box.checked = event.target.checked;
  }
  const ticked = form.querySelectorAll("input[name=job]:checked").length;
  for (const place of form.querySelectorAll("[data-ticked]")) place.textContent = ticked ? ` (${ticked})` : "";
});
// What scrolls sideways is reached by keys too, also where it holds nothing to go to.
const reachable = () => {
  for (const part of document.querySelectorAll(".lw-scroll, .lw-tabs")) {
    if (!part.querySelector("a, button, input, select, textarea, [tabindex]")) part.tabIndex = 0;
  }
};
document.addEventListener("DOMContentLoaded", reachable);
document.addEventListener("htmx:afterSettle", reachable);
