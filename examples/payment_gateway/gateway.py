"""A payment gateway in one file: lets shoppers pay on Stripe's own page, by its Checkout Sessions.

It answers begin, look, capture and cancel (docs/payments.md) and keeps nothing: Stripe knows of each payment by its
idempotency key, and holds the money until it is captured. Python's standard library is enough:

    STRIPE_KEY=sk_test_... CLIENT_SECRET=... python gateway.py --port 9003

With --api it talks to another host than api.stripe.com, as to the double beside it.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import urllib.error
import urllib.request
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlencode

WITHOUT_CENTS = {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF"}
"""Currencies whose amounts Stripe counts in whole units."""


class Stripe:
    """The part of Stripe's API that is needed."""

    def __init__(self, api: str, key: str) -> None:
        self.api = api
        self.key = key

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None, once: str = "") -> dict[str, Any]:
        """One request; `once` makes the same request, sent again, the same payment."""
        pair = base64.b64encode(f"{self.key}:".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", **({"Idempotency-Key": once} if once else {})}
        body = None if fields is None else urlencode(fields).encode()
        request = urllib.request.Request(f"{self.api}{path}", body, headers, method=method)  # noqa: S310 - as its option says
        with urllib.request.urlopen(request, timeout=8) as reply:  # noqa: S310
            found: dict[str, Any] = json.load(reply)
        return found

    def begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A session in which the shopper pays, and where."""
        names = ", ".join(f"{one['quantity']} x {one['name']}" for one in asked["items"])
        made = self.ask("POST", "/v1/checkout/sessions", {
            "mode": "payment",
            "payment_intent_data[capture_method]": "manual",
            "line_items[0][quantity]": 1,
            "line_items[0][price_data][currency]": asked["currency"].lower(),
            "line_items[0][price_data][unit_amount]": counted(asked["amount"], asked["currency"]),
            "line_items[0][price_data][product_data][name]": names[:250] or "Order",
            "client_reference_id": asked["checkout_id"],
            "customer_email": asked["email"],
            "success_url": asked["return_url"],
            "cancel_url": asked["cancel_url"],
        }, once=asked["id"])  # fmt: skip
        return {"reference": made["id"], "url": made["url"]}

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What is held or taken of a payment."""
        session = self.ask("GET", f"/v1/checkout/sessions/{quote(asked['reference'])}?expand[]=payment_intent")
        intent = session.get("payment_intent") or {}
        return standing(session, intent)

    def capture(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Takes what is held."""
        found = self.ask("GET", f"/v1/checkout/sessions/{quote(asked['reference'])}?expand[]=payment_intent")
        intent = found["payment_intent"]
        if intent["status"] != "succeeded":
            fields = {"amount_to_capture": counted(asked["amount"], asked["currency"])}
            intent = self.ask("POST", f"/v1/payment_intents/{intent['id']}/capture", fields, once=asked["id"])
        return standing(found, intent)

    def cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Gives back what is held, or closes a session in which nobody has paid."""
        found = self.ask("GET", f"/v1/checkout/sessions/{quote(asked['reference'])}?expand[]=payment_intent")
        intent = found.get("payment_intent") or {}
        if intent and intent["status"] not in ("canceled", "succeeded"):
            intent = self.ask("POST", f"/v1/payment_intents/{intent['id']}/cancel", {})
        elif found["status"] == "open":
            found = self.ask("POST", f"/v1/checkout/sessions/{found['id']}/expire", {})
        return standing(found, intent)


def standing(session: dict[str, Any], intent: dict[str, Any]) -> dict[str, Any]:
    """A session and its payment, as the checkout wants to know of them."""
    states = {"requires_capture": "authorized", "succeeded": "captured", "canceled": "canceled"}
    state = states.get(intent.get("status", ""), "canceled" if session["status"] == "expired" else "open")
    currency = session["currency"].upper()
    amount = Decimal(session["amount_total"])
    return {"state": state, "amount": float(amount if currency in WITHOUT_CENTS else amount / 100),
            "currency": currency}  # fmt: skip


def counted(amount: str, currency: str) -> int:
    """An amount in the smallest unit of its currency."""
    return int(Decimal(amount) if currency in WITHOUT_CENTS else Decimal(amount) * 100)


class Handler(BaseHTTPRequestHandler):
    """Answers the store's checkout."""

    stripe: Stripe
    secret: str

    def do_POST(self) -> None:
        """One operation, by the last part of the path."""
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        right = hmac.new(self.secret.encode(), content, "sha256").hexdigest()
        if self.secret and not hmac.compare_digest(right, self.headers.get("bodega-signature", "")):
            return self.answer(401, {"error": "The signature is wrong."})
        operations = {"begin": self.stripe.begin, "look": self.stripe.look, "capture": self.stripe.capture,
                      "cancel": self.stripe.cancel}  # fmt: skip
        operation = operations.get(self.path.rpartition("/")[2])
        if operation is None:
            return self.answer(404, {"error": "There is no such operation."})
        try:
            return self.answer(200, operation(json.loads(content)))
        except urllib.error.HTTPError as error:
            return self.answer(502, {"error": error.read().decode("utf-8", "replace")[:500]})
        except (OSError, KeyError, ValueError) as error:
            return self.answer(502, {"error": f"{type(error).__name__}: {error}"})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Sends JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: Any) -> None:
        """Writes no log."""


def main() -> None:
    """Serves until it is stopped."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--port", type=int, default=9003)
    options.add_argument("--api", default="https://api.stripe.com")
    given = options.parse_args()
    Handler.stripe = Stripe(given.api, os.environ.get("STRIPE_KEY", ""))
    Handler.secret = os.environ.get("CLIENT_SECRET", "")
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
