/* A part of a page is fetched when it is seen for the first time. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const fill = async (place) => {
    try {
      const response = await fetch(place.dataset.part);
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      place.replaceWith(document.createRange().createContextualFragment(await response.text()));
    } catch {
      place.textContent = "It could not be read; load the page again.";
    }
  };
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watch.unobserve(entry.target);
      fill(entry.target);
    }
  });
  document.querySelectorAll("[data-part]").forEach((place) => watch.observe(place));
});
