"""Tokens of the storefront: those that apps get for it, and the sessions of its shoppers."""

from __future__ import annotations

from bodega.resources.tokens import password_resets, sessions, storefront_tokens

RESOURCES = (storefront_tokens.RESOURCE, sessions.RESOURCE, password_resets.RESOURCE)
