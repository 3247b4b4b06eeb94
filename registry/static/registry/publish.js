/* Publishing: files are dropped or chosen, the upload shows how far it is, what is refused is told in place. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-publish]");
  if (!form) return;
  const target = form.querySelector("[data-drop]");
  const list = form.querySelector("[data-files]");
  const input = form.querySelector("input[type=file]");
  const progress = form.querySelector("[data-progress]");
  const problems = form.querySelector("[data-problems]");
  const button = form.querySelector("button.c-primary");

  const size = (bytes) => {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`;
  };

  const show = () => {
    list.replaceChildren(...[...input.files].map((file) => {
      const line = document.createElement("li");
      line.textContent = `${file.name}, ${size(file.size)}`;
      return line;
    }));
  };

  const tell = (lines) => {
    problems.replaceChildren(...lines.map((words) => {
      const line = document.createElement("p");
      line.className = "c-note c-bad";
      line.textContent = words;
      return line;
    }));
    button.disabled = false;
    progress.hidden = true;
  };

  target.addEventListener("dragover", (event) => { event.preventDefault(); target.classList.add("c-over"); });
  target.addEventListener("dragleave", () => target.classList.remove("c-over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("c-over");
    input.files = event.dataTransfer.files;
    show();
  });
  // Before the theme's own listener, which would look for a text field to write the file's name into.
  form.addEventListener("change", (event) => {
    if (event.target !== input) return;
    event.stopPropagation();
    show();
  }, true);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problems.replaceChildren();
    button.disabled = true;
    progress.hidden = false;
    const request = new XMLHttpRequest();
    request.open("POST", location.pathname);
    request.responseType = "json";
    request.upload.addEventListener("progress", (moved) => {
      if (moved.lengthComputable) progress.value = (100 * moved.loaded) / moved.total;
    });
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status === 201 && answer) { location.assign(answer.url); return; }
      if (!answer) { tell([`The server answered ${request.status}.`]); return; }
      const fields = Object.entries(answer.fields || {});
      tell(fields.length ? fields.map(([name, words]) => `${name}: ${[words].flat().join(" ")}`) : [answer.message]);
    });
    request.addEventListener("error", () => tell(["The upload broke off; try again."]));
    request.send(new FormData(form));
  });
});
