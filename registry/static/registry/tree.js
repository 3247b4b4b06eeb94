/* A branch of the dependency tree is fetched when it is opened for the first time. */
"use strict";

document.addEventListener("toggle", async (event) => {
  const branch = event.target;
  if (!(branch instanceof HTMLDetailsElement) || !branch.dataset.tree || !branch.open) return;
  const address = branch.dataset.tree;
  delete branch.dataset.tree;
  const place = document.createElement("div");
  place.textContent = "…";
  branch.append(place);
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(String(response.status));
    place.innerHTML = await response.text();
  } catch {
    place.textContent = "It could not be read; close and open it again.";
    branch.dataset.tree = address;
  }
}, true);
