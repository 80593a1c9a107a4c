// The search dialog of the form of definitions: it ticks codes of a catalogue into the form. No rule lives here.
"use strict";

(() => {
  const chooser = document.getElementById("chooser");
  const text = chooser.querySelector("[data-chooser-text]");
  const found = chooser.querySelector("[data-chooser-found]");
  let place = null; // where the chosen codes stand in the form
  let url = "";
  let waiting = 0;

  const boxOf = (code) =>
    [...place.querySelectorAll("input")].find((box) => box.value === code);

  function look() {
    htmx.ajax("GET", `${url}&q=${encodeURIComponent(text.value)}`, { target: found, swap: "innerHTML" });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-chooses]");
    if (opener) {
      place = document.getElementById(opener.dataset.chooses);
      url = opener.dataset.url;
      chooser.querySelector("h2").textContent = opener.dataset.title;
      text.value = "";
      found.replaceChildren();
      chooser.showModal();
      text.focus();
      look();
    }
    if (event.target.closest("[data-chooser-close]") || event.target === chooser) chooser.close();
  });

  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 250);
  });

  // What is in the form already is ticked.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== found) return;
    for (const box of found.querySelectorAll("[data-code]")) box.checked = Boolean(boxOf(box.dataset.code)?.checked);
  });

  found.addEventListener("change", (event) => {
    const { code, name } = event.target.dataset;
    if (event.target.checked) {
      if (place.dataset.one) {
        for (const other of place.querySelectorAll("label")) other.remove();
        for (const other of found.querySelectorAll("[data-code]")) other.checked = other === event.target;
      }
      add(code, name);
    } else {
      boxOf(code)?.closest("label").remove();
    }
    place.dispatchEvent(new Event("change", { bubbles: true }));
  });

  function add(code, name) {
    boxOf(code)?.closest("label").remove();
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), {
      type: "checkbox", className: "lw-check", name: place.dataset.name, value: code, checked: true,
    });
    const words = document.createElement("span");
    words.textContent = code;
    if (name && name !== code) words.append(" ", Object.assign(document.createElement("small"), { textContent: name }));
    label.className = "lw-pick";
    label.append(box, " ", words);
    place.insertBefore(label, place.querySelector("[data-chooses]"));
  }

  // Arrow keys go through what was found; Enter in the search does not send the form behind it.
  chooser.addEventListener("keydown", (event) => {
    const boxes = [text, ...found.querySelectorAll("[data-code]")];
    const at = boxes.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && at >= 0) {
      event.preventDefault();
      boxes[Math.min(Math.max(at + step, 0), boxes.length - 1)].focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at > 0) boxes[at].click();
      else if (boxes.length === 2) { boxes[1].click(); chooser.close(); }
      else if (at === 0 && boxes.length > 1) boxes[1].focus();
    }
  });
})();
