// The preview of a mail while it is typed: text into our page, HTML into a frame that may do nothing.
"use strict";

const form = document.querySelector("[data-mail-preview]");
const button = form.querySelector("button[formtarget=mail]");
let waiting;

function preview() {
  htmx.ajax("POST", button.dataset.url, { source: form, target: "#mail-preview", swap: "innerHTML" });
  form.requestSubmit(button);
}

form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(preview, 500); });
button.addEventListener("click", () => {
  htmx.ajax("POST", button.dataset.url, { source: form, target: "#mail-preview", swap: "innerHTML" });
});
window.addEventListener("load", preview);
