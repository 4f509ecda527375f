"""Promotions: rules of what a cart gets for less, their codes, and their settings (promotions.v3.yml)."""
