"""Webhooks: who subscribed to what, and the delivery of events."""
