"""The pages of a shop that the server makes itself: the checkout, and a small storefront."""

ASSETS = "shop-assets"
"""The first segment of the paths of styles and scripts."""
