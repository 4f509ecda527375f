export { teardown as default } from "bodega-testing/global-setup";
