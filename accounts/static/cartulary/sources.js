/* Test connection: the answer appears where it was asked for. Without script the form posts and comes back. */
"use strict";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const place = form.dataset.testConnection && document.querySelector(form.dataset.testConnection);
  if (!place) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const icon = button.querySelector(".material-symbols-outlined");
  const before = icon.textContent;
  button.disabled = true;
  button.classList.add("c-busy");
  icon.textContent = "progress_activity";
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
    });
    show(place, answer.ok ? await answer.json() : { success: false, message: `The server answered ${answer.status}.` });
  } catch {
    show(place, { success: false, message: "The server does not answer." });
  } finally {
    button.disabled = false;
    button.classList.remove("c-busy");
    icon.textContent = before;
  }

  function show(target, result) {
    const note = document.createElement("div");
    note.className = `c-note ${result.success ? "c-good" : "c-bad"}`;
    const mark = document.createElement("span");
    mark.className = "material-symbols-outlined";
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = result.success ? "check_circle" : "error";
    const text = document.createElement("div");
    text.className = "c-break";
    const first = document.createElement("p");
    first.className = "c-strong";
    first.textContent = result.success ? `Connected in ${result.latency_ms} ms` : "It cannot be reached";
    const second = document.createElement("p");
    second.textContent = result.success ? result.server || result.version || result.message : result.message;
    text.append(first, second);
    note.append(mark, text);
    target.replaceChildren(note);
    for (const [name, html] of Object.entries(result.shown || {})) {
      const fact = document.querySelector(`[data-source-${name}]`);
      if (fact) fact.innerHTML = html;
    }
  }
});
