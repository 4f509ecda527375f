"""Pages of a storefront: what it asks for a product and for a category with its facets, by GraphQL.

The queries ask for the fields that the public storefront of the hosted service (Catalyst) asks on such a page. Of a
product it asks them in five queries and of a category in two, which are one here: the product with its options, images,
prices, stock by place, variants, reviews and related products; the category with a page of products, their number, and
every facet.
"""

import json
from collections.abc import Callable
from random import Random
from time import time

from bench.request import Request
from bench.stock import Lacking, Stock

CARD = """
fragment Card on Product { entityId name path brand { name path } defaultImage { altText url: urlTemplate(lossy: true)
  } reviewSummary { numberOfReviews averageRating } inventory { hasVariantInventory isInStock aggregated {
  availableForBackorder unlimitedBackorder availableOnHand } } variants(first: 1) { edges { node { entityId sku
  inventory { byLocation { edges { node { locationEntityId backorderMessage } } } } } } } prices(currencyCode:
  $currency) { price { value currencyCode } basePrice { value currencyCode } retailPrice { value currencyCode }
  salePrice { value currencyCode } priceRange { min { value currencyCode } max { value currencyCode } } } }
fragment Turning on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
"""
PRODUCT = """
query ProductPage($id: Int!, $chosen: [OptionValueId!], $currency: currencyCode) { site { product(entityId: $id,
  optionValueIds: $chosen, useDefaultOptionSelections: true) { ...Card sku gtin mpn condition warranty description
  plainTextDescription(characterLimit: 1200) minPurchaseQuantity maxPurchaseQuantity weight { value unit }
  availabilityV2 { status } images { edges { node { altText url: urlTemplate(lossy: true) isDefault } } } seo {
  pageTitle metaDescription metaKeywords } customFields { edges { node { entityId name value } } } inventory {
  aggregated { availableToSell warningLevel } } sold: variants { edges { node { entityId sku inventory { byLocation {
  edges { node { locationEntityId backorderMessage } } } } } } } options: productOptions(first: 50) { edges { node {
  __typename entityId displayName isRequired ... on MultipleChoiceOption { displayStyle values(first: 50) { edges {
  node { entityId label isDefault isSelected ... on SwatchOptionValue { __typename hexColors imageUrl(lossy: true,
  width: 40) } ... on ProductPickListOptionValue { __typename defaultImage { altText url: urlTemplate(lossy: true) } }
  } } } } ... on CheckboxOption { checkedByDefault label checkedOptionValueEntityId uncheckedOptionValueEntityId } ...
  on NumberFieldOption { number: defaultValue highest isIntegerOnly limitNumberBy lowest } ... on TextFieldOption {
  text: defaultValue maxLength minLength } ... on MultiLineTextFieldOption { text: defaultValue maxLength minLength
  maxLines } ... on DateFieldOption { date: defaultValue earliest latest limitDateBy } } } } reviews(first: 5) {
  pageInfo { ...Turning } edges { node { entityId title text rating author { name } createdAt { utc } } } }
  relatedProducts(first: 8) { edges { node { ...Card } } } } settings { reviews { enabled } display {
  showProductRating } inventory { defaultOutOfStockMessage showOutOfStockMessage stockLevelDisplay
  showBackorderAvailabilityPrompt backorderAvailabilityPrompt showQuantityOnBackorder showBackorderMessage } } } }
"""
CATEGORY = """
query CategoryPage($id: Int!, $filters: SearchProductsFiltersInput!, $sort: SearchProductsSortInput, $currency:
  currencyCode) { site { category(entityId: $id) { entityId name seo { pageTitle metaDescription metaKeywords }
  breadcrumbs(depth: 5) { edges { node { name path entityId } } } } categoryTree(rootEntityId: $id) { entityId name
  path children { entityId name path children { entityId name path } } } settings { inventory {
  defaultOutOfStockMessage showOutOfStockMessage showBackorderMessage } storefront { catalog {
  productComparisonsEnabled } } display { showProductRating } reviews { enabled } } search { searchProducts(filters:
  $filters, sort: $sort) { products(first: 9) { collectionInfo { totalItems } pageInfo { ...Turning } edges { node {
  ...Card } } } filters { edges { node { __typename displayName isCollapsedByDefault ... on BrandSearchFilter {
  displayProductCount brands { pageInfo { ...Turning } edges { cursor node { entityId name isSelected productCount } }
  } } ... on CategorySearchFilter { displayProductCount categories { pageInfo { ...Turning } edges { cursor node {
  entityId name isSelected productCount subCategories { pageInfo { ...Turning } edges { cursor node { entityId name
  isSelected productCount } } } } } } } ... on ProductAttributeSearchFilter { displayProductCount filterName filterKey
  attributes { pageInfo { ...Turning } edges { cursor node { value isSelected productCount } } } } ... on
  RatingSearchFilter { ratings { pageInfo { ...Turning } edges { cursor node { value isSelected productCount } } } }
  ... on PriceSearchFilter { selected { minPrice maxPrice } } ... on OtherSearchFilter { displayProductCount
  freeShipping { isSelected productCount } isFeatured { isSelected productCount } isInStock { isSelected productCount
  } } } } } } } } }
"""


def asked(store: str, token: str, query: str, **variables: object) -> Request:
    """A query at the host of a store."""
    headers = {"Host": f"store-{store}.localhost", "Authorization": f"Bearer {token}", "Accept": "application/json"}
    body = json.dumps({"query": " ".join(f"{query} {CARD}".split()), "variables": variables}).encode()
    return Request("POST", "/graphql", body, headers)


def shopper(stock: Stock) -> str:
    """A token of the storefront. Raises Lacking."""
    body = json.dumps({"channel_id": 1, "expires_at": int(time()) + 86_400}).encode()
    status, reply = stock.client.ask(Request("POST", "/storefront/api-token", body))
    if status != 200:
        raise Lacking(f"A token of the storefront is answered {status}.")
    token: str = reply["data"]["token"]
    return token


def product_page(stock: Stock) -> Callable[[Random], Request]:
    """A product as its page shows it: half of them have fifty variants and ten images."""
    token, name = shopper(stock), stock.store.name
    simple, wide = stock.items[:2_000], stock.pictured

    def requests(random: Random) -> Request:
        return asked(name, token, PRODUCT, id=random.choice(random.choice((simple, wide))), chosen=[])

    return requests


def page_of_many_variants(stock: Stock) -> Callable[[Random], Request]:
    """A product of fifty variants as its page shows it."""
    token, name, products = shopper(stock), stock.store.name, stock.wide.products
    return lambda random: asked(name, token, PRODUCT, id=random.choice(products), chosen=[])


def category_page(stock: Stock) -> Callable[[Random], Request]:
    """A category with a page of products and all facets."""
    token, name = shopper(stock), stock.store.name
    ids = [row["id"] for row in stock.client.rows("/catalog/categories?include_fields=id", 50)]

    def requests(random: Random) -> Request:
        one = random.choice(ids)
        filters = {"categoryEntityId": one, "searchSubCategories": True}
        return asked(name, token, CATEGORY, id=one, filters=filters, sort="FEATURED")

    return requests


def page_of_the_widest(stock: Stock) -> Callable[[Random], Request]:
    """A product of as many variants as there may be."""
    token, name, product = shopper(stock), stock.store.name, stock.widest
    return lambda _random: asked(name, token, PRODUCT, id=product, chosen=[])


def page_of_a_shelf(stock: Stock) -> Callable[[Random], Request]:
    """A category of 200 products of fifty variants each, with all facets."""
    token, name, category = shopper(stock), stock.store.name, stock.shelf
    filters = {"categoryEntityId": category, "searchSubCategories": True}
    return lambda _random: asked(name, token, CATEGORY, id=category, filters=filters, sort="FEATURED")


WORDS = ("steel", "oak", "blue", "classic", "large")


def search_page(stock: Stock) -> Callable[[Random], Request]:
    """What a word finds, the best first, with all facets."""
    token, name = shopper(stock), stock.store.name
    ids = [row["id"] for row in stock.client.rows("/catalog/categories?include_fields=id", 50)]

    def requests(random: Random) -> Request:
        filters = {"searchTerm": random.choice(WORDS)}
        return asked(name, token, CATEGORY, id=random.choice(ids), filters=filters, sort="RELEVANCE")

    return requests
