// What the pages gain where scripts run: copying, columns of the matrix chosen at once, strips of links that begin where
// one is. Everything works without.
"use strict";
document.documentElement.classList.add("js");

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = copy.textContent;
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = before; }, 1500);
    return;
  }
  const choose = event.target.closest("[data-choose]");
  if (choose) {
    for (const radio of choose.form.querySelectorAll(`input[type=radio][value="${choose.dataset.choose}"]`)) {
      radio.checked = true;
    }
  }
});

document.addEventListener("DOMContentLoaded", () => {
  for (const here of document.querySelectorAll(".ways [aria-current], .tabs [aria-current]")) {
    const strip = here.closest("nav");
    strip.scrollLeft += here.getBoundingClientRect().left - strip.getBoundingClientRect().left - strip.clientWidth / 3;
  }
});

document.addEventListener("htmx:responseError", () => {
  document.getElementById("announcement")?.replaceChildren("The server did not answer as expected; reload the page.");
});
