import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { fixtures } from "./fixtures.js";

export const useStore = fixtures({ beforeAll, beforeEach, afterEach, afterAll });
