// The editor of HTML texts, over the text area that stays the form's field and is the HTML view. What is stored is never
// put into the page as it stands: elements of TAGS are rebuilt with the few attributes that show something, their own
// attributes are set aside; everything else becomes a mark that cannot be edited. Blocks that nobody edited are written
// back as they stood, letter for letter, and the field is not touched before something was edited.
"use strict";

const TAGS = new Set(("a b blockquote br caption cite code dd div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li"
  + " ol p pre s small span strong sub sup table tbody td tfoot th thead tr u ul").split(" "));
const GONE = new Set("base embed head iframe link math meta noscript object script style svg template title".split(" "));
const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
const SHOWN = { a: ["href"], img: ["src", "alt", "width", "height"], td: ["colspan", "rowspan"], th: ["colspan", "rowspan"] };
const CLEAR = { b: "strong", i: "em" };
const BLOCK = "blockquote, div, dl, figure, h1, h2, h3, h4, h5, h6, hr, ol, p, pre, table, ul";
const WHOLE_PAGE = /<(?:!doctype|html|head|body|script|style)\b/i;

// The policy complains of inline styles and handlers even where they do nothing, so they have other names meanwhile.
const renamed = (source) => source.replace(/<[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi, (tag) =>
  tag.replace(/"[^"]*"|'[^']*'|([\s/])(style|on[a-z]+)(?=\s*=)/gi, (all, before, name) => name ? `${before}aside-${name}` : all));
const named = (name) => name.replace(/^aside-(?=style$|on)/, "");
const parsed = (source) => new DOMParser().parseFromString(`<body>${renamed(source)}`, "text/html").body;
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\u00a0/g, "&nbsp;");
const attribute = (name, value) => ` ${name}="${value.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/\u00a0/g, "&nbsp;")}"`;
const isSafe = (url) => !/^[\s\u0000-\u0020]*(?!https?:|mailto:|tel:)[a-z][a-z0-9+.\-\s]*:/i.test(url);
const isHere = (url) => { try { return new URL(url, location.href).origin === location.origin; } catch { return false; } };

// Where a text can be cut into blocks: after each element of its outermost level.
const blocks = (source) => {
  const found = [];
  let depth = 0, from = 0;
  for (const tag of source.matchAll(/<!--[^]*?-->|<(\/?)([a-z][a-z0-9]*)\b(?:"[^"]*"|'[^']*'|[^'">])*>/gi)) {
    if (tag[2] && !VOID.has(tag[2].toLowerCase())) depth += tag[1] ? -1 : 1;
    if (depth < 0) return [source];
    if (depth === 0) { found.push(source.slice(from, tag.index + tag[0].length)); from = tag.index + tag[0].length; }
  }
  if (from < source.length) found.push(source.slice(from));
  const apart = found.map((one) => parsed(one).innerHTML).join("");
  return depth === 0 && apart === parsed(source).innerHTML ? found : [source];
};

class Editor {
  constructor(area) {
    this.area = area;
    this.aside = [];
    this.label = document.querySelector(`label[for="${area.id}"]`);
    this.label.id ||= `${area.id}-label`;
    this.needed = area.required;
    this.surface = this.made("div", { id: `${area.id}-text`, class: "rich-text", contenteditable: "true", role: "textbox",
      "aria-multiline": "true", "aria-labelledby": this.label.id });
    const about = area.getAttribute("aria-describedby");
    if (about) this.surface.setAttribute("aria-describedby", about);
    this.asked = this.made("div", { class: "rich-ask", role: "group", "aria-label": "What to insert" });
    this.asked.hidden = true;
    this.bar = this.toolbar();
    area.before(this.bar, this.asked, this.surface);
    this.listen();
    this.show(!WHOLE_PAGE.test(area.value));
  }

  made(tag, attributes, ...content) {
    const one = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    one.append(...content);
    return one;
  }

  // Reading and writing

  read() {
    this.aside = [];
    this.surface.replaceChildren();
    this.kept = blocks(this.area.value).map((source) => {
      const nodes = [...parsed(source).childNodes].map((node) => this.shown(node)).filter(Boolean);
      this.surface.append(...nodes);
      return { source, nodes, html: nodes.map((node) => this.html(node)).join("") };
    });
    this.dirty = false;
  }

  shown(node) {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    const tag = node.localName;
    if (!TAGS.has(tag)) {
      this.aside.push({ source: node.nodeType === Node.COMMENT_NODE ? `<!--${node.data}-->`
        : node.outerHTML.replace(/ aside-(?=style=|on[a-z]+=)/g, " ") });
      return this.made("span", { class: "rich-kept", contenteditable: "false", "data-kept": this.aside.length - 1 },
        tag ? `<${tag}>` : "comment");
    }
    this.aside.push({ tag, attributes: [...node.attributes].map(({ name, value }) => [named(name), value]) });
    const one = this.made(tag, { "data-aside": this.aside.length - 1 });
    this.dress(one, node);
    for (const child of node.childNodes) one.append(this.shown(child));
    return one;
  }

  dress(one, like) {
    for (const name of SHOWN[one.localName] ?? []) {
      const value = like.getAttribute(name);
      if (value === null || !isSafe(value)) continue;
      if (name !== "src" || isHere(value)) one.setAttribute(name, value);
      else one.alt ||= value;
    }
  }

  html(node, ids = new Set()) {
    if (node.nodeType === Node.TEXT_NODE) return escaped(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.dataset.kept) return this.aside[node.dataset.kept].source;
    const was = this.aside[node.dataset.aside];
    const inner = () => [...node.childNodes].map((child) => this.html(child, ids)).join("");
    const same = was && was.tag === node.localName;
    if (!same && (!TAGS.has(node.localName) || node.localName === "span")) return inner();
    const tag = same ? was.tag : CLEAR[node.localName] ?? node.localName;
    const given = same ? was.attributes.filter(([name, value]) => name !== "id" || !ids.has(value))
      : (SHOWN[tag] ?? []).filter((name) => node.hasAttribute(name)).map((name) => [name, node.dataset[name] ?? node.getAttribute(name)]);
    given.forEach(([name, value]) => name === "id" && ids.add(value));
    const open = `<${tag}${given.map(([name, value]) => attribute(name, value)).join("")}>`;
    if (VOID.has(tag)) return open;
    return /^(p|h[1-6])$/.test(tag) && node.querySelector(BLOCK) ? this.lifted(node, open, ids) : `${open}${inner()}</${tag}>`;
  }

  // A paragraph in which the browser put a list or a table: they stand beside its text instead.
  lifted(node, open, ids) {
    let text = "", inline = "";
    const close = () => { text += inline.trim() && `${open}${inline}</${node.localName}>`; inline = ""; };
    for (const child of node.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE && child.matches(BLOCK)) { close(); text += this.html(child, ids); }
      else inline += this.html(child, ids);
    }
    close();
    return text;
  }

  write() {
    if (!this.dirty) return;
    const starts = new Map(this.kept.filter(({ nodes }) => nodes.length).map((one) => [one.nodes[0], one]));
    const nodes = [...this.surface.childNodes], ids = new Set();
    let text = "";
    for (let place = 0; place < nodes.length;) {
      const block = starts.get(nodes[place]);
      const whole = block && block.nodes.every((node, after) => nodes[place + after] === node)
        && block.nodes.map((node) => this.html(node)).join("") === block.html;
      text += whole ? block.source : this.html(nodes[place], ids);
      place += whole ? block.nodes.length : 1;
    }
    this.area.value = /^(<(p|div)>)?(<br>)?(<\/(p|div)>)?$/.test(text) ? "" : text;
    this.dirty = false;
  }

  show(rich) {
    if (rich) this.read();
    else if (this.rich) this.write();
    this.rich = rich;
    this.area.hidden = rich;
    if (rich) this.label.removeAttribute("for");
    else this.label.htmlFor = this.area.id;
    this.area.required = this.needed && !rich;
    this.surface.hidden = !rich;
    this.asked.hidden = true;
    for (const button of this.buttons) button.disabled = !rich && button !== this.source;
    this.source.setAttribute("aria-pressed", String(!rich));
    this.stop(rich ? this.buttons[0] : this.source);
  }

  // The toolbar: one stop of the Tab key, arrows within (the toolbar pattern of ARIA)

  toolbar() {
    const does = (name, value) => () => this.does(name, value);
    const all = [
      ["B", "Bold", does("bold"), "bold"], ["I", "Italic", does("italic"), "italic"],
      ["H2", "Heading", does("formatBlock", "h2")], ["H3", "Smaller heading", does("formatBlock", "h3")],
      ["\u00b6", "Plain paragraph", does("formatBlock", "p")],
      ["\u2022", "Bulleted list", does("insertUnorderedList"), "insertUnorderedList"],
      ["1.", "Numbered list", does("insertOrderedList"), "insertOrderedList"],
      ["Link", "Link", () => this.askLink()], ["Image", "Image", () => this.askImage()],
      ["Table", "Table", () => this.insert("<table><tbody><tr><th>&nbsp;</th><th>&nbsp;</th></tr>"
        + "<tr><td>&nbsp;</td><td>&nbsp;</td></tr></tbody></table><p><br></p>")],
      ["\u21b6", "Undo", does("undo")], ["\u21b7", "Redo", does("redo")],
      ["HTML", "HTML view", () => this.show(!this.rich)],
    ];
    this.buttons = all.map(([sign, title, act, state]) => {
      const button = this.made("button", { type: "button", class: "small", "aria-label": title, title, tabindex: "-1" }, sign);
      if (state) { button.dataset.state = state; button.setAttribute("aria-pressed", "false"); }
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => { this.stop(button); act(); });
      return button;
    });
    this.source = this.buttons.at(-1);
    return this.made("div", { class: "rich-bar", role: "toolbar", "aria-label": "Format",
      "aria-controls": `${this.area.id}-text` }, ...this.buttons);
  }

  stop(button) {
    for (const one of this.buttons) one.tabIndex = one === button ? 0 : -1;
  }

  does(name, value) {
    this.restore();
    document.execCommand("styleWithCSS", false, false);
    document.execCommand("defaultParagraphSeparator", false, "p");
    document.execCommand(name, false, value);
    this.edited();
  }

  insert(html) { this.does("insertHTML", html); }

  edited() {
    this.dirty = true;
    for (const button of this.buttons) {
      if (button.dataset.state) button.setAttribute("aria-pressed", String(document.queryCommandState(button.dataset.state)));
    }
  }

  restore() {
    this.surface.focus();
    if (!this.range) return;
    getSelection().removeAllRanges();
    getSelection().addRange(this.range);
  }

  ask(fields, insert, ...more) {
    const inputs = fields.map(([title, value], place) => {
      const id = `${this.area.id}-ask-${place}`;
      return this.made("div", { class: "field" }, this.made("label", { for: id }, title),
        this.made("input", { type: "text", id, value, autocomplete: "off" }));
    });
    const button = (title, act) => {
      const one = this.made("button", { type: "button", class: "small" }, title);
      one.addEventListener("click", act);
      return one;
    };
    const close = () => { this.asked.hidden = true; this.restore(); };
    const wrong = this.made("p", { class: "wrong", role: "alert" });
    const done = () => {
      const values = inputs.map((one) => one.querySelector("input").value.trim());
      if (!values[0] || !isSafe(values[0])) { wrong.textContent = "Enter an address, such as https://example.com/lamp."; return; }
      close();
      insert(...values);
    };
    this.asked.replaceChildren(...inputs, wrong, ...more, this.made("div", { class: "row" }, button("Insert", done), button("Cancel", close)));
    this.asked.onkeydown = (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && event.target.localName === "input") done();
      else return;
      event.preventDefault();
    };
    this.asked.hidden = false;
    this.asked.querySelector("input").focus();
  }

  askLink() {
    const inside = this.range?.startContainer.parentElement?.closest(".rich-text a");
    this.ask([["Address of the link", inside?.getAttribute("href") ?? ""]], (url) => {
      if (inside) {
        const range = document.createRange();
        range.selectNodeContents(inside);
        this.range = range;
        this.does("unlink");
      }
      if (this.range?.collapsed ?? true) this.insert(`<a${attribute("href", url)}>${escaped(url)}</a>`);
      else this.does("createLink", url);
    });
  }

  askImage() {
    const put = (url, alt) => {
      const shown = isHere(url) ? url : "data:,";
      this.insert(`<img${attribute("src", shown)}${attribute("data-src", url)}${attribute("alt", alt)}>`);
    };
    const pictures = JSON.parse(this.area.dataset.pictures || "[]").map(([url, alt], place) => {
      const one = this.made("button", { type: "button", class: "small", "aria-label": `Picture ${place + 1}: ${alt || "no description"}` },
        isHere(url) ? this.made("img", { src: url, alt: "", class: "thumb" }) : `Picture ${place + 1}`);
      one.addEventListener("click", () => { this.asked.hidden = true; put(url, alt); });
      return one;
    });
    const row = this.made("div", { class: "row" }, ...pictures);
    this.ask([["Address of the image", ""], ["What it shows", ""]], put, ...(pictures.length ? [row] : []));
  }

  // What is typed and pasted

  listen() {
    this.surface.addEventListener("input", () => this.edited());
    this.surface.addEventListener("blur", () => this.write());
    this.surface.addEventListener("paste", (event) => this.paste(event));
    this.surface.addEventListener("drop", (event) => event.preventDefault());
    this.surface.addEventListener("click", (event) => event.target.closest("a") && event.preventDefault());
    this.area.form.addEventListener("submit", () => this.rich && this.write());
    this.label.addEventListener("click", () => this.rich && this.surface.focus());
    document.addEventListener("selectionchange", () => {
      const range = getSelection().rangeCount ? getSelection().getRangeAt(0) : null;
      if (range && this.surface.contains(range.commonAncestorContainer)) this.range = range.cloneRange();
    });
    document.addEventListener("click", (event) => {
      if (this.rich && event.target.closest("a")?.getAttribute("href") === `#${this.area.id}`) this.surface.focus();
    });
    this.bar.addEventListener("keydown", (event) => {
      const able = this.buttons.filter((one) => !one.disabled), here = able.indexOf(event.target);
      const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 }[event.key];
      if (to === undefined || here < 0) return;
      event.preventDefault();
      const next = able.at(to % able.length);
      this.stop(next);
      next.focus();
    });
  }

  paste(event) {
    event.preventDefault();
    const html = event.clipboardData.getData("text/html");
    if (html) this.insert(this.clean(parsed(html.replace(/<style\b[^]*?<\/style>/gi, ""))));
    else this.does("insertText", event.clipboardData.getData("text/plain"));
  }

  clean(node) {
    return [...node.childNodes].map((child) => {
      if (child.nodeType === Node.TEXT_NODE) return escaped(child.data);
      if (child.nodeType !== Node.ELEMENT_NODE || GONE.has(child.localName)) return "";
      const tag = child.localName, inner = this.clean(child);
      if (!TAGS.has(tag) || tag === "span" || tag === "div") return inner;
      const given = (SHOWN[tag] ?? []).filter((name) => child.hasAttribute(name) && isSafe(child.getAttribute(name)));
      if (tag === "img" && !given.includes("src")) return "";
      const said = given.map((name) => name === "src" && !isHere(child.src)
        ? attribute("src", "data:,") + attribute("data-src", child.getAttribute("src")) : attribute(name, child.getAttribute(name)));
      return VOID.has(tag) ? `<${tag}${said.join("")}>` : `<${tag}${said.join("")}>${inner}</${tag}>`;
    }).join("");
  }
}

for (const area of document.querySelectorAll("textarea[data-editor]")) new Editor(area);
