"""Bodega: a store server that speaks the BigCommerce Stores REST API on the wire."""

__version__ = "0.1.0"
