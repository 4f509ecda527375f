export class LabError extends Error {
  status: number;
}
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: any;
}
export interface Rule {
  [member: string]: unknown;
}
export class Lab {
  constructor(url: string, key?: string);
  url: string;
  call(method: string, path: string, body?: unknown, query?: Record<string, unknown>): Promise<any>;
  stores(): Promise<any[]>;
  create(hash: string, more?: Record<string, unknown>): Promise<Store>;
  fork(source: string, hash: string, more?: Record<string, unknown>): Promise<Store>;
}
export class Store {
  constructor(lab: Lab, hash: string, made: Record<string, string>);
  lab: Lab;
  hash: string;
  clientId: string;
  clientSecret: string;
  token: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  clock: {
    now(): Promise<string>;
    freeze(at?: string): Promise<string>;
    advance(by: string): Promise<string>;
    live(): Promise<string>;
  };
  faults: { add(rule: Rule): Promise<any>; list(): Promise<any[]>; clear(): Promise<void> };
  snapshots: { take(name?: string): Promise<any>; restore(name?: string): Promise<any> };
  journal: {
    requests(wanted?: Record<string, unknown>): Promise<any[]>;
    find(method: string, path: string, wanted?: Record<string, unknown>): Promise<any>;
    verify(method: string, path: string, wanted?: Record<string, unknown>): Promise<any[]>;
    waitFor(method: string, path: string, wanted?: Record<string, unknown>): Promise<any[]>;
    har(): Promise<any>;
    clear(): Promise<void>;
  };
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  account(wanted?: Record<string, unknown>): Promise<any>;
  settings(changed: Record<string, unknown>): Promise<Record<string, unknown>>;
  state(name: string): Promise<any>;
  seed(amounts: Record<string, number>): Promise<any>;
  trigger(scope: string, more?: Record<string, unknown>): Promise<any>;
  subscribe(scope: string, destination: string): Promise<number>;
  delete(): Promise<void>;
}
export interface WebhookEvent {
  scope: string;
  data: any;
  id: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  payload: any;
}
export class WebhookReceiver {
  events: WebhookEvent[];
  answer: (event: WebhookEvent) => number;
  readonly url: string;
  listen(): Promise<this>;
  of(scope: string): WebhookEvent[];
  waitFor(scope: string, count?: number, seconds?: number): Promise<WebhookEvent[]>;
  close(): Promise<void>;
}
export function isSigned(event: WebhookEvent, secret: string): boolean;
export function startServer(options?: { command?: string }): Promise<{
  lab: Lab;
  url: string;
  stop(): Promise<void>;
}>;
