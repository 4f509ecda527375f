"""The pages of a shop that the server makes itself: the checkout, and a small storefront."""
