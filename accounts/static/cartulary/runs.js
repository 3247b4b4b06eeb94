/* Progress of runs without reload: over the socket at /v1/ws, or by asking again where the socket fails.

   Every element with data-run="<job id>" and data-poll="<url of its JSON>" is followed until its run ends.
   Inside it: [role=progressbar] > i, [data-run-status], [data-run-phase], [data-run-percent], [data-run-done].
   An element with data-reload="end" loads the page anew once its run has ended, for the result. */
"use strict";

(() => {
  const FINAL = new Set(["COMPLETED", "FAILED", "CANCELLED"]);
  const WORDS = { PENDING: "waiting", RUNNING: "running", COMPLETED: "completed", FAILED: "failed", CANCELLED: "cancelled" };
  const POLL = 1000;
  const following = new Map();
  let polling = null;

  function show(element, state) {
    const percent = state.status === "COMPLETED" ? 100 : state.progress || 0;
    const bar = element.querySelector("[role=progressbar]");
    if (bar) {
      bar.setAttribute("aria-valuenow", percent);
      bar.firstElementChild.style.setProperty("--share", `${percent}%`);
      bar.classList.toggle("c-good", state.status === "COMPLETED");
      bar.classList.toggle("c-bad", state.status === "FAILED");
    }
    const total = state.total === null || state.total === undefined ? "" : ` of ${state.total.toLocaleString("en")}`;
    const waiting = state.status === "PENDING" ? "waiting for a worker" : "";
    put(element, "[data-run-status] > *", WORDS[state.status] || state.status);
    put(element, "[data-run-phase]", FINAL.has(state.status) ? WORDS[state.status] : state.phase || waiting || "working");
    put(element, "[data-run-percent]", percent);
    put(element, "[data-run-done]", `${(state.done || 0).toLocaleString("en")}${total}`);
    put(element, "[data-run-current]", state.current || "");
    element.dataset.status = state.status;
  }

  function put(element, selector, text) {
    const found = element.querySelector(selector);
    if (found && found.textContent !== String(text)) found.textContent = text;
  }

  function hear(id, state) {
    const elements = following.get(id);
    if (!elements) return;
    elements.forEach((element) => show(element, state));
    if (!FINAL.has(state.status)) return;
    following.delete(id);
    if (elements.some((element) => element.dataset.reload === "end")) setTimeout(() => location.reload(), 900);
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/ws`);
    socket.addEventListener("open", () => {
      for (const id of following.keys()) {
        socket.send(JSON.stringify({ type: "subscribe", channel: "task.progress", task_id: id }));
      }
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "task.progress") hear(message.task_id, message);
      if (message.type === "error") poll();
      if (following.size === 0) socket.close();
    });
    socket.addEventListener("close", () => { if (following.size > 0) poll(); });
    socket.addEventListener("error", () => poll());
  }

  function poll() {
    if (polling !== null) return;
    polling = setInterval(async () => {
      if (following.size === 0) { clearInterval(polling); polling = null; return; }
      for (const [id, elements] of [...following]) {
        try {
          const answer = await fetch(elements[0].dataset.poll, { headers: { Accept: "application/json" } });
          if (answer.ok && !answer.redirected) hear(id, await answer.json());
          else following.delete(id);
        } catch { /* the server is away: ask again at the next turn */ }
      }
    }, POLL);
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll("[data-run]")) {
      if (FINAL.has(element.dataset.status)) continue;
      following.set(element.dataset.run, [...(following.get(element.dataset.run) || []), element]);
    }
    if (following.size > 0) connect();
  });
})();
