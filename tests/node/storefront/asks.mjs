// Asks a shop through the vendor's client of its storefront API, unmodified; only where the network leads is our own.
// Arguments: the module, the port, a token of the shop, its hash. Writes what it met as JSON.
import http from 'node:http';
import { createRequire } from 'node:module';

const [module, port, token, host] = process.argv.slice(2);
process.env.BIGCOMMERCE_GRAPHQL_API_DOMAIN = 'localhost';
const sent = [];

globalThis.fetch = (address, { method = 'GET', headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const url = new URL(address);
    sent.push({ host: url.host, path: url.pathname + url.search });
    const request = http.request(
      { host: '127.0.0.1', port, path: url.pathname + url.search, method, headers: { ...headers, host: url.host } },
      (reply) => {
        const parts = [];
        reply.on('data', (part) => parts.push(part));
        reply.on('end', () =>
          resolve(new Response(Buffer.concat(parts), { status: reply.statusCode, headers: reply.headers })),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });

const { createClient } = createRequire(import.meta.url)(module);
const told = [];
const log = console.log;
console.log = (line) => told.push(line);
const failed = [];
const make = (storefrontToken) =>
  createClient({
    storeHash: host,
    storefrontToken,
    channelId: '1',
    logger: true,
    beforeRequest: () => ({ headers: { 'Accept-Language': 'en', 'X-Forwarded-For': '203.0.113.9' } }),
    onError: (error, kind) => failed.push([error.name, kind]),
  });
const client = make(token);
const caught = async (work) => {
  try {
    return { data: await work() };
  } catch (error) {
    return { error: error.name, status: error.status, codes: error.errors?.map((one) => one.extensions?.code) };
  }
};

const PRODUCTS = `
  query ProductsQuery($first: Int!, $currency: currencyCode) {
    site { products(first: $first) { edges { node { ...Card } } } }
  }
  fragment Card on Product { name prices(currencyCode: $currency) { price { value currencyCode } } }
`;
const BROKEN = 'query Broken { site { product { name } settings { storeName } } }';
const CART = `
  mutation CreateCart($input: CreateCartInput!) { cart { createCart(input: $input) { cart { lineItems { totalQuantity } } } } }
`;
const ME = 'query Me { customer { email } }';

const found = {
  products: await caught(() => client.fetch({ document: PRODUCTS, variables: { first: 2, currency: 'USD' } })),
  again: await caught(() => client.fetch({ document: PRODUCTS, variables: { first: 1 } })),
  broken: await caught(() => client.fetch({ document: BROKEN })),
  all: await caught(() => client.fetch({ document: BROKEN, errorPolicy: 'all' })),
  ignored: await caught(() => client.fetch({ document: BROKEN, errorPolicy: 'ignore' })),
  invalid: await caught(() => client.fetch({ document: '{ nothing }' })),
  signedOut: await caught(() => client.fetch({ document: ME, customerAccessToken: 'wrong' })),
  notChecked: await caught(() =>
    client.fetch({ document: ME, customerAccessToken: 'wrong', validateCustomerAccessToken: false }),
  ),
  cart: await caught(() =>
    client.fetch({ document: CART, variables: { input: { lineItems: [{ productEntityId: 1, quantity: 2 }] } } }),
  ),
  wrongToken: await caught(() => make('wrong').fetch({ document: ME })),
  sitemap: await caught(() => client.fetchSitemapIndex()),
};
log(JSON.stringify({ found, told, failed, sent }));
