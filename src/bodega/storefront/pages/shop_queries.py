"""What the pages of the small storefront ask: the GraphQL API itself, from inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.storefront.graphql import fields  # noqa: F401 - declares the resolvers
from bodega.storefront.graphql.documents import Documents
from bodega.storefront.graphql.execution import execute
from bodega.storefront.pages.web import Page

_MONEY = "{ value formattedV2 }"
_CARD = (
    "fragment Card on Product { entityId name path brand { name } defaultImage { urlTemplate altText }"
    f" prices {{ price {_MONEY} basePrice {_MONEY} salePrice {_MONEY} priceRange {{ min {_MONEY} max {_MONEY} }} }}"
    " reviewSummary { averageRating numberOfReviews } inventory { isInStock } showCartAction"
    " productOptions(first: 1) { edges { node { isRequired } } } }"
)
_CARDS = "{ edges { node { ...Card } } }"
_TREE = "{ name path children { name path children { name path children { name path } } } }"
FRAME = f"""query {{ site {{ categoryTree {_TREE}
  content {{ pages(first: 50, filters: {{ isVisibleInNavigation: true }}) {{ edges {{ node {{ __typename name
    ... on NormalPage {{ path }} ... on ContactPage {{ path }} ... on BlogIndexPage {{ path }}
    ... on ExternalLinkPage {{ link }} }} }} }} }}
  settings {{ contact {{ address phone email }} socialMediaLinks {{ name url }} }} }} }}"""
HOME = f"""query {{ site {{ featuredProducts(first: 12) {_CARDS} newestProducts(first: 8) {_CARDS}
  content {{ banners {{ homePage(first: 5) {{ edges {{ node {{ content location }} }} }} }} }} }} }} {_CARD}"""
ROUTE = """query($path: String!) { site { route(path: $path, redirectBehavior: FOLLOW) {
  redirect { toUrl } node { __typename id
  ... on Product { entityId } ... on Category { entityId } ... on Brand { entityId } } } } }"""
PRODUCT = f"""query($id: Int!, $chosen: [OptionValueId!]) {{ site {{
  product(entityId: $id, optionValueIds: $chosen, useDefaultOptionSelections: true) {{
  entityId name path sku description condition warranty minPurchaseQuantity maxPurchaseQuantity showCartAction
  brand {{ name path }} weight {{ value unit }} defaultImage {{ urlTemplate altText }}
  images(first: 12) {{ edges {{ node {{ urlTemplate altText }} }} }}
  prices {{ price {_MONEY} basePrice {_MONEY} salePrice {_MONEY} retailPrice {_MONEY}
    priceRange {{ min {_MONEY} max {_MONEY} }} bulkPricing {{ minimumQuantity maximumQuantity
      ... on BulkPricingFixedPriceDiscount {{ price }} ... on BulkPricingPercentageDiscount {{ percentOff }}
      ... on BulkPricingRelativePriceDiscount {{ priceAdjustment }} }} }}
  availabilityV2 {{ status description ... on ProductPreOrder {{ message }} }}
  inventory {{ isInStock aggregated {{ availableToSell }} }}
  reviewSummary {{ averageRating numberOfReviews }} seo {{ pageTitle metaDescription metaKeywords }}
  categories(first: 1) {{ edges {{ node {{ breadcrumbs(depth: 5) {{ edges {{ node {{ name path }} }} }} }} }} }}
  customFields(first: 50) {{ edges {{ node {{ name value }} }} }}
  reviews(first: 10) {{ edges {{ node {{ title text rating author {{ name }} createdAt {{ utc }} }} }} }}
  relatedProducts(first: 4) {_CARDS}
  productOptions(first: 50) {{ edges {{ node {{ __typename entityId displayName isRequired
    ... on MultipleChoiceOption {{ displayStyle values(first: 100) {{ edges {{ node {{ entityId label isDefault
      isSelected ... on SwatchOptionValue {{ hexColors imageUrl(width: 40) }} }} }} }} }}
    ... on CheckboxOption {{ label checkedByDefault checkedOptionValueEntityId uncheckedOptionValueEntityId }}
    ... on TextFieldOption {{ defaultText: defaultValue maxLength }}
    ... on MultiLineTextFieldOption {{ defaultLines: defaultValue maxLength }}
    ... on NumberFieldOption {{ defaultNumber: defaultValue lowest highest isIntegerOnly }}
    ... on DateFieldOption {{ earliest latest }} }} }} }} }} }} }} {_CARD}"""
LISTED = f"""query($filters: SearchProductsFiltersInput!, $sort: SearchProductsSortInput, $first: Int, $last: Int,
  $after: String, $before: String) {{ site {{ search {{ searchProducts(filters: $filters, sort: $sort) {{
  products(first: $first, last: $last, after: $after, before: $before) {{ collectionInfo {{ totalItems }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ node {{ ...Card }} }} }}
  filters(first: 50) {{ edges {{ node {{ __typename displayName isCollapsedByDefault
    ... on BrandSearchFilter {{ brands(first: 30) {{ edges {{ node {{ entityId name isSelected productCount }} }} }} }}
    ... on ProductAttributeSearchFilter {{ filterKey attributes(first: 30) {{ edges {{ node {{ value isSelected
      productCount }} }} }} }} }} }} }} }} }} }} }} {_CARD}"""
CATEGORY = """query($id: Int!) { site { category(entityId: $id) { entityId name description defaultProductSort
  seo { pageTitle metaDescription metaKeywords } breadcrumbs(depth: 5) { edges { node { name path } } } }
  categoryTree(rootEntityId: $id) { children { name path productCount image { urlTemplate altText } } }
  content { banners { categoryPage(first: 5, categoryEntityId: $id) { edges { node { content location } } } } } } }"""
BRAND = """query($id: Int!) { site { brand(entityId: $id) { entityId name
  seo { pageTitle metaDescription metaKeywords } } } }"""
NODE = """query($id: ID!) { node(id: $id) { __typename
  ... on NormalPage { name htmlBody seo { pageTitle metaDescription metaKeywords } }
  ... on RawHtmlPage { name htmlBody }
  ... on ContactPage { name contactFields seo { pageTitle metaDescription metaKeywords }
    contactWords: plainTextSummary }
  ... on BlogPost { name htmlBody author tags publishedDate { utc } seo { pageTitle metaDescription metaKeywords } }
  ... on Blog { name description posts(first: 20) { edges { node { name path plainTextSummary(characterLimit: 240)
    publishedDate { utc } thumbnailImage { urlTemplate altText } } } } } } }"""
ORDERS = f"""query {{ customer {{ firstName lastName email orders(first: 20) {{ edges {{ node {{ entityId
  orderedAt {{ utc }} status {{ label }} totalIncTax {_MONEY} totalProductQuantity }} }} }} }} }}"""

_documents = Documents()


async def ask(page: Page, query: str, **variables: Any) -> dict[str, Any]:
    """The data of a query, for this shopper; what could not be answered is None."""
    document = await _documents.read(query)
    answer = await execute(document, document.operation(None), variables, page.asking())
    return dict(answer.data or {})


def nodes(connection: Mapping[str, Any] | None) -> list[Any]:
    """The items of a connection."""
    return [edge["node"] for edge in (connection or {}).get("edges") or ()]
