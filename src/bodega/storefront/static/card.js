// Lays a frame over each field of the card, as the pages of payment services do: a test of a shop may fill either. The
// field beneath is what the form sends, and all there is without a script.
(() => {
  "use strict";
  const style = document.querySelector("link[rel=stylesheet]").href;
  const kept = ["inputmode", "placeholder", "autocomplete", "maxlength", "required", "aria-invalid"];

  function fill(inside, place, label, field) {
    const root = inside.documentElement, sheet = inside.createElement("link"), input = inside.createElement("input");
    root.lang = document.documentElement.lang;
    Object.assign(sheet, { rel: "stylesheet", href: style });
    inside.head.append(sheet);
    inside.title = label.textContent;
    inside.body.className = "inframe";
    input.id = place.dataset.frame;
    input.value = field.value;
    input.setAttribute("aria-label", label.textContent);
    for (const name of kept) if (field.hasAttribute(name)) input.setAttribute(name, field.getAttribute(name));
    inside.body.append(input);
    const fault = place.querySelector(".fault");
    if (fault) {
      const told = inside.createElement("p");
      Object.assign(told, { id: "fault", hidden: true, textContent: fault.textContent });
      inside.body.append(told);
      input.setAttribute("aria-describedby", "fault");
    }
    return input;
  }

  for (const place of document.querySelectorAll("[data-frame]")) {
    const label = place.querySelector("label"), field = place.querySelector("input");
    const both = document.createElement("div"), frame = document.createElement("iframe");
    both.className = "framed";
    frame.title = label.textContent;
    frame.srcdoc = "<!doctype html><meta name=color-scheme content='light dark'>";
    frame.addEventListener("load", () => {
      const input = fill(frame.contentDocument, place, label, field);
      input.addEventListener("input", () => { field.value = input.value; });
      input.addEventListener("focus", () => both.classList.add("focused"));
      input.addEventListener("blur", () => both.classList.remove("focused"));
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") field.form.requestSubmit(field.form.querySelector("button[type=submit]"));
      });
      field.addEventListener("input", () => { input.value = field.value; });
      label.addEventListener("click", (event) => { event.preventDefault(); input.focus(); });
      field.tabIndex = -1;
      field.setAttribute("aria-hidden", "true");
    }, { once: true });
    field.replaceWith(both);
    both.append(field, frame);
  }
})();
