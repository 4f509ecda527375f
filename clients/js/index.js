/** A client of Bodega's lab: stores, their clocks, faults, snapshots and journals, for a test's own process. */

import { spawn } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MATCH = new Set([
  "method", "path", "operation", "account", "headers", "body", "scope", "destination", "hook_id",
]);
const SCHEDULE = new Set(["nth", "every", "probability", "count", "from", "until", "seed"]);

/** The lab refused a call; `status` is its HTTP status. */
export class LabError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "LabError";
    this.status = status;
  }
}

/** The control API of a server, as http://127.0.0.1:8080; `key` is its --lab-key, if it has one. */
export class Lab {
  #headers;

  constructor(url, key) {
    this.url = url.replace(/\/+$/, "");
    this.#headers = { accept: "application/json", ...(key ? { "bodega-lab-key": key } : {}) };
  }

  /** One call: the path is below /_bodega/lab. Resolves to the answer's JSON, undefined for 204. */
  async call(method, path, body, query = {}) {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== ""));
    const target = `${this.url}/_bodega/lab${path}${asked.size ? `?${asked}` : ""}`;
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = body === undefined ? this.#headers : { ...this.#headers, "content-type": "application/json" };
    const response = await fetch(target, { method, headers, ...sent });
    const text = await response.text();
    const told = text ? JSON.parse(text) : undefined;
    if (!response.ok) {
      const faults = Object.entries(told?.errors ?? {}).map(([name, what]) => `${name}: ${what}`);
      throw new LabError(response.status, [told?.title ?? `The lab answered with ${response.status}.`, ...faults].join(" "));
    }
    return told;
  }

  /** The facts of all stores. */
  stores() {
    return this.call("GET", "/stores");
  }

  /** Makes a store with one account; `more` are members of the call: plan, limits, settings, accounts. */
  async create(hash, more = {}) {
    const made = await this.call("POST", "/stores", { hash, accounts: [account(hash)], ...more });
    return new Store(this, hash, made.accounts[0]);
  }

  /** Makes a store of another as it stands, or of its `snapshot`. */
  async fork(source, hash, more = {}) {
    const made = await this.call("POST", `/stores/${source}/fork`, { hash, accounts: [account(hash)], ...more });
    return new Store(this, hash, made.accounts[0]);
  }
}

function account(hash) {
  return { name: "app", client_id: `${hash}-client`, token: `${hash}-token`, unlimited: true };
}

/** A store for tests: where its API is, the credentials of its account, and what the lab can do with it. */
export class Store {
  constructor(lab, hash, made) {
    this.lab = lab;
    this.hash = hash;
    this.clientId = made.client_id;
    this.clientSecret = made.client_secret;
    this.token = made.token;
    const call = (method, path, body, query) => lab.call(method, `/stores/${hash}${path}`, body, query);
    const moment = (told) => told.now.replace("+00:00", "Z");
    /** Times are text as 2030-01-31T12:00:00Z, durations as 90s, 10m, 48h, 7d. */
    this.clock = {
      now: async () => moment(await call("GET", "/clock")),
      freeze: async (at) => moment(await call("PUT", "/clock", { mode: "frozen", ...(at ? { now: at } : {}) })),
      advance: async (by) => moment(await call("POST", "/clock/advance", { by })),
      live: async () => moment(await call("PUT", "/clock", { mode: "live" })),
    };
    /** A rule's members are given by their names: what it strikes, when, and the effect (docs/faults.md). */
    this.faults = {
      add: (rule) => {
        const parts = { match: {}, schedule: {}, effect: {} };
        for (const [name, value] of Object.entries(rule)) {
          parts[MATCH.has(name) ? "match" : SCHEDULE.has(name) ? "schedule" : "effect"][name] = value;
        }
        return call("POST", "/faults", parts);
      },
      list: () => call("GET", "/faults"),
      clear: () => call("DELETE", "/faults"),
    };
    this.snapshots = {
      take: (name = "test") => call("POST", "/snapshots", { name }),
      restore: (name = "test") => call("POST", `/snapshots/${encodeURIComponent(name)}/restore`),
    };
    this.journal = {
      requests: async (wanted = {}) => (await call("GET", "/journal", undefined, wanted)).reverse(),
      find: (method, path, wanted = {}) => call("POST", "/journal/verify", { method, path, ...wanted }),
      verify: async (method, path, wanted = {}) => {
        const told = await call("POST", "/journal/verify", { method, path, ...wanted });
        if (!told.ok) throw new Error(told.message);
        return told.requests;
      },
      waitFor: (method, path, { seconds = 10, ...wanted } = {}) =>
        this.journal.verify(method, path, { wait: seconds, ...wanted }),
      har: () => call("GET", "/journal/har", undefined, { limit: 10000 }),
      clear: () => call("DELETE", "/journal"),
    };
  }

  /** The base of its API, without a version: http://127.0.0.1:8080/stores/HASH. */
  get url() {
    return `${this.lab.url}/stores/${this.hash}`;
  }

  /** The headers of a request to its API. */
  get headers() {
    return { "X-Auth-Token": this.token, Accept: "application/json", "Content-Type": "application/json" };
  }

  /** One request to its API: the path begins with the version. Resolves to status, headers and json. */
  async request(method, path, body, headers = {}) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.url + path, { method, headers: { ...this.headers, ...headers }, ...sent });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text ? JSON.parse(text) : undefined };
  }

  /** Another account: name, scopes, token, basic, quotas. Resolves to its credentials. */
  account(wanted = {}) {
    return this.lab.call("POST", `/stores/${this.hash}/accounts`, wanted);
  }

  /** Changes settings by name, and resolves to all of them. */
  async settings(changed) {
    return (await this.lab.call("PUT", `/stores/${this.hash}/settings`, { settings: changed })).settings;
  }

  /** Makes one of the named states (docs/states.md). */
  state(name) {
    return this.lab.call("POST", `/stores/${this.hash}/states/${encodeURIComponent(name)}`);
  }

  /** Fills it with sample data: products, customers, orders, seed. */
  seed(amounts) {
    return this.lab.call("POST", `/stores/${this.hash}/seed`, amounts);
  }

  /** Fires an event without a change; `id` names the row, `data` is the payload's. */
  trigger(scope, more = {}) {
    return this.lab.call("POST", `/stores/${this.hash}/events`, { scope, ...more });
  }

  /** Makes a hook of its account. Resolves to its id. */
  async subscribe(scope, destination) {
    const made = await this.request("POST", "/v3/hooks", { scope, destination, is_active: true });
    if (made.status >= 300) throw new LabError(made.status, `The hook for ${scope} was refused: ${made.text}`);
    return made.json.data.id;
  }

  /** Deletes it. */
  delete() {
    return this.lab.call("DELETE", `/stores/${this.hash}`);
  }
}

/** A receiver of webhooks on a free port of this machine: it keeps what comes, and can be waited for. */
export class WebhookReceiver {
  constructor() {
    this.events = [];
    /** Decides the status of the answer to an event. */
    this.answer = () => 200;
    this.waiting = new Set();
  }

  async listen() {
    this.server = createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts);
        let status = 400;
        try {
          const payload = JSON.parse(body.toString());
          const event = { scope: payload.scope, data: payload.data, id: request.headers["webhook-id"] ?? "",
            headers: request.headers, body, payload };
          this.events.push(event);
          status = this.answer(event);
          for (const look of [...this.waiting]) look();
        } catch {
          status = 400;
        }
        response.writeHead(status, { "content-length": 0 }).end();
      });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** Its address, for a hook's destination. */
  get url() {
    return `http://127.0.0.1:${this.server.address().port}/hook`;
  }

  /** What came of a scope; `store/order/*` covers all below it. */
  of(scope) {
    const start = scope.endsWith("/*") ? scope.slice(0, -1) : undefined;
    return this.events.filter((one) => one.scope === scope || (start !== undefined && one.scope.startsWith(start)));
  }

  /** Resolves to the events of a scope once so many have come; rejects if they do not within so many seconds. */
  waitFor(scope, count = 1, seconds = 10) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.of(scope);
        if (found.length < count) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        const came = this.events.map((event) => event.scope).join(", ") || "nothing";
        reject(new Error(`${this.of(scope).length} of ${count} events ${scope} came in ${seconds} s; came: ${came}.`));
      }, seconds * 1000);
      this.waiting.add(look);
      look();
    });
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Whether an event's signature is right under the client secret of its hook's account. */
export function isSigned(event, secret) {
  const signed = Buffer.concat([Buffer.from(`${event.id}.${event.headers["webhook-timestamp"]}.`), event.body]);
  const own = createHmac("sha256", secret).update(signed).digest();
  return String(event.headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const [version, text] = one.split(",", 2);
    const given = Buffer.from(text ?? "", "base64");
    return version === "v1" && given.length === own.length && timingSafeEqual(given, own);
  });
}

/** Starts a server of its own: `command` is how bodega is called here. Resolves to the lab and what stops it. */
export async function startServer({ command = process.env.BODEGA_COMMAND ?? "bodega" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "bodega-"));
  const [program, ...words] = command.split(" ");
  const options = ["serve", "--lab", "--insecure-http", "--json", "--data", folder, "--http-port", "0", "--https-port", "0"];
  const process_ = spawn(program, [...words, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  process_.stderr.on("data", (part) => (log = (log + part).slice(-4000)));
  const described = await new Promise((resolve, reject) => {
    let text = "";
    process_.on("error", (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
    process_.on("exit", (code) => reject(new Error(`Bodega ended with ${code}: ${log}`)));
    process_.stdout.on("data", (part) => {
      text += part;
      if (text.trimEnd().endsWith("}")) resolve(JSON.parse(text));
    });
  });
  const stop = async () => {
    process_.removeAllListeners("exit");
    const ended = new Promise((resolve) => process_.on("exit", resolve));
    process_.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { lab: new Lab(described.http), url: described.http, stop };
}
