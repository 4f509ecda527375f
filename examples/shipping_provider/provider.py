"""A shipping provider in one file: quotes two services by weight for the stores whose API key it knows.

Python's standard library is enough:

    python provider.py --port 9002 --api-key secret
"""

from __future__ import annotations

import argparse
import hmac
import json
from decimal import ROUND_HALF_UP, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SERVICES = (
    ("GND", "Ground", Decimal("4.00"), Decimal("0.05"), 5),
    ("EXP", "Express", Decimal("12.00"), Decimal("0.15"), 1),
)
"""Code, name, price of a parcel, price of an ounce, business days."""

LIMIT = Decimal(2_400)
"""Ounces that one parcel may weigh."""

OUNCES = {"oz": Decimal(1), "g": Decimal("0.03527396")}


def weight(items: list[dict[str, Any]]) -> Decimal:
    """What all pieces weigh, in ounces."""
    return sum(
        (Decimal(str(one["weight"]["value"])) * OUNCES[one["weight"]["units"]] * int(one["quantity"]) for one in items),
        Decimal(0),
    )


def quotes(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request for rates. Raises KeyError where something required is missing."""
    base = asked["base_options"]
    items, ounces = base["items"], weight(base["items"])
    messages = []
    found = []
    if ounces > LIMIT:
        messages.append({"text": "The parcel is too heavy.", "type": "WARNING"})
    else:
        currency = items[0]["discounted_price"]["currency"] if items else "USD"
        abroad = base["origin"]["country_iso2"] != base["destination"]["country_iso2"]
        for code, name, parcel, ounce, days in SERVICES:
            amount = (parcel + ounce * ounces) * (3 if abroad else 1)
            found.append(
                {
                    "code": code,
                    "display_name": name,
                    "cost": {
                        "currency": currency,
                        "amount": float(amount.quantize(Decimal("0.01"), ROUND_HALF_UP)),
                    },
                    "transit_time": {"units": "BUSINESS_DAYS", "duration": days * (2 if abroad else 1)},
                    "messages": [],
                }
            )
    info = {"code": "example", "display_name": "Example Carrier"}
    carriers = [{"carrier_info": info, "quotes": found}] if found else []
    return {"quote_id": f"{base['store_id']}-{len(items)}"[:50], "messages": messages, "carrier_quotes": carriers}


class Provider(ThreadingHTTPServer):
    """Knows the key of the stores that may ask."""

    daemon_threads = True

    def __init__(self, port: int, api_key: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api_key = api_key


class Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        operation = self.path.partition("?")[0].rpartition("/")[2]
        try:
            asked = json.loads(content)
            given = str((asked.get("connection_options") or {}).get("api_key", ""))
            known = hmac.compare_digest(given.encode(), self.server.api_key.encode())
            if operation == "check_connection_options":
                wrong = [] if known else [{"text": "The API key is not known.", "type": "ERROR"}]
                return self.answer(200, {"valid": known, "messages": wrong})
            if operation != "rate":
                return self.answer(404, {"error": "There are rate and check_connection_options."})
            if not known:
                return self.answer(401, {"error": "The API key is not known."})
            return self.answer(200, quotes(asked))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return self.answer(400, {"error": f"The request cannot be read: {error!r}"})

    def answer(self, status: int, body: Any) -> None:
        """Sends JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """A line for each request."""
        print(format % args, flush=True)


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description="A shipping provider for trying things out.")
    parser.add_argument("--port", type=int, default=9002, help="0: any free one")
    parser.add_argument("--api-key", default="secret")
    asked = parser.parse_args()
    provider = Provider(asked.port, asked.api_key)
    print(f"http://127.0.0.1:{provider.server_address[1]}", flush=True)
    provider.serve_forever()


if __name__ == "__main__":
    main()
