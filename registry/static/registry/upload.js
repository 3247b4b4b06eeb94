/* Files dropped on a release's page, or chosen there, are uploaded one after the other; each tells how it went. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("[data-upload]")) {
    const target = form.querySelector("[data-drop]");
    const results = form.querySelector("[data-results]");
    const input = form.querySelector("input[type=file]");

    const tell = (name, words, kind) => {
      const line = document.createElement("li");
      line.className = `c-note ${kind}`;
      line.textContent = `${name}: ${words}`;
      results.append(line);
      return line;
    };

    const send = async (file) => {
      const line = tell(file.name, "uploading…", "");
      const body = new FormData(form);
      body.delete("file");
      body.append("file", file);
      try {
        const response = await fetch(form.dataset.upload, { method: "POST", body });
        const answer = await response.json();
        line.textContent = `${file.name}: ${answer.error || `${answer.words}.`}`;
        line.className = `c-note ${answer.error ? "c-bad" : "c-good"}`;
        return !answer.error;
      } catch {
        line.textContent = `${file.name}: the upload broke off; try again`;
        line.className = "c-note c-bad";
        return false;
      }
    };

    const showKept = () => {
      location.hash = "artifacts";
      location.reload();
    };

    const sendAll = async (files) => {
      let kept = 0;
      for (const file of files) kept += (await send(file)) ? 1 : 0;
      if (kept === files.length) showKept();
      else if (kept) offer();
    };

    // What was refused stays to be read; the page is loaded again when the reader is done with it.
    const offer = () => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "c-button";
      button.textContent = "Show what was kept";
      button.addEventListener("click", showKept);
      const line = document.createElement("li");
      line.append(button);
      results.append(line);
    };

    target.addEventListener("dragover", (event) => { event.preventDefault(); target.classList.add("c-over"); });
    target.addEventListener("dragleave", () => target.classList.remove("c-over"));
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      target.classList.remove("c-over");
      sendAll([...event.dataTransfer.files]);
    });
    input.addEventListener("change", () => { sendAll([...input.files]); input.value = ""; });
    form.addEventListener("submit", (event) => event.preventDefault());
  }
});
