/** One server for a whole run, for Vitest's and Jest's `globalSetup`: BODEGA_URL names it to every worker. */

import { startServer } from "./index.js";

export default async function setup() {
  if (process.env.BODEGA_URL) return () => {};
  const server = await startServer();
  process.env.BODEGA_URL = server.url;
  globalThis.__bodega_stop = server.stop;
  return server.stop;
}

export async function teardown() {
  await globalThis.__bodega_stop?.();
  delete globalThis.__bodega_stop;
}
