// The console of an operation's page: sends one request to this server and shows the whole answer.
"use strict";
(() => {
  const form = document.getElementById("console");
  const answer = document.getElementById("answer");
  const find = (id) => document.getElementById(id);
  const kept = ["store", "token"];
  for (const name of kept) {
    const field = find(name);
    if (!field) continue;
    const value = sessionStorage.getItem("bodega." + name);
    if (value) field.value = value;
    field.addEventListener("change", () => sessionStorage.setItem("bodega." + name, field.value));
  }

  const fields = (place) => Array.from(form.querySelectorAll(`[data-in="${place}"]`));

  function request() {
    let path = form.dataset.path;
    for (const field of fields("path")) {
      path = path.replace(`{${field.name}}`, () => encodeURIComponent(field.value));
    }
    const query = new URLSearchParams();
    for (const field of fields("query")) if (field.value !== "") query.append(field.name, field.value);
    const store = find("store");
    const base = form.dataset.base.replace("{store_hash}", () => encodeURIComponent(store ? store.value : ""));
    const headers = { Accept: find("accept").value };
    for (const field of fields("header")) if (field.value !== "") headers[field.name] = field.value;
    const token = find("token");
    if (token && token.value) headers[form.dataset.tokenHeader] = token.value;
    const body = find("body");
    const sent = body && body.value !== "" ? body.value : undefined;
    if (sent !== undefined) headers["Content-Type"] = find("media").value;
    const text = query.toString();
    return { url: base + path + (text ? "?" + text : ""), options: { method: form.dataset.method, headers, body: sent, cache: "no-store", credentials: form.dataset.credentials } };
  }

  const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

  function asCommand({ url, options }) {
    const parts = ["curl -i -X " + options.method, quoted(new URL(url, location.href).href)];
    for (const [name, value] of Object.entries(options.headers)) {
      const shown = name === form.dataset.tokenHeader ? "$TOKEN" : value;
      parts.push(shown === "$TOKEN" ? `-H "${name}: $TOKEN"` : "-H " + quoted(`${name}: ${value}`));
    }
    if (options.body !== undefined) parts.push("--data " + quoted(options.body));
    return parts.join(" \\\n  ");
  }

  function pretty(text, type) {
    if (!/json/.test(type)) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  }

  function steps(headers) {
    const list = find("trace");
    list.replaceChildren();
    const path = headers.get("bodega-path");
    find("traced").hidden = !path;
    for (const step of (path || "").split(/\s*(?:>|,|->)\s*/).filter(Boolean)) {
      const item = document.createElement("li");
      item.textContent = step;
      list.append(item);
    }
  }

  function show(reply, text, took) {
    const reason = reply.headers.get("bodega-reason");
    const status = find("status");
    status.textContent = `${reply.status}${reason ? " " + reason : ""}, ${took} ms`;
    status.className = reply.ok ? "good" : "bad";
    const why = find("why");
    why.hidden = !reason;
    if (reason) why.firstElementChild.href = "/docs/status-codes#" + reason.toLowerCase();
    const rows = find("headers");
    rows.replaceChildren();
    for (const [name, value] of reply.headers) {
      const row = rows.insertRow();
      row.insertCell().textContent = name;
      row.insertCell().textContent = value;
    }
    find("reply").textContent = pretty(text, reply.headers.get("content-type") || "") || "(no body)";
    steps(reply.headers);
  }

  // Credentials are left out: a browser would answer a 401 with a dialog of its own, and keep the fetch waiting.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = request();
    find("command").textContent = asCommand(asked);
    answer.hidden = false;
    find("status").textContent = "Asking ...";
    const began = performance.now();
    try {
      const reply = await fetch(asked.url, asked.options);
      show(reply, await reply.text(), Math.round(performance.now() - began));
    } catch (error) {
      find("status").textContent = "The server could not be asked: " + error.message;
      find("status").className = "bad";
    }
    answer.focus();
  });
  form.querySelector("button").disabled = false;
})();
