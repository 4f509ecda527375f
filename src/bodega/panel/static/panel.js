// What the pages gain where scripts run: copying, the matrix of permissions chosen and filtered at once. Everything works
// without.
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
  if (event.target.closest("[data-print]")) print();
  const choose = event.target.closest("[data-choose]");
  if (choose) {
    for (const radio of choose.form.querySelectorAll(`input[type=radio][value="${choose.dataset.choose}"]`)) {
      radio.checked = true;
    }
    sumUp(choose.form);
  }
});

// The matrix of permissions: a preset is shown row by row, and what all choices come to.
const sumUp = (form) => {
  const sum = document.getElementById("effective");
  if (!sum) return;
  const scopes = new Set();
  for (const chosen of form.querySelectorAll("#matrix input:checked")) {
    if (chosen.value === "none") continue;
    scopes.add(chosen.dataset.scope);
    const reads = chosen.value === "modify" && chosen.closest("tr").querySelector("input[value=read]");
    if (reads) scopes.add(reads.dataset.scope);
  }
  sum.textContent = [...scopes].sort().join(", ") || "none";
};

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.querySelector("#matrix")) return;
  if (event.target.id === "preset") {
    const place = event.target.selectedOptions[0].dataset.place;
    for (const row of place === undefined ? [] : form.querySelectorAll("#matrix tr[data-levels]")) {
      const level = row.dataset.levels.split(" ")[place];
      const radio = row.querySelector(`input[value=${level}]`) ?? row.querySelector("input[value=read]");
      (level === "none" || !radio ? row.querySelector("input[value=none]") : radio).checked = true;
    }
  } else if (event.target.type === "radio") {
    form.elements.preset.value = "";
  }
  sumUp(form);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  const search = document.getElementById("search-all");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return;
  event.preventDefault();
  if (!search.offsetParent) location.hash = "menu";
  search.focus();
});

document.addEventListener("input", (event) => {
  if (!event.target.dataset.filter) return;
  const words = event.target.value.toLowerCase().trim().split(/\s+/);
  const whole = document.getElementById(event.target.dataset.filter);
  let found = 0;
  for (const group of whole.children) {
    let here = 0;
    for (const one of group.querySelectorAll("[data-words]")) {
      one.hidden = !words.every((word) => one.dataset.words.includes(word));
      here += !one.hidden;
    }
    group.hidden = !here;
    found += here;
  }
  const none = document.getElementById(`${whole.id}-none`);
  if (none) none.hidden = found > 0;
});

document.addEventListener("htmx:responseError", () => {
  document.getElementById("announcement")?.replaceChildren("The server did not answer as expected; reload the page.");
});
