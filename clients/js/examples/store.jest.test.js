import { expect, test } from "@jest/globals";
import { useStore } from "bodega-testing/jest";
import { suite } from "./store.body.js";

suite({ test, expect, own: useStore({ seed: { products: 2 } }) });
