"""The types whose objects are made whole where they are read, with the fields that they have."""

from __future__ import annotations

from bodega.storefront.graphql.execution import shaped

_TIER = "minimumQuantity maximumQuantity"
_STOCK = "availableToSell warningLevel availableOnHand availableForBackorder unlimitedBackorder"
_REDIRECT = "id entityId path"
_FACET = "name displayName isCollapsedByDefault"

shaped(
    PageInfo="hasNextPage hasPreviousPage startCursor endCursor",
    CollectionInfo="totalItems",
    Channel="entityId",
    Store="entityId",
    Route="node redirect",
    ManualRedirect="url",
    ProductRedirect=_REDIRECT,
    CategoryRedirect=_REDIRECT,
    BrandRedirect=_REDIRECT,
    PageRedirect=_REDIRECT,
    BlogPostRedirect=_REDIRECT,
    Reviews="averageRating numberOfReviews summationOfRatings",
    ProductAvailable="status description",
    ProductUnavailable="status description message",
    ProductPreOrder="status description message willBeReleasedAt",
    DateTimeExtended="utc",
    ProductInventory="isInStock hasVariantInventory aggregated",
    AggregatedInventory=_STOCK,
    VariantInventory="isInStock aggregated",
    Aggregated=_STOCK,
    Measurement="value unit",
    SeoDetails="pageTitle metaDescription metaKeywords",
    Author="name",
    Breadcrumb="entityId name path",
    Money="currencyCode value formatted formattedV2",
    MoneyRange="min max",
    Prices="price salePrice basePrice retailPrice mapPrice priceRange retailPriceRange saved bulkPricing",
    PriceRanges="priceRange retailPriceRange",
    BulkPricingPercentageDiscount=f"{_TIER} percentOff",
    BulkPricingFixedPriceDiscount=f"{_TIER} price",
    BulkPricingRelativePriceDiscount=f"{_TIER} priceAdjustment",
    StoreTextLogo="text",
    StoreImageLogo="image",
    ContactField="address country addressType email phone",
    UrlField="vanityUrl cdnUrl checkoutUrl",
    DisplayField="shortDateFormat extendedDateFormat showProductRating",
    Search="productFilteringEnabled",
    Storefront="catalog",
    Catalog="productComparisonsEnabled",
    ReviewsSettings="enabled",
    NewsletterSettings="showNewsletterSignup",
    ReCaptchaSettings="siteKey isEnabledOnStorefront isEnabledOnCheckout",
    CheckoutSettings="reCaptchaEnabled persistentCartEnabled",
    InventorySettings="productOutOfStockBehavior optionOutOfStockBehavior stockLevelDisplay defaultOutOfStockMessage"
    " hideInProductFiltering showPreOrderStockLevels showOutOfStockMessage updateStockBehavior"
    " showBackorderAvailabilityPrompt showQuantityOnBackorder showBackorderMessage",
    Locale="code isDefault",
    CurrencySettings="defaultCurrency",
    CurrencyDisplay="symbol symbolPlacement decimalToken thousandsToken decimalPlaces",
    PopularBrandType="entityId count name path",
    ScriptHash="hash",
    BrandSearchFilter=f"{_FACET} displayProductCount",
    BrandSearchFilterItem="entityId name isSelected productCount",
    CategorySearchFilter=f"{_FACET} displayProductCount",
    CategorySearchFilterItem="entityId name isSelected productCount",
    SubCategorySearchFilterItem="entityId name isSelected productCount",
    ProductAttributeSearchFilter=f"{_FACET} displayProductCount filterName filterKey",
    ProductAttributeSearchFilterItem="value isSelected productCount",
    PriceSearchFilter=f"{_FACET} selected",
    PriceSearchFilterItem="minPrice maxPrice",
    OtherSearchFilter=f"{_FACET} displayProductCount freeShipping isFeatured isInStock",
    OtherSearchFilterItem="displayName isSelected productCount",
)
