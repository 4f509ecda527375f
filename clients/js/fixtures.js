/** A store of its own for each test, from the hooks of a test framework. */

import { Lab, WebhookReceiver } from "./index.js";

const SETTINGS = { journal: "full", "webhooks.allow_private": true, "images.allow_private": true };
let count = 0;

/**
 * Makes `useStore(options)`: called at the top of a file, it returns an object whose members are those of the running
 * test's store. Options: `seed` (amounts), `prepare` (an async function of the template store), `plan`.
 */
export function fixtures({ beforeAll, beforeEach, afterEach, afterAll }) {
  return function useStore({ seed, prepare, plan = "enterprise" } = {}) {
    const own = `${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    const current = { store: undefined, webhooks: undefined };
    let template;
    beforeAll(async () => {
      if (!process.env.BODEGA_URL) {
        throw new Error("BODEGA_URL is not set: add bodega-testing/global-setup to globalSetup, or start a server.");
      }
      const lab = new Lab(process.env.BODEGA_URL, process.env.BODEGA_LAB_KEY);
      template = await lab.create(`template-${own}`, { plan, settings: SETTINGS });
      if (seed) await template.seed(seed);
      if (prepare) await prepare(template);
    });
    beforeEach(async () => {
      count += 1;
      current.store = await template.lab.fork(template.hash, `test-${own}-${count}`);
      current.webhooks = await new WebhookReceiver().listen();
    });
    afterEach(async () => {
      await current.webhooks?.close();
      await current.store?.delete();
    });
    afterAll(async () => {
      await template?.delete();
    });
    return current;
  };
}
