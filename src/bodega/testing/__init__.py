"""Testing integrations: a client of the lab, a receiver of webhooks, the pytest plugin. No import leads out of here."""

from __future__ import annotations

from bodega.testing.lab import Lab, LabError, Store
from bodega.testing.receiver import Event, WebhookReceiver

__all__ = ["Event", "Lab", "LabError", "Store", "WebhookReceiver"]
