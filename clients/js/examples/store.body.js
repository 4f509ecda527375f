/** The same tests for each framework: `test` and `expect` are the framework's, `own` what useStore returned. */

import { isSigned } from "bodega-testing";

const BRAND = { name: "Acme" };

export function suite({ test, expect, own }) {
  test("a store of its own", async () => {
    const { store } = own;
    expect((await store.request("GET", "/v3/catalog/products")).json.meta.pagination.total).toBe(2);
    expect((await store.request("POST", "/v3/catalog/brands", BRAND)).status).toBe(200);
    expect(store.token).toBe(`${store.hash}-token`);
  });

  test("nothing of another test is there", async () => {
    expect((await own.store.request("GET", "/v3/catalog/brands?name=Acme")).json.data).toEqual([]);
  });

  test("the clock", async () => {
    expect(await own.store.clock.freeze("2031-05-06T07:08:09Z")).toBe("2031-05-06T07:08:09Z");
    expect(await own.store.clock.advance("48h")).toBe("2031-05-08T07:08:09Z");
  });

  test("faults", async () => {
    const { store } = own;
    await store.faults.add({ status: 503, method: "GET", path: "/v3/catalog/*", count: 2 });
    const statuses = [];
    for (let turn = 0; turn < 3; turn += 1) {
      statuses.push((await store.request("GET", "/v3/catalog/summary")).status);
    }
    expect(statuses).toEqual([503, 503, 200]);
  });

  test("webhooks", async () => {
    const { store, webhooks } = own;
    await store.subscribe("store/category/*", webhooks.url);
    await store.request("POST", "/v3/catalog/categories", { name: "New", parent_id: 0 });
    const [event] = await webhooks.waitFor("store/category/created");
    expect(isSigned(event, store.clientSecret)).toBe(true);
    expect(isSigned(event, "another")).toBe(false);
    await expect(webhooks.waitFor("store/order/created", 1, 0.1)).rejects.toThrow("0 of 1 events");
  });

  test("snapshots", async () => {
    const { store } = own;
    await store.snapshots.take();
    await store.request("DELETE", "/v3/catalog/products?id:in=1,2");
    await store.snapshots.restore();
    expect((await store.request("GET", "/v3/catalog/products")).json.data.length).toBe(2);
  });

  test("the journal", async () => {
    const { store } = own;
    await store.request("PUT", "/v3/catalog/products/1", { price: 7, name: "Seven" });
    await store.journal.verify("PUT", "/v3/catalog/products/1", { body: { price: 7 }, times: 1 });
    await expect(store.journal.verify("PUT", "/v3/catalog/products/1", { body: { price: 8 } })).rejects.toThrow("never");
    expect((await store.journal.requests({ method: "PUT" })).length).toBe(1);
  });

  test("a refusal says why", async () => {
    await expect(own.store.faults.add({ status: 999 })).rejects.toThrow(/status/);
  });
}
