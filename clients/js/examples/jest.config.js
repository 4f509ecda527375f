export default {
  testMatch: ["**/*.jest.test.js"],
  globalSetup: "bodega-testing/global-setup",
  globalTeardown: "./jest.teardown.js",
  testTimeout: 60000,
  transform: {},
};
