// Shows the states of a country and the shipping options of an address while it is typed. Everything works without it.
(() => {
  "use strict";
  const summary = document.querySelector(".summary details");
  if (summary && matchMedia("(max-width: 57.9rem)").matches) summary.open = false;
  const form = document.querySelector("form[data-address]");
  const once = document.querySelector("form[data-once]");
  if (once) once.addEventListener("submit", (event) => {
    if (once.dataset.sent) event.preventDefault();
    once.dataset.sent = "1";
    once.querySelector("button[type=submit]").setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => { if (once) delete once.dataset.sent; });
  if (!form) return;
  const country = form.querySelector("#countryCodeInput");
  const options = document.querySelector("#shipping-options");
  let asked = 0, shown = "", timer = 0;

  const address = () => {
    const data = new URLSearchParams(new FormData(form));
    for (const name of ["shippingOption", "orderMessage", "sameBilling"]) data.delete(name);
    return data.toString();
  };
  const isWhole = () => [...form.querySelectorAll(".fields [required]")].every((one) => one.value.trim());

  async function ask(force) {
    if (!options || !isWhole()) return;
    const now = address();
    if (!force && now === shown) return;
    shown = now;
    const number = ++asked;
    options.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form));
      const reply = await fetch("/checkout/options", { method: "POST", body });
      const text = await reply.text();
      if (number !== asked || !reply.ok) return;
      const parts = new DOMParser().parseFromString(text, "text/html");
      const found = (name) => parts.querySelector(`[data-part=${name}]`);
      if (!force) options.replaceChildren(...found("options").childNodes);
      document.querySelector("#totals").replaceChildren(...found("totals").childNodes);
      summary.querySelector("summary span").textContent = document.querySelector("#totals .grand dd").firstChild.textContent;
    } catch { shown = ""; } finally {
      if (number === asked) options.removeAttribute("aria-busy");
    }
  }
  const soon = () => { clearTimeout(timer); timer = setTimeout(() => ask(false), 250); };

  // The field of a state: a choice where the country has some, else a text.
  const place = form.querySelector("#province"), states = fetch(place.dataset.states).then((reply) => reply.json());
  function make(tag, facts, ...inside) {
    const made = Object.assign(document.createElement(tag), facts);
    made.append(...inside);
    return made;
  }
  country.addEventListener("change", async () => {
    const found = (await states)[country.value], words = "State or province";
    const facts = { autocomplete: "address-level1" };
    const field = found
      ? make("select", { ...facts, id: "provinceCodeInput", name: "provinceCode", required: true },
        make("option", { value: "" }, "Choose …"), ...Object.entries(found).map(([value, name]) => make("option", { value }, name)))
      : make("input", { ...facts, id: "provinceInput", name: "province", maxLength: 255 });
    const label = make("label", { htmlFor: field.id }, words);
    if (!found) label.append(" ", make("span", { className: "soft" }, "optional"));
    place.replaceChildren(make("div", { className: "field" }, label, field));
    soon();
  });
  form.addEventListener("input", (event) => { if (event.target.name !== "shippingOption") soon(); });
  form.addEventListener("change", (event) => {
    if (event.target.name === "shippingOption") ask(true); else soon();
  });
  form.addEventListener("submit", () => { asked += 1; clearTimeout(timer); });
  if (!shown && options && !options.querySelector("input")) soon(); else shown = address();
})();
