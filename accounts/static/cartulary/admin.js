/* What every page of the admin shares: a way past the menu, copy buttons, a question before what cannot be undone. */
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  const text = (source ? source.textContent : button.dataset.copyText || "").trim();
  const label = button.lastChild;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = " Copied";
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    label.textContent = " Selected: press Ctrl-C";
  }
  setTimeout(() => { label.textContent = before; }, 2500);
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

/* The keyboard gets past the menu in one step; fields that the theme leaves without a label say what they are for. */
document.addEventListener("DOMContentLoaded", () => {
  const content = document.getElementById("content");
  if (content && document.getElementById("nav-sidebar")) {
    const skip = Object.assign(document.createElement("a"), { className: "c-skip", href: "#content", textContent: "Skip to the content" });
    content.tabIndex = -1;
    document.body.prepend(skip);
  }
  document.getElementById("searchbar")?.setAttribute("aria-label", "Search in this list");
  document.getElementById("search-input-command")?.setAttribute("aria-label", "Search everything");
});

/* data-show-for="field:a,b" on an input: its row is shown while the select `field` has one of these values. */
document.addEventListener("DOMContentLoaded", () => {
  const groups = new Map();
  for (const input of document.querySelectorAll("[data-show-for]")) {
    const [name, values] = input.dataset.showFor.split(":");
    const select = document.getElementById(`id_${name}`);
    const row = input.closest(".field-row");
    if (select && row) groups.set(select, [...(groups.get(select) || []), { row, values: values.split(",") }]);
  }
  for (const [select, rows] of groups) {
    const apply = () => rows.forEach(({ row, values }) => { row.hidden = !values.includes(select.value); });
    select.addEventListener("change", apply);
    apply();
  }
});

/* Arrow keys between the tabs of a page. */
window.cTab = (list, step) => {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
};
