"""A tax provider in one file: answers estimate, commit, adjust and void for the stores that know its password.

It charges a rate by state, a part of it for the city, and nothing for what is exempt. Committed documents are kept in
memory; GET /documents shows them. Python's standard library is enough:

    python provider.py --port 9001 --username shop --password secret
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
from decimal import ROUND_HALF_UP, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STATES = {"TX": Decimal("0.0625"), "CA": Decimal("0.0725"), "NY": Decimal("0.04"), "OH": Decimal("0.0575")}
CITY = Decimal("0.02")
ELSEWHERE = Decimal("0.20")
"""The rate outside of the United States."""

EXEMPT_CODES = {"PC030000"}
"""Tax codes of products that nobody owes tax for."""


def rates(address: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """The taxes at an address: a name and a rate each."""
    if address.get("country_code") != "US":
        return [("VAT", ELSEWHERE)]
    state = STATES.get(address.get("region_code", ""))
    return [] if state is None else [("State tax", state), ("City tax", CITY)]


def cents(amount: Decimal) -> Decimal:
    """An amount of money."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def taxed(item: dict[str, Any], taxes: list[tuple[str, Decimal]]) -> dict[str, Any]:
    """What one item owes."""
    amount, inclusive = Decimal(str(item["price"]["amount"])), item["price"]["tax_inclusive"]
    tax_class = item.get("tax_class") or {}
    if item.get("tax_exempt") or tax_class.get("code") in EXEMPT_CODES:
        taxes = []
    rate = sum((rate for _, rate in taxes), Decimal(0))
    net = amount / (1 + rate) if inclusive else amount
    parts = [(name, share, cents(net * share)) for name, share in taxes]
    total = sum((part for _, _, part in parts), Decimal(0))
    answer: dict[str, Any] = {
        "id": item["id"],
        "type": item.get("type", "item"),
        "price": {
            "amount_exclusive": float(amount - total if inclusive else amount),
            "amount_inclusive": float(amount if inclusive else amount + total),
            "total_tax": float(total),
            "tax_rate": float(rate),
            "sales_tax_summary": [
                {
                    "name": name,
                    "rate": float(share),
                    "amount": float(part),
                    "tax_class": {"class_id": tax_class.get("class_id", "0"), "name": name, "code": "US"},
                    "id": name,
                }
                for name, share, part in parts
            ],
        },
    }
    if item.get("wrapping"):
        answer["wrapping"] = taxed(item["wrapping"], taxes)
    return answer


def quote(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request. Raises KeyError where something required is missing."""
    exempt = bool(asked["customer"].get("taxability_code"))
    documents = []
    for one in asked["documents"]:
        taxes = [] if exempt else rates(one["destination_address"])
        documents.append(
            {
                "id": one["id"],
                "items": [taxed(item, taxes) for item in one["items"]],
                "shipping": taxed(one["shipping"], taxes),
                "handling": taxed(one["handling"], taxes),
            }
        )
    return {"id": asked["id"], "documents": documents}


class Provider(ThreadingHTTPServer):
    """`documents` are the committed quotes, by store and id."""

    daemon_threads = True

    def __init__(self, port: int, username: str, password: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.authorization = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        self.documents: dict[str, dict[str, Any]] = {}


class Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200, self.server.documents)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        given = self.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self.server.authorization.encode()):
            return self.answer(401, {"error": "The user name or the password is wrong."})
        target = urlsplit(self.path)
        operation = target.path.rpartition("/")[2]
        key = f"{self.headers.get('x-bc-store-hash', '')}/{(parse_qs(target.query).get('id') or [''])[0]}"
        try:
            if operation == "void":
                self.server.documents.pop(key, None)
                return self.answer(200, {})
            asked = json.loads(content)
            answer = quote(asked)
        except (KeyError, TypeError, ValueError) as error:
            return self.answer(400, {"error": f"The request cannot be read: {error!r}"})
        if operation in ("commit", "adjust"):
            if operation == "commit":
                key = f"{self.headers.get('x-bc-store-hash', '')}/{answer['id']}"
            self.server.documents[key] = answer
        elif operation != "estimate":
            return self.answer(404, {"error": "There are estimate, commit, adjust and void."})
        return self.answer(200, answer)

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
    parser = argparse.ArgumentParser(description="A tax provider for trying things out.")
    parser.add_argument("--port", type=int, default=9001, help="0: any free one")
    parser.add_argument("--username", default="shop")
    parser.add_argument("--password", default="secret")
    asked = parser.parse_args()
    provider = Provider(asked.port, asked.username, asked.password)
    print(f"http://127.0.0.1:{provider.server_address[1]}", flush=True)
    provider.serve_forever()


if __name__ == "__main__":
    main()
