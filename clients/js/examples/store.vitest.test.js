import { expect, test } from "vitest";
import { useStore } from "bodega-testing/vitest";
import { suite } from "./store.body.js";

suite({ test, expect, own: useStore({ seed: { products: 2 } }) });
