"""The groups of mutations: each is a field of the mutation itself that has its mutations below it."""

from __future__ import annotations

from bodega.storefront.graphql.execution import plain

for _name in ("analytics", "cart", "catalog", "checkout", "customer", "newsletter", "wishlist"):
    plain("Mutation", **{_name: lambda _root: {}})
