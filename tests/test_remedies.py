"""Advice that works: every reason's remedy is carried out as it is printed, and then the refused request succeeds.

The requests are those of the table of refusals (test_law_statuses). What can be carried out stands between backticks;
its form is told in `law/remedy.py`. Commands run by the installed `bodega`, in V2 those of the header in this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.http.remedies import FACTS
from bodega.law.reasons import Reason
from bodega.law.remedy import WORDS, fill, lines_of, words_of
from bodega.storage import migrate
from bodega.storage.opening import open_backend
from bodega.storage.sqlite import rows as sqlite_rows
from bodega.storage.sqlite.engine import open_file
from forms import V2, V3, XML, Desk, Form
from served import environment
from shop import Reply, Server
from test_law_statuses import CASES, a_card, coupon_promotion

PATIENCE = 120.0

WORDS_ONLY: Mapping[Reason, str] = {
    Reason.BODY_TOO_LARGE: "how a body is to be divided depends on what it says",
    Reason.TOO_MANY_ITEMS: "likewise: which items belong together only the caller knows",
    Reason.IMAGE_UNREACHABLE: "another picture must be named, and only the caller has one",
    Reason.IMAGE_INVALID: "likewise",
    Reason.PAYMENT_DECLINED: "another card is the shopper's",
    Reason.DANGLING_REFERENCE: "whether to make what is missing, or to do without, only the caller can decide",
    Reason.INTERNAL_ERROR: "it is a fault of the server, which the caller cannot mend",
}
"""Reasons whose remedy holds nothing to carry out, and why."""

FINAL: Mapping[Reason, str] = {
    Reason.BASE_VARIANT_STAYS: "the variant stays as long as its product has no other",
    Reason.TASK_ENDED: "what has ended cannot be cancelled",
    Reason.MOVED_ROUTE_WRITE: "the one path that moved is only read",
    Reason.INTERNAL_ERROR: "it is a fault of the server",
}
"""Reasons whose requests never succeed: what they advise does."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "METHOD")


@dataclass(frozen=True)
class Sent:
    """A request as it reached a server."""

    server: Any
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    scheme: str

    def again(self) -> Reply:
        """The reply to it."""
        headers = dict(self.headers)
        if "transfer-encoding" not in headers:
            headers.pop("content-length", None)
            if self.body:
                headers["content-length"] = str(len(self.body))
        reply: Reply = self.server.send(self.method, self.target, list(headers.items()), self.body, self.scheme)
        return reply

    def having(self, **headers: str) -> Sent:
        """With other headers; one that is "" is left out."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {name: value for name, value in {**self.headers, **named}.items() if value}
        return replace(self, headers=merged)

    def saying(self, **members: Any) -> Sent:
        """With other members of its body; one that is None is left out."""
        merged = {**json.loads(self.body or b"{}"), **members}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(self, body=json.dumps(kept).encode()).having(content_type="application/json")

    def edited(self, line: str) -> Sent:
        """What a remedy makes of it."""
        found = re.fullmatch(r"([A-Z]+) (\S+)(?: with ([A-Za-z-]+): (\S+))?(?: without (.+))?", line)
        assert found, line
        method, target, name, value, without = found.groups()
        made = replace(self, method=method, target=target)
        if url := re.fullmatch(r"(https?)://([^/]+)(/.*)", target):
            made = replace(made, scheme=url[1], target=url[3]).having(host=url[2])
        if method in ("GET", "OPTIONS") and self.method != method:
            made = replace(made, body=b"").having(content_type="", prefer="", if_match="")
        if name:
            made = made.having(**{name.lower(): value})
        for word in (without or "").split(", "):
            if word[:1].isupper():
                made = made.having(**{word.lower(): ""})
            elif word:
                made = made.saying(**{word: None})
        return made


@dataclass
class Place:
    """A server whose stores are in a directory, as commands find them."""

    server: Server
    data: Path

    def run(self, line: str, *, by_itself: bool) -> str:
        """What a command prints; it must succeed. `by_itself`: in a process of its own, as somebody types it."""
        self.server.rest()
        words = shlex.split(line)
        if not by_itself:
            done = CliRunner(env={"BODEGA_DATA": str(self.data), "BODEGA_DATABASE": None}).invoke(main, words[1:])
            assert done.exit_code == 0, done.output
            return done.stdout
        bodega = Path(sys.executable).with_name(words[0])
        given = {**environment(), "BODEGA_DATA": str(self.data)}
        typed = [str(bodega), *words[1:]]
        printed = subprocess.run(typed, env=given, capture_output=True, text=True, timeout=PATIENCE)
        assert printed.returncode == 0, printed.stderr
        return printed.stdout


@pytest.fixture(scope="module")
def place(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for the module."""
    data = tmp_path_factory.mktemp("remedies")
    server = Server(runner, runner.run(open_backend(data, None)))
    yield Place(server, data)
    runner.run(server.app.stop())


@pytest.fixture
def last(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """The requests that were sent, the last one at the end."""
    sent: list[Sent] = []
    send = Server.send

    def noting(server: Server, method: str, target: str, headers: Any, body: bytes, scheme: str) -> Reply:
        sent.append(Sent(server, method, target, dict(headers), body, scheme))
        return send(server, method, target, headers, body, scheme)

    monkeypatch.setattr(Server, "send", noting)
    return sent


@dataclass
class Mending:
    """A refused request, and what its remedies showed: for whoever corrects it by hand."""

    desk: Desk
    sent: Sent
    refused: Reply
    shown: list[Any]
    send: Callable[[], Reply]
    place: Place

    def details(self) -> dict[str, Any]:
        """The details of the refusal."""
        body = self.refused.json
        found: dict[str, Any] = (body[0] if isinstance(body, list) else body)["details"]
        return found


Mend = Callable[[Mending], Reply]


def at(resource: str, **changes: Any) -> Mend:
    """The same request for another resource of the catalogue."""

    def mend(it: Mending) -> Reply:
        target = f"/stores/{it.desk.shop.name}{it.desk.path(resource)}"
        return replace(it.sent, target=target, **changes).again()

    return mend


def made_first(resource: str, **changes: Any) -> Mend:
    """The same once there is a brand."""

    def mend(it: Mending) -> Reply:
        it.desk.shop.brand()
        return at(resource, **changes)(it)

    return mend


def saying(**members: Any) -> Mend:
    """The same with other members."""
    return lambda it: it.sent.saying(**members).again()


def ordering(**members: Any) -> Mend:
    """The same order with another line."""

    def mend(it: Mending) -> Reply:
        line = {**json.loads(it.sent.body)["products"][0], **members}
        return it.sent.saying(products=[line]).again()

    return mend


def with_a_picture(it: Mending) -> Reply:
    """The same with the smallest GIF, as a file."""
    head, colours = b"GIF89a\x01\x00\x01\x00\x80\x00\x00", b"\x00\x00\x00\xff\xff\xff"
    dot = head + colours + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    return it.desk.shop.upload(
        f"/v3/catalog/brands/{it.desk.shop.rows('brands')}/image", ("image_file", "a.gif", "image/gif", dot)
    )


def by_its_owner(it: Mending) -> Reply:
    """The same by the account that made the metafield."""
    return it.sent.having(x_auth_token=it.desk.shop.token).again()


def with_the_present_tag(it: Mending) -> Reply:
    """The same with the entity tag that the remedy showed."""
    return it.sent.having(if_match=it.shown[-1].headers["etag"]).again()


def after_a_recovery(it: Mending) -> Reply:
    """The same once the store was brought back from a backup: here that of another one."""
    file = it.place.data / f"{it.desk.shop.name}.bodega"
    it.place.run(f"bodega store backup {it.place.server.shop().name} {file}", by_itself=False)
    it.place.run(f"bodega store recover {it.desk.shop.name} {file} --yes", by_itself=False)
    return it.sent.again()


def after_one_left(it: Mending) -> Reply:
    """The same when there is one brand less."""
    assert it.desk.shop.delete("/v3/catalog/brands/1").status == 204
    return it.send()


def after_one_theme_left(it: Mending) -> Reply:
    """The same when there is one theme less."""
    [number] = [one["uuid"] for one in it.desk.shop.get("/v3/themes").data if not one["is_active"]]
    assert it.desk.shop.delete(f"/v3/themes/{number}").status == 204
    return it.send()


def after_a_move(it: Mending) -> Reply:
    """The same when the product is elsewhere."""
    [number] = it.details()["orphaned_products"]
    other = it.desk.shop.category("Elsewhere")
    assert it.desk.shop.put(f"/v3/catalog/products/{number}", {"categories": [other]}).status == 200
    return it.sent.again()


def at_another_checkout(it: Mending) -> Reply:
    """The same at the checkout of another cart."""
    made = it.desk.ask("POST", "/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    one = it.sent.target.split("/")[-1]
    return replace(it.sent, target=it.sent.target.replace(one, made)).again()


def after_a_while(it: Mending) -> Reply:
    """The same some seconds later, by the store's clock."""
    it.desk.shop.freeze(2_000_000_010)
    return it.sent.again()


def after_a_payment(it: Mending) -> Reply:
    """A refused capture succeeds on an order that was authorised; what this one has is told by its transactions."""
    assert it.shown[-1].json["data"] == []
    return it.shown[-1]


def without_its_codes(it: Mending) -> Reply:
    """Delete the codes of the promotions that the refusal names, then the promotions."""
    for promotion in it.refused.json["details"]["promotion_ids"]:
        codes = it.desk.ask("GET", f"/v3/promotions/{promotion}/codes").data
        gone = ",".join(str(code["id"]) for code in codes)
        assert it.desk.ask("DELETE", f"/v3/promotions/{promotion}/codes?id:in={gone}").status == 204
    return it.sent.again()


def without_its_values(it: Mending) -> Reply:
    """Delete the values of the properties that the refusal names, then the properties."""
    assert it.refused.json["details"]["property_ids"]
    products = ",".join(str(one["id"]) for one in it.desk.ask("GET", "/v3/catalog/products").data)
    assert it.desk.ask("DELETE", f"/v3/tax/products/properties?product_id:in={products}").status == 204
    return it.sent.again()


def of_a_class_that_there_is(it: Mending) -> Reply:
    """Name a class that the store has."""
    (made,) = it.desk.ask("POST", "/v3/tax/classes", [{"name": "Books"}]).data
    return replace(it.sent, target=re.sub(r"id:in=\d+", f"id:in={made['id']}", it.sent.target)).again()


def of_a_promotion_in_bulk(it: Mending) -> Reply:
    """Make a promotion whose codes are generated."""
    made = coupon_promotion(it.desk, coupon_type="BULK")
    return replace(it.sent, target=re.sub(r"promotions/\d+", f"promotions/{made}", it.sent.target)).again()


MENDED: Mapping[Reason, Mend] = {
    Reason.STORE_DAMAGED: after_a_recovery,
    Reason.UNKNOWN_METHOD: made_first("brands/1", method="PUT"),
    Reason.NO_SUCH_RESOURCE: at("brands"),
    Reason.METHOD_NOT_ALLOWED: made_first("brands/1", method="PUT"),
    Reason.BODY_TOO_LARGE: lambda it: it.sent.again(),
    Reason.FILTER_REFUSED: at("brands?name=Acme"),
    Reason.FILTER_REQUIRED: at("brands?name=Acme"),
    Reason.NO_SUCH_ENTITY: made_first("brands/1"),
    Reason.PRECONDITION_FAILED: with_the_present_tag,
    Reason.MALFORMED_BODY: lambda it: replace(it.sent, body=b'{"name": "Acme"}').again(),
    Reason.TOO_MANY_ITEMS: lambda it: replace(
        it.sent, body=json.dumps([{"id": it.desk.shop.product()}]).encode()
    ).again(),
    Reason.FIELD_MISSING: saying(name="Acme"),
    Reason.FIELD_INVALID: saying(name="Acme"),
    Reason.IMAGE_UNREACHABLE: with_a_picture,
    Reason.IMAGE_INVALID: with_a_picture,
    Reason.DUPLICATE: saying(name="Best"),
    Reason.DANGLING_REFERENCE: lambda it: it.sent.saying(
        brand_id=None, **({"categories": [it.desk.shop.category()]} if it.desk.form is V2 else {})
    ).again(),
    Reason.CODES_ATTACHED: without_its_codes,
    Reason.PROPERTY_IN_USE: without_its_values,
    Reason.CLASSES_REFUSED: of_a_class_that_there_is,
    Reason.CODES_NOT_GENERATED: of_a_promotion_in_bulk,
    Reason.LIST_REFUSED: lambda it: replace(it.sent, body=json.dumps(json.loads(it.sent.body)[:1]).encode()).again(),
    Reason.NOT_THE_OWNER: by_its_owner,
    Reason.OPTIONS_REFUSED: ordering(product_options=[]),
    Reason.QUANTITY_OUT_OF_BOUNDS: ordering(quantity=2),
    Reason.OUT_OF_STOCK: ordering(quantity=1),
    Reason.VERSION_CONFLICT: saying(version=2),
    Reason.CHECKOUT_PLACED: at_another_checkout,
    Reason.DEPLOYMENT_UNDERWAY: after_a_while,
    Reason.THEMES_FULL: after_one_theme_left,
    Reason.PAYMENT_STATE: after_a_payment,
    Reason.PAYMENT_DECLINED: lambda it: replace(it.sent, body=json.dumps(a_card("4111111111111111")).encode()).again(),
    Reason.CIRCULAR_TREE: saying(parent_id=0),
    Reason.ORPHANED_PRODUCTS: after_a_move,
    Reason.PLATFORM_CAP_REACHED: after_one_left,
    Reason.TREE_TOO_DEEP: saying(parent_id=1),
}
"""How a person corrects a request that no command and no line can correct for them."""


def wait(mending: Mending) -> None:
    """Until what the reply asked to wait for is over."""
    shop, reason = mending.desk.shop, Reason[mending.refused.reason]
    if reason is Reason.UPGRADING:
        name = mending.sent.target.split("/")[2]
        record = shop.server.run(shop.server.backend.registry.store(name))
        with closing(open_file(shop.server.backend.path(record))) as rows:  # type: ignore[attr-defined]
            rows.execute("INSERT OR IGNORE INTO migrations VALUES (?, '')", (migrate.newest(),))
        store = shop.server.run(shop.server.app.stores.get(name))
        shop.server.run(store.ready())
    if reason in (Reason.IMAGES_WAITING, Reason.IMAGE_LOST):
        mending.sent = replace(mending.sent, server=shop.server)  # there images are decoded
    if reason is Reason.PASSWORD_GUESSED:
        store = shop.server.run(shop.server.app.stores.get(shop.name))
        shop.freeze(store.clock.now() + int(mending.refused.headers["retry-after"]))


def told(reply: Reply, form: Form) -> list[str]:
    """What of the remedy can be carried out: all lines of V3's detail; otherwise that of the header."""
    first = [reply.headers["bodega-remedy"]] if "bodega-remedy" in reply.headers else []
    if form.version == 2 or not reply.body:
        return first
    lines = lines_of(reply.json["detail"])
    assert lines[:1] == first
    return lines


CURED = [
    pytest.param(reason, form, id=f"{form.name}-{reason.name}")
    for reason in Reason
    if reason not in (Reason.UNREACHABLE, Reason.NOT_SERVED_HERE)  # nobody asks for either
    for form in (V2, V3)
    if form in next(case for case in CASES if case.reason is reason).forms
]


@pytest.mark.parametrize(("reason", "form"), CURED)
def test_what_a_refusal_advises_works(place: Place, last: list[Sent], reason: Reason, form: Form) -> None:
    """Every line is carried out as it is printed and succeeds; then, or by it, the request succeeds."""
    case = next(case for case in CASES if case.reason is reason)
    desk = Desk(place.server.shop(), form)
    send = case.before_validate(desk)
    refused = send()
    mending = Mending(desk, last[-1], refused, [], send, place)
    assert refused.reason == reason.name
    lines = told(refused, form)
    assert bool(lines) is (reason not in WORDS_ONLY), refused.body
    succeeded = False
    wait(mending)
    for line in lines:
        assert not words_of(line), line
        if line.startswith("bodega "):
            printed = place.run(line, by_itself=form is V3)
            if reason in (Reason.CREDENTIALS_MISSING, Reason.CREDENTIALS_WRONG) and " create " in line:
                token = json.loads(printed)["token"]
                mending.sent = mending.sent.having(x_auth_token=token, authorization="")
            succeeded = succeeded or mending.sent.again().status < 300
        else:
            reply = mending.sent.edited(line).again()
            assert reply.status < 300, (line, reply.body)
            mending.shown.append(reply)
            succeeded = succeeded or (reason not in MENDED and reason not in FINAL)
    if reason in MENDED:
        reply = MENDED[reason](mending)
        assert reply.status < 300, reply.body
        succeeded = True
    assert succeeded is (reason not in FINAL)


def test_the_scope_that_was_granted_is_taken_back_and_the_others_stay(place: Place, last: list[Sent]) -> None:
    """The 403 names both commands."""
    desk = Desk(place.server.shop(), V3)
    token = desk.account("store_v2_orders", "store_v2_products_read_only")
    refused = desk.ask("POST", desk.path("brands"), {"name": "Acme"}, token=token)
    grant, revoke = told(refused, V3)
    client = refused.json["details"]["client_id"]
    assert grant == f"bodega account grant {desk.shop.name} {client} store_v2_products"
    shown = json.loads(place.run(f"{grant} --json", by_itself=False))
    assert shown["scopes"] == ["store_v2_orders", "store_v2_products", "store_v2_products_read_only"]
    assert last[-1].again().status == 200
    shown = json.loads(place.run(f"{revoke} --json", by_itself=False))
    assert shown["scopes"] == ["store_v2_orders", "store_v2_products_read_only"]
    assert desk.ask("POST", desk.path("brands"), {"name": "Best"}, token=token).reason == "SCOPE_MISSING"
    assert desk.ask("GET", desk.path("brands"), token=token).status == 200


def test_a_limit_is_raised_and_the_others_stay(place: Place) -> None:
    """What 507 advises does not drop a limit of something else."""
    shop = place.server.shop()
    shop.change(plan="trial", limits={"brands": 1, "products": 7})
    shown = json.loads(place.run(f"bodega store limit {shop.name} brands=2 --json", by_itself=False))
    assert shown["limits"] == {"products": 7, "categories": 20, "brands": 2, "customers": 50}


def test_a_database_that_is_back_answers_the_repeated_request(
    place: Place, last: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """UNREACHABLE: what is repeated after the pause succeeds."""
    monkeypatch.setattr(sqlite_rows, "PATIENCE_SECONDS", 0.0)
    desk = Desk(place.server.shop(), V3)
    desk.shop.brand()
    record = place.server.run(place.server.backend.registry.store(desk.shop.name))
    other = open_file(place.server.backend.path(record))  # type: ignore[attr-defined]
    try:
        other.execute("BEGIN IMMEDIATE")
        refused = desk.ask("POST", desk.path("brands"), {"name": "Best"})
    finally:
        other.close()
    assert refused.reason == "UNREACHABLE"
    [line] = told(refused, V3)
    assert last[-1].edited(line).again().status == 200


def test_every_remedy_is_carried_out_somewhere() -> None:
    """The lists of what cannot be are complete, and small: a reason is in one because its remedy holds no line."""
    assert set(WORDS_ONLY) == {reason for reason in Reason if not lines_of(reason.remedy)}
    assert len(WORDS_ONLY) <= 7
    assert len(FINAL) <= 5
    assert {param.values[0] for param in CURED} | {Reason.UNREACHABLE, Reason.NOT_SERVED_HERE} == set(Reason)
    assert not (set(MENDED) & set(FINAL))
    assert XML not in {param.values[1] for param in CURED}  # the same facts in another syntax


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_a_remedy_says_only_words_that_are_known(reason: Reason) -> None:
    """Each line is a command or a request, whose words have facts; where none is known something is said, too."""
    for line in lines_of(reason.remedy):
        first, _, rest = line.partition(" ")
        assert first == "bodega" or first in METHODS, line
        assert set(re.findall(r"\b[A-Z]{2}[A-Z_]*\b", rest)) <= WORDS, line
    assert reason.advice.endswith(".")
    assert "`" not in reason.advice
    assert not fill(reason.remedy, lambda _: "").lines or not any(map(words_of, lines_of(reason.remedy)))


def test_every_word_has_a_fact() -> None:
    """And no fact is without a word that uses it."""
    used = {word for reason in Reason for line in lines_of(reason.remedy) for word in words_of(line)}
    assert used == WORDS == set(FACTS)


def test_strangers_learn_nothing_and_nothing_is_advised_to_a_shell(place: Place) -> None:
    """A hash is that of the request, and only if it is one; a target with a backtick or a blank is not repeated."""
    shop = place.server.shop()
    by_host = shop.get("/v2/time", base="/api", token="")
    assert (by_host.status, "bodega-remedy" in by_host.headers) == (401, False)
    for name in ("$(reboot)", "a;b", "x" * 41, "A", "--help", "-rf"):
        reply = shop.get("/v2/time", base=f"/stores/{name}", token="")
        assert (reply.status, "bodega-remedy" in reply.headers) == (401, False)
        assert name not in reply.body.decode()
    odd = shop.get("/v3/catalog/brands/4711?a=`reboot`&b=c d")
    assert "`reboot`" not in odd.json["detail"]


def test_a_delete_is_never_advised_with_fewer_filters(place: Place) -> None:
    """It would then be for more rows."""
    shop = place.server.shop()
    shop.brand()
    reply = shop.delete("/v3/catalog/brands?name=Other&nmae=Acme")
    assert reply.reason == "FILTER_REFUSED"
    assert told(reply, V3) == []
    assert os.linesep not in reply.json["detail"]
