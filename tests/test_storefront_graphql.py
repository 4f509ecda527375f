"""The storefront's GraphQL API answers from the rows of the store, by the engine of its prices."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from storefront import NOW, Window, nodes
from test_panel_journal import told


@pytest.fixture
def window(shop: Shop) -> Window:
    """A shop with a brand, categories, and a product with sizes and colours."""
    window = Window(shop)
    top = shop.post("/v3/catalog/categories", {"name": "Tools", "parent_id": 0}).data["id"]
    below = shop.post("/v3/catalog/categories", {"name": "Hammers", "parent_id": top}).data["id"]
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).data["id"]
    make(shop, "Hammer", brand_id=brand, categories=[below], price=20, sale_price=15, sku="H-1", is_featured=True,
         description="<p>A <b>good</b> one</p>", custom_fields=[{"name": "Handle", "value": "Ash"}])  # fmt: skip
    shop.post("/v3/catalog/products/1/images", {"image_url": picture(shop), "description": "front"})
    make(shop, "Shirt", categories=[top], price=30, inventory_tracking="variant", variants=[
        {"sku": f"S-{size}", "price": price, "inventory_level": level,
         "option_values": [{"option_display_name": "Size", "label": size}]}
        for size, price, level in (("S", 30, 5), ("L", 34, 0))])  # fmt: skip
    return window


def make(shop: Shop, name: str, **more: Any) -> int:
    reply = shop.post("/v3/catalog/products", {"name": name, "type": "physical", "weight": 1, "price": 10, **more})
    assert reply.status == 200, reply.body
    return int(reply.data["id"])


def picture(shop: Shop) -> str:
    return "https://example.com/none.png"


PRODUCT = """
query One($id: Int!, $code: currencyCode) { site { product(entityId: $id) { id __typename entityId name sku path
  plainTextDescription(characterLimit: 6) brand { name path } defaultImage { altText urlTemplate }
  categories { edges { node { name breadcrumbs(depth: 5) { edges { node { name path } } } } } }
  prices(currencyCode: $code) { price { value currencyCode formattedV2 } basePrice { value } salePrice { value }
    priceRange { min { value } max { value } } }
  customFields { edges { node { name value } } } availabilityV2 { status }
  inventory { isInStock hasVariantInventory aggregated { availableToSell } }
  productOptions { edges { node { __typename entityId displayName isRequired isVariantOption
    ... on MultipleChoiceOption { displayStyle values { edges { node { entityId label isDefault } } } } } } }
  variants { edges { node { entityId sku isPurchasable inventory { isInStock } prices { price { value } } } } }
  reviewSummary { averageRating numberOfReviews } seo { pageTitle } } } }
"""


def test_a_product_is_told_with_all_that_belongs_to_it(window: Window) -> None:
    found = window.ask(PRODUCT, {"id": 1})["site"]["product"]
    assert (found["entityId"], found["name"], found["sku"], found["path"]) == (1, "Hammer", "H-1", "/hammer/")
    assert found["plainTextDescription"] == "A good"
    assert found["brand"] == {"name": "Acme", "path": "/acme/"}
    (category,) = nodes(found["categories"])
    assert [one["name"] for one in nodes(category["breadcrumbs"])] == ["Tools", "Hammers"]
    prices = found["prices"]
    assert prices["price"] == {"value": 15, "currencyCode": "USD", "formattedV2": "$15.00"}
    assert (prices["basePrice"]["value"], prices["salePrice"]["value"]) == (20, 15)
    assert nodes(found["customFields"]) == [{"name": "Handle", "value": "Ash"}]
    assert found["availabilityV2"] == {"status": "Available"}
    assert found["inventory"] == {"isInStock": True, "hasVariantInventory": False, "aggregated": None}
    assert [one["sku"] for one in nodes(found["variants"])] == ["H-1"]


def test_variants_have_their_options_prices_and_stock(window: Window) -> None:
    found = window.ask(PRODUCT, {"id": 2})["site"]["product"]
    assert found["prices"]["priceRange"] == {"min": {"value": 30}, "max": {"value": 34}}
    assert [(one["sku"], one["prices"]["price"]["value"], one["inventory"]) for one in nodes(found["variants"])] == [
        ("S-S", 30, {"isInStock": True}), ("S-L", 34, {"isInStock": False}),
    ]  # fmt: skip
    (option,) = nodes(found["productOptions"])
    assert (option["__typename"], option["displayName"], option["isVariantOption"]) == (
        "MultipleChoiceOption", "Size", True,
    )  # fmt: skip
    assert [one["label"] for one in nodes(option["values"])] == ["S", "L"]
    assert found["inventory"]["aggregated"] == {"availableToSell": 5}
    chosen = [{"optionEntityId": option["entityId"], "valueEntityId": nodes(option["values"])[1]["entityId"]}]
    told = "{ prices { price { value } } }"
    query = f"query($v: [OptionValueId!]) {{ site {{ product(entityId: 2, optionValueIds: $v) {told} }} }}"
    assert window.ask(query, {"v": chosen})["site"]["product"]["prices"]["price"]["value"] == 34


PAGE = """
query Page($first: Int!) { site { products(first: $first) { pageInfo { hasNextPage endCursor } collectionInfo {
  totalItems } edges { cursor node { name brand { name } defaultImage { altText }
  prices { price { value } } images { edges { node { altText } } } categories { edges { node { name } } }
  productOptions { edges { node { displayName ... on MultipleChoiceOption { values { edges { node { label } } } } } } }
  variants { edges { node { sku prices { price { value } } productOptions { edges { node { entityId } } } } } }
  relatedProducts { edges { node { name } } } reviews { edges { node { title } } } customFields { edges { node {
  name } } } } } } } }
"""


def test_a_page_costs_the_same_number_of_statements_whatever_its_size(window: Window) -> None:
    for number in range(12):
        make(window.shop, f"Thing {number}", brand_id=1, categories=[1], variants=[
            {"sku": f"T{number}-{size}", "option_values": [{"option_display_name": "Size", "label": size}]}
            for size in "SML"])  # fmt: skip
    window.ask(PAGE, {"first": 1})
    spent = []
    for first in (2, 10):
        with window.counted() as given:
            page = window.ask(PAGE, {"first": first})["site"]["products"]
        assert len(page["edges"]) == first
        spent.append(len(given))
    assert spent[0] == spent[1]
    assert 10 < spent[0] < 45
    assert page["collectionInfo"] == {"totalItems": 14}


def test_pages_follow_their_cursors_in_both_directions(window: Window) -> None:
    for number in range(3):
        make(window.shop, f"Thing {number}")
    query = """query($first: Int, $last: Int, $after: String, $before: String) { site { products(first: $first,
      last: $last, after: $after, before: $before) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { node { entityId } } } } }"""

    def page(**given: Any) -> Any:
        found = window.ask(query, given)["site"]["products"]
        info = found["pageInfo"]
        return [one["entityId"] for one in nodes(found)], info["hasPreviousPage"], info["hasNextPage"], info

    ids, back, on, info = page(first=2)
    assert (ids, back, on) == ([1, 2], False, True)
    ids, back, on, info = page(first=2, after=info["endCursor"])
    assert (ids, back, on) == ([3, 4], True, True)
    assert page(first=2, after=info["endCursor"])[:3] == ([5], True, False)
    assert page(last=2, before=info["startCursor"])[:3] == ([1, 2], False, True)
    assert page(last=2)[:3] == ([4, 5], True, False)
    assert page(first=0)[0] == []


def test_a_path_leads_to_what_stands_there(window: Window) -> None:
    query = """query($path: String!) { site { route(path: $path, redirectBehavior: FOLLOW) {
      node { __typename id ... on Product { name } } redirect { toUrl to { __typename
      ... on ManualRedirect { url } ... on ProductRedirect { path } } } } } }"""

    def at(path: str) -> Any:
        return window.ask(query, {"path": path})["site"]["route"]

    assert at("/hammer/")["node"]["name"] == "Hammer"
    assert at("/hammer?colour=red")["node"]["name"] == "Hammer"
    assert at("/tools/")["node"]["__typename"] == "Category"
    assert at("/acme/")["node"]["__typename"] == "Brand"
    assert at("/nothing/") == {"node": None, "redirect": None}
    global_id = at("/hammer/")["node"]["id"]
    assert "/" not in global_id
    node = window.ask("query($id: ID!) { node(id: $id) { __typename ... on Product { name } } }", {"id": global_id})
    assert node["node"] == {"__typename": "Product", "name": "Hammer"}
    assert window.ask('{ node(id: "%%") { id } }') == {"node": None}
    shop = window.shop
    to = [{"from_path": "/old/", "site_id": 1000, "to": {"type": "product", "entity_id": 1}}]
    site = shop.get("/v3/channels/1/site")
    to[0]["site_id"] = site.data["id"]
    assert shop.put("/v3/storefront/redirects", to).status == 201
    assert at("/old")["redirect"]["to"] == {"__typename": "ProductRedirect", "path": "/hammer/"}
    shop.put("/v3/catalog/products", [{"id": 1, "is_visible": False}])
    assert at("/hammer/")["node"] is None


def test_what_is_hidden_or_on_another_channel_is_not_told(window: Window) -> None:
    other = window.shop.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"}).data["id"]
    query = "{ channel { entityId } site { products { edges { node { entityId } } } product(entityId: 1) { name } } }"
    north = Window(window.shop, other)
    assert north.ask(query) == {"channel": {"entityId": other}, "site": {"products": {"edges": []}, "product": None}}
    window.shop.put("/v3/catalog/products/channel-assignments", [{"product_id": 1, "channel_id": other}])
    assert north.ask(query)["site"]["product"] == {"name": "Hammer"}
    assert north.send(content={"query": query}, authorization=f"Bearer {window.token}").status == 401


SEARCH = """
query($f: SearchProductsFiltersInput!, $s: SearchProductsSortInput) { site { search { searchProducts(filters: $f,
  sort: $s) { products { collectionInfo { totalItems } edges { node { name } } } filters { edges { node { __typename
  displayName isCollapsedByDefault
  ... on BrandSearchFilter { brands { edges { node { name isSelected productCount } } } }
  ... on CategorySearchFilter { categories { edges { node { name productCount subCategories { edges { node { name
    productCount } } } } } } }
  ... on ProductAttributeSearchFilter { filterName attributes { edges { node { value isSelected productCount } } } }
  ... on OtherSearchFilter { isFeatured { isSelected productCount } isInStock { productCount } } } } } } } } }
"""


def test_search_narrows_and_counts_what_else_would(window: Window) -> None:
    make(window.shop, "Saw", brand_id=window.shop.post("/v3/catalog/brands", {"name": "Zed"}).data["id"],
         categories=[1], price=50)  # fmt: skip

    def search(sort: str | None = None, **filters: Any) -> tuple[list[str], dict[str, Any]]:
        found = window.ask(SEARCH, {"f": filters, "s": sort})["site"]["search"]["searchProducts"]
        names = [one["name"] for one in nodes(found["products"])]
        assert found["products"]["collectionInfo"]["totalItems"] == len(names)
        return names, {one["displayName"]: one for one in nodes(found["filters"])}

    names, facets = search("LOWEST_PRICE")
    assert names == ["Hammer", "Shirt", "Saw"]
    assert nodes(facets["Brand"]["brands"]) == [
        {"name": "Acme", "isSelected": False, "productCount": 1},
        {"name": "Zed", "isSelected": False, "productCount": 1},
    ]  # fmt: skip
    (tools,) = nodes(facets["Category"]["categories"])
    assert (tools["name"], tools["productCount"], nodes(tools["subCategories"])[0]["name"]) == ("Tools", 2, "Hammers")
    assert nodes(facets["Size"]["attributes"])[0] == {"value": "L", "isSelected": False, "productCount": 1}
    assert facets["Other"]["isFeatured"] == {"isSelected": False, "productCount": 1}
    assert search(searchTerm="ham")[0] == ["Hammer"]
    assert search(searchTerm="s-l")[0] == ["Shirt"]
    assert search(searchTerm="acme")[0] == ["Hammer"]
    assert search(searchTerm="100%")[0] == []
    names, facets = search(brandEntityIds=[1])
    assert names == ["Hammer"]
    assert [one["isSelected"] for one in nodes(facets["Brand"]["brands"])] == [True, False]
    assert search("A_TO_Z", categoryEntityId=1)[0] == ["Saw", "Shirt"]
    assert search("A_TO_Z", categoryEntityId=1, searchSubCategories=True)[0] == ["Hammer", "Saw", "Shirt"]
    assert search(price={"minPrice": 16, "maxPrice": 50.0}, sort="A_TO_Z")[0] == ["Saw", "Shirt"]
    assert search(isFeatured=True)[0] == ["Hammer"]
    assert search(productAttributes=[{"attribute": "Size", "values": ["S"]}])[0] == ["Shirt"]
    assert search(productAttributes=[{"attribute": "Handle", "values": ["Ash", "Oak"]}])[0] == ["Hammer"]


def test_settings_lists_and_trees_of_the_shop(window: Window) -> None:
    window.shop.put("/v3/settings/store/profile", {"store_name": "The Corner"})
    found = window.ask("""{ store { entityId } site { settings { storeName storeHash status channelId
      url { vanityUrl cdnUrl checkoutUrl } logoV2 { __typename ... on StoreTextLogo { text } } locales { code
      isDefault } currency { defaultCurrency } inventory { stockLevelDisplay } seo { pageTitle }
      display { showProductRating }
      search { productFilteringEnabled } contact { email } reviews { enabled } socialMediaLinks { url } robotsTxt
      formFields { customer { label } } giftCertificates { isEnabled } }
      categoryTree { entityId name path hasChildren productCount children { name children { name } } }
      brands { edges { node { name products { edges { node { name } } } } } } currencies { edges { node { code isDefault
      isTransactional exchangeRate display { symbol symbolPlacement } } } } featuredProducts { edges { node { name } } }
      newestProducts(first: 1) { edges { node { name } } } popularBrands { edges { node { name count } } }
      category(entityId: 1) { name products(sortBy: A_TO_Z) { collectionInfo { totalItems } edges { node { name } } } }
      content { pages { edges { node { name } } } blog { name posts { edges { node { name } } } } scripts { edges {
      node { entityId } } } renderedRegionsByPageType(pageType: HOME) { regions { name } } } cart(entityId: "x") { id }
      } }""")
    site = found["site"]
    settings = site["settings"]
    assert (settings["storeName"], settings["storeHash"], settings["status"]) == (
        "The Corner", window.shop.name, "LAUNCHED",
    )  # fmt: skip
    assert settings["url"]["vanityUrl"] == f"https://{window.host}"
    assert settings["url"]["cdnUrl"] == window.host
    assert settings["logoV2"] == {"__typename": "StoreTextLogo", "text": "The Corner"}
    assert settings["locales"] == [{"code": "en", "isDefault": True}]
    assert settings["currency"] == {"defaultCurrency": "USD"}
    assert settings["formFields"]["customer"][0] == {"label": "Email Address"}
    (tools,) = site["categoryTree"]
    assert (tools["name"], tools["path"], tools["hasChildren"], tools["productCount"]) == ("Tools", "/tools/", True, 1)
    assert tools["children"] == [{"name": "Hammers", "children": []}]
    (brand,) = nodes(site["brands"])
    assert nodes(brand["products"]) == [{"name": "Hammer"}]
    (money,) = nodes(site["currencies"])
    assert (money["code"], money["isDefault"], money["exchangeRate"]) == ("USD", True, 1)
    assert nodes(site["featuredProducts"]) == [{"name": "Hammer"}]
    assert nodes(site["newestProducts"]) == [{"name": "Shirt"}]
    assert nodes(site["popularBrands"]) == [{"name": "Acme", "count": 1}]
    assert site["category"]["products"]["collectionInfo"] == {"totalItems": 1}
    assert site["content"]["renderedRegionsByPageType"] == {"regions": []}
    assert site["cart"] is None


def test_pages_posts_and_scripts_are_told(window: Window) -> None:
    shop = window.shop
    about = shop.post("/v3/content/pages", {"name": "About", "type": "page", "body": "<p>We sell</p>",
                                            "is_visible": True}).data["id"]  # fmt: skip
    shop.post("/v3/content/pages", {"name": "Team", "type": "page", "body": "Us", "parent_id": about})
    shop.post("/v2/blog/posts", {"title": "First", "body": "<i>Hello</i>", "is_published": True, "tags": ["news"]})
    shop.post("/v2/blog/posts", {"title": "Draft", "body": "later"})
    shop.post("/v3/content/scripts", {"name": "Count", "src": "https://example.com/a.js", "kind": "src"})
    site = window.ask("""{ site { content { pages(filters: { isVisibleInNavigation: true }) { edges { node { __typename
      name ... on NormalPage { path htmlBody plainTextSummary children { edges { node { name breadcrumbs(depth: 3) {
      edges { node { name } } } } } } } } } } blog { posts { collectionInfo { totalItems } edges { node { name tags
      plainTextSummary publishedDate { utc } } } } } scripts { edges { node { __typename location
      ... on SrcScript { src } } } } } } }""")["site"]["content"]
    page = next(one for one in nodes(site["pages"]) if one["name"] == "About")
    assert (page["__typename"], page["plainTextSummary"]) == ("NormalPage", "We sell")
    (team,) = nodes(page["children"])
    assert [one["name"] for one in nodes(team["breadcrumbs"])] == ["About", "Team"]
    (post,) = nodes(site["blog"]["posts"])
    assert (post["name"], post["tags"], post["plainTextSummary"]) == ("First", ["news"], "Hello")
    assert post["publishedDate"]["utc"]
    assert nodes(site["scripts"]) == [
        {"__typename": "SrcScript", "location": "HEAD", "src": "https://example.com/a.js"}
    ]  # fmt: skip


def test_a_shop_that_acts_for_a_customer_shows_the_prices_of_the_group(window: Window) -> None:
    shop = window.shop
    group = shop.post("/v2/customer_groups", {"name": "Trade", "discount_rules": [
        {"type": "all", "method": "percent", "amount": "10.0000"}]}).json["id"]  # fmt: skip
    shop.post("/v2/customers", {"email": "jane@example.com", "first_name": "J", "last_name": "D",
                                "customer_group_id": group})  # fmt: skip
    query = "{ site { product(entityId: 2) { prices { price { value } } } } }"
    acting = window.make("/v3/storefront/api-token-customer-impersonation")

    def price(token: str) -> Any:
        found = window.ask(query, authorization=f"Bearer {token}", x_bc_customer_id="1")
        return found["site"]["product"]["prices"]["price"]["value"]

    assert price(acting) == 27
    assert price(window.token) == 30


def test_prices_in_another_currency_follow_its_rate(window: Window) -> None:
    window.shop.post("/v2/currencies", {
        "name": "Euro", "currency_code": "EUR", "currency_exchange_rate": "0.5000000000", "token": "€",
        "token_location": "right", "decimal_token": ",", "thousands_token": ".", "decimal_places": 2, "enabled": True,
        "country_iso2": "DE", "is_transactional": True, "auto_update": False,
    })  # fmt: skip
    found = window.ask(PRODUCT, {"id": 1, "code": "EUR"})["site"]["product"]["prices"]
    assert found["price"] == {"value": 7.5, "currencyCode": "EUR", "formattedV2": "7,50€"}
    assert window.ask(PRODUCT, {"id": 1, "code": "CHF"})["site"]["product"]["prices"] is None


def test_time_and_the_journal(window: Window) -> None:
    reply = window.send(
        content={"query": "query Mine { channel { entityId } }"}, path="/graphql?operation=Mine&type=query"
    )
    assert reply.headers["x-bc-graphql-complexity"] == "2"
    assert reply.headers["bodega-operation"] == "Mine"
    window.shop.freeze(NOW + 3_600)
    assert window.send(content={"query": "{ channel { entityId } }"}).status == 401


def test_requests_are_in_the_journal_with_what_they_cost(window: Window) -> None:
    window.ask("query Mine { channel { entityId } }")
    window.codes("{ nothing }")
    found = next(one for one in told(window.shop).entries if one.path == "/graphql")
    assert "bodega-operation" in str(found)
    assert window.token not in str(found)
