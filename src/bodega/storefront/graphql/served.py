"""Which fields of the schema are served, as a page of the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, get_named_type

from bodega.resources.catalog.near_words import FAR
from bodega.storefront.graphql import fields  # noqa: F401 - declares what is served
from bodega.storefront.graphql.documents import (
    DEEPEST,
    LARGEST_PAGE,
    LIKELY,
    MOST_COMPLEX,
    MOST_COSTLY,
    MOST_FIELDS,
    MOST_ITEMS,
    MOST_OBJECTS,
    PAGE,
)
from bodega.storefront.graphql.execution import is_served
from bodega.storefront.graphql.resolvers import COSTLY
from bodega.storefront.graphql.schema import schema

LIST = "storefront_fields.tsv"
"""A list of the types and fields that a public storefront uses, a type a line, beside that of the operations."""


_MUTATIONS = """
## Carts and checkouts

A cart is a row of the store: what shoppers do goes through the operations of the store's own API, with its rules,
prices, events and webhooks, and `GET /v3/carts/{id}` and `GET /v3/checkouts/{id}` show the same. A guest's cart
belongs to who has its id; a customer's only to that customer, signed in by `X-Bc-Customer-Access-Token`: to all
others it does not exist (`NO_SUCH_ENTITY`).

- A mutation that is refused answers null with an error: its code is the reason that the API would give, as
  `VERSION_CONFLICT`, its message begins with `Not enough stock: ` or `Incorrect or mismatch: ` (coupons, gift
  certificates) where clients look for that. Mutations whose results have `errors` (metafields, redirect URLs) tell
  them there.
- Products that shoppers of the channel do not see cannot be bought. A line may be named by its SKU.
- The last line that goes takes the cart with it: `cart` is null. A change of lines takes back the selected shipping
  options and keeps consignments and addresses; a change of an address keeps the option where it is offered there, too.
- `updateCartCurrency` makes a new cart with a new id; shipping options, fees and gift certificates are to be chosen
  anew.
- Metafields that shoppers make are in the namespace `storefront`; they see those that apps have opened to the
  storefront, and change those with `write_and_sf_access`.
- A state is named by its name, its abbreviation or its id. An address to estimate shipping needs only a country. An
  address with `shouldSaveAddress` is put into a signed-in customer's own at once.
- Gift certificates pay in the order in which they are entered, and are spent when the order is made; one that cannot
  be spent any more keeps the order from being made. `outstandingBalance` is what is left.
- `completeCheckout` makes the order, once: asked again it answers with the same order. `paymentAccessToken` pays it
  by `POST /payments` within an hour; it is null where nothing is to pay, and the order then awaits fulfilment. The
  cart and its checkout are gone then: `order` of a checkout is null.
- `applyCheckoutSpamProtection` takes any token: this server asks no such service.
- A cart has one currency: its amounts in the displayed currency are the same amounts.

## Customers

`login` and `loginWithCustomerLoginJwt` give a token for `X-Bc-Customer-Access-Token`, good for 7 days, and the cart of
the browser joined to the customer's. The token is a session of the store: `logout`, another password, a password that
must be chosen anew, a channel that is taken away and a deleted customer end it at once, on every host.

- `Invalid credentials` (`CREDENTIALS_WRONG`) is said of a wrong password and of an unknown address alike;
  `Reset password` (`PASSWORD_RESET_REQUIRED`) where another password must be chosen first. After 10 wrong passwords in
  a minute for an address, together with those that the API is asked to validate, or 100 from one network address, it
  is `PASSWORD_GUESSED`.
- The claims of a sign-in JWT are those of `/login/token/{jwt}`, and each signs in once, here or there.
- `requestResetPassword` answers the same for unknown addresses. The mail is in the outbox: its link is
  `path?c=CUSTOMER&t=TOKEN` at the storefront, good for an hour and once; at most 5 are good at a time.
- An address, a wishlist, an order of somebody else does not exist. A guest sees the order of a cart whose id they give
  as `cartEntityId`. Orders that are incomplete or archived are not shown.
- `errors` of a result name the member by its `path` in the input, as `["input", "address", "countryCode"]`.
- Form fields 1 to 25 are built in. The store's own are made by `/v3/form-fields`, an operation of Bodega's own: `form`
  (`customer` or `address`), `name`, `type` (`checkboxes`, `date`, `multiline`, `numbers`, `password`, `radiobuttons`,
  `text`, `picklist`), `required`, `options` and bounds. Their numbers are their ids and 25; options are numbered from
  0; answers are those of `/v3/customers/form-field-values`.
- Passwords have at least 7 characters, letters and digits.
- `generateSessionSyncJwt` makes a token that carries session and cart to another host of the shop: by
  `validateSessionSyncJwt`, or in a browser at `/session-sync/{token}`; good for 5 minutes and once. A browser
  that has a customer or a cart of its own is asked first, unless it comes from a page of the channel's hosts.
- Wishlists are those of `/v3/wishlists`; `publicWishlist` shows a public one by its token. At most 100 a customer.
- `newsletter.subscribe` makes a subscriber whose source is `storefront`; `unsubscribe` takes the consent back.
- A review is pending unless the store approves reviews at once; a customer reviews a product once.
- `submitContactUs` keeps the message for the panel and `GET /v3/contact-messages` (Bodega's own), for a year, and mails
  it to the address of the page, or to the store's.
- The analytics events are counted by the day and product, for 90 days, unless `consent.analytics` is false; the panel
  shows the numbers. Nothing about the visitor is kept.
- `supportedShippingDestinations` are the countries and states of enabled zones that have an enabled method.
"""


def served() -> dict[str, set[str]]:
    """The fields that are served, by their type: those that a query can reach. An interface has what all of its types
    have."""
    built = schema()
    assert built.query_type is not None
    found: dict[str, set[str]] = {}
    assert built.mutation_type is not None
    waiting: list[Any] = [built.query_type, built.mutation_type]
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            found[kind.name] = set()
            waiting += built.get_possible_types(kind)
        elif isinstance(kind, GraphQLObjectType):
            found[kind.name] = {name for name in kind.fields if is_served(kind.name, name)}
            waiting += [get_named_type(kind.fields[name].type) for name in found[kind.name]]
    for name in list(found):
        reached = built.type_map[name]
        for wider in reached.interfaces if isinstance(reached, GraphQLObjectType) else ():
            found.setdefault(wider.name, set())
    for name in found:
        wider = built.type_map[name]
        if isinstance(wider, GraphQLInterfaceType):
            types = [one for one in built.get_possible_types(wider) if found.get(one.name)]
            found[name] = {one for one in wider.fields if types and all(one in found[each.name] for each in types)}
    return {name: names for name, names in found.items() if names}


def used(listed: Path) -> list[tuple[str, str]]:
    """The types and fields of a list."""
    lines = listed.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.partition("\t") for line in lines if line]
    return [(kind, field) for kind, _, names in pairs for field in names.split()]


EXAMPLE = """```sh
TOKEN=$(curl -s -X POST -H 'X-Auth-Token: demo-token' -H 'Content-Type: application/json' \\
  -d '{"channel_id": 1, "expires_at": 4102444800}' http://127.0.0.1:8080/stores/demo/v3/storefront/api-token |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["token"])')
curl -s -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"query": "{ site { products(first: 2) { edges { node { name path prices { price { value } } } } } } }"}' \\
  http://store-demo.localhost:8080/graphql
```
"""


def page(listed: Path) -> str:
    """The page: what the endpoint keeps to, and every type that is served, field by field."""
    known = served()
    asked = used(listed)
    have = {pair for pair in asked if pair[1] == "__typename" or pair[1] in known.get(pair[0], ())}
    built = schema()
    parts = [
        "# The storefront's GraphQL API\n\n"
        "What shoppers see and do at a shop's host, by GraphQL: `POST /graphql` at `store-HASH.DOMAIN`\n"
        "and `store-HASH-CHANNEL.DOMAIN`, with a token of `POST /v3/storefront/api-token` as\n"
        "`Authorization: Bearer TOKEN`. What is not served below answers null,\n"
        "an empty list, or an object that has nothing, where its type allows that, else an error of the code\n"
        "`NOT_SERVED`.\n\n"
        "`DOMAIN` is `localhost:8080` on the machine itself (every name that ends with `.localhost` is this machine),\n"
        "or any other name that leads to the server. A test runs these lines on the demo store of `make dev`:\n\n"
        f"{EXAMPLE}\n"
        f"A query has at most {DEEPEST} levels and {MOST_FIELDS:,} fields, and a complexity of {MOST_COMPLEX:,}:\n"
        "1 a field, and what stands below `edges` once for each item that the query asks for,\n"
        f"{LIKELY} times where it names no number. A page has {PAGE} items unless the query says otherwise,\n"
        f"{LARGEST_PAGE} at most, an answer {MOST_OBJECTS:,} objects, the variables' lists {MOST_ITEMS:,} items.\n"
        "The reply tells the complexity in\n"
        "`X-BC-GraphQL-Complexity`. Persisted queries: send `extensions.persistedQuery.sha256Hash` alone; a query\n"
        "that this server has not seen lately is answered with `PERSISTED_QUERY_NOT_FOUND`.\n\n"
        "`searchProducts` finds what has any of the words typed, in names, SKUs, brands, categories, search\n"
        "keywords and descriptions, from three letters on by their beginnings; the whole name or SKU comes first.\n"
        "Its facets are those of the filters of search (V3), each counted as if it did not narrow already. If no\n"
        "product that shoppers see has any of the words, words of names, search keywords, brands and categories\n"
        f"that differ from them by one letter are looked for, or by two from {FAR} letters on.\n\n"
        "`urlTemplate` of an image is `.../s-HASH/images/stencil/{:size}/...`: put `640w`, `300x300` or `original`\n"
        "in it. Every host of the server answers it, with WebP where `Accept` says so; nothing is made larger.\n\n"
        f"A request has at most {MOST_COSTLY} of the mutations that take a password or send a mail:\n"
        f"{_named(sorted(COSTLY))}. What is too much is refused before anything is carried out.\n\n"
        "Before the launch of a channel (status `prelaunch`) queries of servers are answered: with private\n"
        "tokens, those of impersonation, and storefront tokens without `allowed_cors_origins`. A page's token needs\n"
        "the cookie `prelaunch_password`, as the pages of the shop and the REST API do; without it the answer is 503,\n"
        "as it is to all while the channel is down.\n\n"
        "The setting `storefront.requests_per_window` gives all shoppers together a quota for 30 seconds, here and in\n"
        "the [REST API for shoppers](storefront-rest.md); when it is spent, the answer is 429 with `Retry-After`.\n\n"
        f"Of the {len(asked)} fields that a public storefront reads or writes, {len(have)} are served.\n"
    ]
    parts.append(_MUTATIONS)
    rows = []
    for name in sorted(known):
        kind = built.type_map[name]
        if name.endswith(("Connection", "Edge")) or not isinstance(kind, GraphQLObjectType):
            continue
        missing = sorted(set(kind.fields) - known[name])
        rows.append(f"| `{name}` | {_named(sorted(known[name]))} | {_named(missing)} |")
    parts.append("\n## Served\n\n| type | fields | not served |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    lacking: dict[str, list[str]] = {}
    for kind_name, field in asked:
        if (kind_name, field) not in have:
            lacking.setdefault(kind_name, []).append(field)
    lines = [f"| `{kind_name}` | {_named(names)} |" for kind_name, names in sorted(lacking.items())]
    heads = "The public storefront uses these fields, and they are not served:\n\n| type | fields |\n| --- | --- |\n"
    none = (
        "No field that the public storefront uses is missing. What else the types have is in the last column above.\n"
    )
    parts.append("\n## Limits\n\n" + (heads + "\n".join(lines) + "\n" if lines else none))
    return "".join(parts)


def _named(names: list[str]) -> str:
    return " ".join(f"`{name}`" for name in names) or "-"
