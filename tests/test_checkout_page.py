"""The page about carts and checkouts: its lines are carried out as they stand, and its table of cards is true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from bodega.resources.payments.cards import VERDICTS, digits_of, verdict_on
from shop import Reply, Shop

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "checkout.md").read_text("utf-8")
STORE = "http://127.0.0.1:8080/stores/demo"


def carried_out(shop: Shop, line: str, known: dict[str, Any]) -> Reply:
    """Sends what a curl line would, to the store of the test."""
    for name, value in known.items():
        line = re.sub(rf"\b{name}\b", str(value), line)
    words = iter(shlex.split(line)[1:])
    method, headers, body, target = "GET", {}, b"", ""
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value.replace("demo-token", shop.token)
        elif word == "-d":
            body = next(words).encode()
        elif word != "-s":
            target = word.removeprefix(STORE)
    assert not re.search(r"\b[A-Z]{4,}\b", target), target
    return shop.request(method, target, body=body, headers=headers, token="")


def test_the_lines_lead_from_a_cart_to_a_paid_order(shop: Shop) -> None:
    known: dict[str, Any] = {"PRODUCT": shop.product()}
    assert shop.post("/v2/shipping/zones", {"name": "All", "type": "global"}).status == 201
    shop.post("/v2/shipping/zones/1/methods", {"name": "Flat", "type": "perorder", "settings": {"rate": 5}})
    lines = [line for line in PAGE.splitlines() if line.startswith("curl ")]
    assert len(lines) == 8
    for place, line in enumerate(lines):
        reply = carried_out(shop, line, known)
        assert reply.status in (200, 201), (line, reply.body)
        data = reply.json.get("data", reply.json)
        if place == 0:
            known |= {"CART": data["id"], "ITEM": data["line_items"]["physical_items"][0]["id"]}
        elif place == 2:
            (one,) = data["consignments"]
            known |= {"CONSIGNMENT": one["id"], "OPTION": one["available_shipping_options"][0]["id"]}
        elif place == 4:
            known["ORDER"] = data["id"]
        elif place == 5:
            known["TOKEN"] = data["id"]
    assert (data["status_id"], data["total_inc_tax"]) == (11, "25.0000")


def test_the_table_of_cards_is_that_of_the_code() -> None:
    told = {
        number: "pending" if "`pending`" in answer else re.findall(r"`(\w+)`", answer)[0]
        for row in re.findall(r"^\| (`\d.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
        for number in re.findall(r"`(\d+)`", row[0])
        for answer in row[1:]
    }
    assert all(digits_of(number) == number for number in told)
    words = {"approved": "success", "needs_confirmation": "pending"}
    assert told == {number: words.get(verdict_on(number), verdict_on(number)) for number in told}
    assert VERDICTS.keys() <= told.keys()
    assert json.dumps(told).count("declined") == 1
