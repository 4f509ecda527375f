export default { test: { include: ["*.vitest.test.js"], globalSetup: "bodega-testing/global-setup", testTimeout: 60000, hookTimeout: 60000 } };
