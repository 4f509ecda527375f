"""The storefront's GraphQL API: queries of a published schema, answered level by level (docs/decisions/0058)."""
