// Loaded before a client: whatever host it has built in, its connections lead to BODEGA_API.
const https = require("node:https");
const tls = require("node:tls");

const [host, port] = process.env.BODEGA_API.split(":");
https.globalAgent.createConnection = (options, done) =>
  tls.connect({ ...options, host, port: Number(port), servername: options.host }, done);
