"""A double of the part of Stripe's API that `gateway.py` uses, with a page where a shopper pays: no money moves.

Card 4000000000000002 is declined, others are held. What was asked with an idempotency key is answered the same again.
Tests lose answers: POST /double/lose?path=PART drops the next answer to a path that has this part.
"""

from __future__ import annotations

import argparse
import json
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

DECLINED = "4000000000000002"
PAGE = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Pay</title><h1>Pay {amount}</h1><p>{words}</p><form method=post><label>Card number <input name=number></label>
<button>Pay</button></form><p><a href="{cancel}">Back to the shop</a></p></html>"""


class Double:
    """Sessions and payments, in memory."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.once: dict[str, dict[str, Any]] = {}
        self.lost: list[str] = []
        self.numbers = count(1)
        self.lock = threading.Lock()
        self.url = ""

    def create(self, fields: dict[str, str]) -> dict[str, Any]:
        """A session."""
        number = f"cs_test_{next(self.numbers)}"
        price = "line_items[0][price_data]"
        made = {
            "id": number, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "url": f"{self.url}/pay/{number}", "amount_total": int(fields[f"{price}[unit_amount]"]),
            "currency": fields[f"{price}[currency]"], "success_url": fields["success_url"],
            "cancel_url": fields["cancel_url"], "payment_intent": None,
        }  # fmt: skip
        self.sessions[number] = made
        return made

    def pay(self, session: dict[str, Any], number: str) -> bool:
        """Whether a card pays a session: its amount is held then."""
        if number.replace(" ", "") == DECLINED or session["status"] != "open":
            return False
        made = {"id": f"pi_test_{next(self.numbers)}", "object": "payment_intent", "status": "requires_capture",
                "amount": session["amount_total"], "amount_received": 0}  # fmt: skip
        self.intents[made["id"]] = made
        session["payment_intent"], session["status"] = made, "complete"
        return True

    def api(self, method: str, path: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """An answer of the API."""
        match [method, *path.strip("/").split("/")]:
            case ["POST", "v1", "checkout", "sessions"]:
                return 200, self.create(fields)
            case ["GET", "v1", "checkout", "sessions", number] if number in self.sessions:
                return 200, self.sessions[number]
            case ["POST", "v1", "checkout", "sessions", number, "expire"] if number in self.sessions:
                self.sessions[number]["status"] = "expired"
                return 200, self.sessions[number]
            case ["POST", "v1", "payment_intents", number, "capture"] if number in self.intents:
                one = self.intents[number]
                if one["status"] != "requires_capture":
                    return 400, {"error": {"code": "payment_intent_unexpected_state"}}
                one["status"], one["amount_received"] = "succeeded", int(fields["amount_to_capture"])
                return 200, one
            case ["POST", "v1", "payment_intents", number, "cancel"] if number in self.intents:
                if self.intents[number]["status"] == "succeeded":
                    return 400, {"error": {"code": "payment_intent_unexpected_state"}}
                self.intents[number]["status"] = "canceled"
                return 200, self.intents[number]
        return 404, {"error": {"code": "resource_missing"}}


class Handler(BaseHTTPRequestHandler):
    """The API, and the page of a payment."""

    double: Double

    def handle_any(self) -> None:
        """One request."""
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("content-length", 0) or 0)).decode()
        fields = {name: values[-1] for name, values in parse_qs(content, keep_blank_values=True).items()}
        with self.double.lock:
            if parts.path == "/double/lose":
                self.double.lost.append(parse_qs(parts.query)["path"][0])
                return self.answer(200, {})
            if parts.path == "/double/payments":
                return self.answer(200, {"payments": list(self.double.intents.values())})
            if parts.path.startswith("/pay/"):
                return self.page(self.double.sessions.get(parts.path.rpartition("/")[2]), fields)
            once = self.headers.get("idempotency-key", "")
            status, body = 200, self.double.once.get(once) if once else None
            if body is None:
                status, body = self.double.api(self.command, parts.path, fields)
            if once and status == 200:
                self.double.once[once] = body
            if any(part in parts.path for part in self.double.lost):
                self.double.lost.clear()
                self.close_connection = True
                return None
            return self.answer(status, body)

    do_GET = do_POST = handle_any  # noqa: N815 - the names of the standard library

    def page(self, session: dict[str, Any] | None, fields: dict[str, str]) -> None:
        """Where the shopper pays."""
        if session is None:
            return self.answer(404, {})
        words = ""
        if self.command == "POST":
            if self.double.pay(session, fields.get("number", "")):
                self.send_response(303)
                self.send_header("location", session["success_url"])
                self.send_header("content-length", "0")
                return self.end_headers()
            words = "Your card was declined."
        amount = f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}"
        html = PAGE.format(amount=amount, words=words, cancel=escape(session["cancel_url"])).encode()
        return self.send(200, html, "text/html; charset=utf-8")

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Sends JSON."""
        self.send(status, json.dumps(body).encode(), "application/json")

    def send(self, status: int, content: bytes, kind: str) -> None:
        """Sends a response."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: Any) -> None:
        """Writes no log."""


def main() -> None:
    """Serves until it is stopped."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--port", type=int, default=9004)
    Handler.double = Double()
    server = ThreadingHTTPServer(("127.0.0.1", options.parse_args().port), Handler)
    Handler.double.url = f"http://127.0.0.1:{server.server_port}"
    print(Handler.double.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
