import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { fixtures } from "./fixtures.js";

export const useStore = fixtures({ beforeAll, beforeEach, afterEach, afterAll });
