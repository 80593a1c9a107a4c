// Work by keyboard: the command palette, the rows of lists, and the page of keys. All of it can be clicked as well.
"use strict";

(() => {
  const palette = document.getElementById("palette");
  const help = document.getElementById("keys");
  if (!palette || !help) return;
  const input = palette.querySelector("input");
  const list = palette.querySelector("[role=listbox]");
  let asked = 0; // the number of the latest question: only its answer is shown
  let waiting;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function choose(position) {
    const all = options();
    if (!all.length) { input.removeAttribute("aria-activedescendant"); return; }
    const chosen = all[(position + all.length) % all.length];
    for (const each of all) each.setAttribute("aria-selected", String(each === chosen));
    input.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }

  async function ask() {
    const mine = ++asked;
    const answer = await fetch(`${palette.dataset.url}?q=${encodeURIComponent(input.value)}`, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { location.reload(); return; }
    const text = await answer.text();
    if (mine !== asked) return;
    list.innerHTML = text;
    list.dataset.of = input.value;
    choose(0);
  }

  function open() {
    help.close();
    if (!palette.open) palette.showModal();
    input.value = "";
    ask();
  }

  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 120); });
  input.addEventListener("keydown", (event) => {
    const here = options().findIndex((each) => each.getAttribute("aria-selected") === "true");
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) { event.preventDefault(); choose(here + steps[event.key]); }
    // What was typed since the last answer is searched for; it may be something else than what is lit.
    if (event.key === "Enter" && here >= 0 && list.dataset.of === input.value) { event.preventDefault(); options()[here].click(); }
  });
  for (const dialog of [palette, help]) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  for (const opener of document.querySelectorAll("[data-palette]")) opener.addEventListener("click", open);
  for (const opener of document.querySelectorAll("[data-keys]")) opener.addEventListener("click", () => help.showModal());

  // j and k, or the arrows once a row has the focus, go along the links of a list's rows; Enter follows one by itself.
  const rows = () => [...document.querySelectorAll("#content .lw-table tbody tr")].map((row) => row.querySelector("a[href]")).filter(Boolean);
  function step(by) {
    const all = rows();
    const row = document.activeElement.closest("tr");
    const here = all.findIndex((link) => row && row.contains(link));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + by, 0), all.length - 1)];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); open(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const inRow = event.target.closest("#content .lw-table tbody tr");
    const keys = { "/": open, "?": () => help.showModal(), j: () => step(1), k: () => step(-1) };
    if (inRow) Object.assign(keys, { ArrowDown: () => step(1), ArrowUp: () => step(-1) });
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
})();
