"""What strikes: the rules of every store as this process knows them, and the requests and deliveries they are about."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.access.stores import OpenStore, Stores
from bodega.events.attempts import WebhookFault
from bodega.http import xml
from bodega.http.asgi import Judged, Wire
from bodega.http.negotiation import Media, media_of
from bodega.http.products import Seen
from bodega.http.remedies import BY_HEADER
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.http.router import Routes
from bodega.http.steps.admission import store_named
from bodega.http.steps.table import LAW
from bodega.lab.faults import answers, kept, operations
from bodega.lab.faults.chance import Injected, Tosses, chosen
from bodega.lab.faults.matching import DeliveryFacts, RequestFacts, concerns_delivery, concerns_request
from bodega.lab.faults.reading import FaultRefused, effect_of
from bodega.lab.faults.rule import FaultRule
from bodega.lab.faults.steps import answer_of, faulty_steps
from bodega.law.outcome import Accepted
from bodega.log import Log
from bodega.metrics import Meter
from bodega.periodic import PeriodicJob
from bodega.server.limits import ProtocolRefusal
from bodega.storage.registry import Account
from bodega.storage.tx import Busy

HEADER = b"bodega-fault"
KEEP_SECONDS = 1.0
LARGEST_BODY = 10 * 1024 * 1024
"""A larger body is not looked into."""


class Held:
    """A rule that this process knows, and how many calls it was about."""

    def __init__(self, rule: FaultRule, seen: int) -> None:
        self.rule = rule
        self.tosses = Tosses(rule.schedule)
        self.seen = seen


class FaultInjector:
    """`alone`: no other process serves these stores, so that calls are numbered in memory and kept once a second; else
    each number is taken in the registry, where no two processes get the same."""

    def __init__(self, stores: Stores, routes: Mapping[int, Routes], meter: Meter, log: Log, *, alone: bool) -> None:
        self._stores = stores
        self._routes = routes
        self._meter = meter
        self._alone = alone
        self._changes = -1
        self._held: dict[str, list[Held]] = {}
        self._unkept: dict[str, int] = {}
        self._reading = asyncio.Lock()
        self._headers = itertools.count(1)
        self.job = PeriodicJob(KEEP_SECONDS, self.keep, log, "counts of faults not kept")

    # Requests.

    def concerns(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the request asks for a fault, or a store has rules."""
        return HEADER in headers or bool(self._held) or self._stores.changes != self._changes

    async def answer(self, request: Request, seen: Seen, judged: Judged, wire: Wire) -> Response:
        """Answers the request as the rules have it, or as usual."""
        try:
            request, injected = await self._struck(request, seen)
        except FaultRefused as error:
            response = answers.unreadable(request, error)
            await answers.send(wire, request, response)
            return response
        if injected is None:
            response = await judged(LAW, request)
            await answers.send(wire, request, response)
            return response
        self._meter.add("faults_injected")
        effect = injected.effect
        if effect.disconnect == "before":
            await asyncio.sleep(injected.latency)
            return await self._hang_up(wire, answers.unanswered(request), injected)
        response = await self._faulty(request, judged, injected)
        await asyncio.sleep(injected.latency)
        if effect.disconnect == "after":
            return await self._hang_up(wire, answers.unanswered(request, response.status), injected)
        answers.spoil(response, effect)
        await answers.send(wire, request, response, effect)
        return response

    @staticmethod
    async def _hang_up(wire: Wire, response: Response, injected: Injected) -> Response:
        answers.marked(response, injected)
        await wire.cut()
        return response

    async def _faulty(self, request: Request, judged: Judged, injected: Injected) -> Response:
        """The response of the law as the effect changes it."""
        effect = injected.effect
        headers = dict(request.headers)
        answer = answer_of(effect, request)
        if isinstance(answer, ProtocolRefusal):
            response = answers.of_the_connection(request, answer, injected)
            answers.marked(response, injected)
            return response
        if effect.broken or effect.truncate is not None:
            headers.pop(b"accept-encoding", None)  # a coding would hide what is broken
        if answer is Accepted and not request.reads:
            headers.setdefault(b"prefer", b"respond-async")
        request = replace(request, headers=headers)
        response = await judged(LAW if answer is None else faulty_steps(answer, effect, injected.rules), request)
        answers.marked(response, injected)
        return response

    async def _struck(self, request: Request, seen: Seen) -> tuple[Request, Injected | None]:
        """What strikes the request, which is returned with its body ready to be read again. Raises FaultRefused."""
        sent = request.headers.get(HEADER)
        if sent is not None:
            effect = effect_of(sent.decode("latin-1"))
            return request, Injected((BY_HEADER,), effect, next(self._headers))
        await self._learn()
        name = await store_named(self._stores, request) if self._held else ""
        rules = self._held.get(name, [])
        store = await self._stores.get(name) if rules else None
        if store is None:
            return request, None
        account = _account(store, request)
        facts = self._facts(request, account)
        now = store.clock.now()
        about = [one for one in rules if concerns_request(one.rule, facts, now, with_body=False)]
        if any(one.rule.match.body for one in about):
            request, body = await _with_body(request)
            facts = replace(facts, body=body)
            about = [one for one in about if concerns_request(one.rule, facts, now)]
        injected = await self._chosen(about)
        if injected is not None:
            seen.store = store  # for the journal, should the law never hear of the request
            seen.client_id = account.client_id if account is not None else ""
        return request, injected

    async def of_shopper(self, store: OpenStore, facts: RequestFacts) -> Injected | None:
        """What strikes a request at a shop's host, if anything does. Raises FaultRefused, Busy."""
        sent = facts.headers.get(HEADER.decode())
        if sent is not None:
            return Injected((BY_HEADER,), effect_of(sent), next(self._headers))
        await self._learn()
        now = store.clock.now()
        rules = self._held.get(store.record.hash, ())
        injected = await self._chosen([one for one in rules if concerns_request(one.rule, facts, now)])
        if injected is not None:
            self._meter.add("faults_injected")
        return injected

    def _facts(self, request: Request, account: Account | None) -> RequestFacts:
        routes = self._routes.get(request.version)
        match = routes.find(request.segments) if routes is not None else None
        served = ""
        if match is not None:
            method = "GET" if request.method == "HEAD" else request.method
            served = operations.operation(method, match.route)
        names = (account.client_id, account.name, account.username) if account is not None else ()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
        path = "/".join((f"/v{request.version}", *request.segments))
        return RequestFacts(request.method, path, served, names, headers)

    # Deliveries.

    async def of_delivery(self, store: OpenStore, scope: str, destination: str, hook_id: int) -> WebhookFault | None:
        """What becomes of the first attempt to deliver an event; None: nothing unusual. Raises Busy."""
        if self._stores.changes != self._changes:
            await self._learn()
        rules = self._held.get(store.record.hash)
        if not rules:
            return None
        facts, now = DeliveryFacts(scope, destination, hook_id), store.clock.now()
        injected = await self._chosen([one for one in rules if concerns_delivery(one.rule, facts, now)])
        if injected is None or injected.effect.webhook is None:
            return None
        self._meter.add("faults_injected")
        return WebhookFault("+".join(injected.rules), injected.effect.webhook, injected.effect.delay)

    # Rules.

    async def _chosen(self, about: list[Held]) -> Injected | None:
        numbered = []
        for one in about:
            if one.tosses.is_over(one.seen):
                continue
            number = await self._number(one)
            if number is not None:
                numbered.append((one.rule, one.tosses, number))
        return chosen(numbered)

    async def _number(self, held: Held) -> int | None:
        """The number of this call for the rule."""
        if self._alone:
            held.seen += 1
            self._unkept[held.rule.id] = held.seen
            return held.seen
        number = await kept.take_number(self._stores.registry.tx, held.rule.id)
        held.seen = max(held.seen, number or 0)
        return number

    async def _learn(self) -> None:
        """Rereads the rules if anything in the registry changed. What was counted here is not forgotten."""
        async with self._reading:
            changes = self._stores.changes
            if changes == self._changes:
                return
            known = {one.rule.id: one for rules in self._held.values() for one in rules}
            held: dict[str, list[Held]] = {}
            for found in await kept.rules(self._stores.registry.tx):
                one = known.get(found.rule.id) or Held(found.rule, found.seen)
                one.seen = max(one.seen, found.seen)
                held.setdefault(found.store, []).append(one)
            self._held, self._changes = held, changes

    async def keep(self) -> None:
        """Writes what was counted, for whoever lists the rules and for the next start. Raises Busy."""
        if self._unkept:
            unkept, self._unkept = self._unkept, {}
            await kept.keep(self._stores.registry.tx, unkept)

    async def stop(self) -> None:
        """Keeps the last counts."""
        await self.job.stop()
        with contextlib.suppress(Busy):
            await self.keep()


def _account(store: OpenStore, request: Request) -> Account | None:
    token = request.headers.get(b"x-auth-token")
    if token is not None:
        return store.holder(token)
    sent = request.headers.get(b"authorization", b"")
    return store.user(sent) if sent[:6].lower() == b"basic " else None


async def _with_body(request: Request) -> tuple[Request, Any]:
    """The request, whose body can still be read, and that body as data; None if it is none that can be read."""
    length = request.headers.get(b"content-length", b"")
    if not (length.isdigit() and 0 < int(length) <= LARGEST_BODY) and b"transfer-encoding" not in request.headers:
        return request, None
    messages: list[Mapping[str, Any]] = []
    size = 0
    while size <= LARGEST_BODY:
        messages.append(await request.receive())
        size += len(messages[-1].get("body", b""))
        if messages[-1]["type"] != "http.request" or not messages[-1].get("more_body", False):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    again = iter(messages)

    async def receive() -> Mapping[str, Any]:
        message = next(again, None)
        return await request.receive() if message is None else message

    return replace(request, receive=receive), _data(request, body)


def _data(request: Request, body: bytes) -> Any:
    with contextlib.suppress(msgspec.DecodeError, xml.XMLRefused, UnicodeDecodeError):
        if request.version == 2 and media_of(request.headers.get(b"content-type", b"")) is Media.XML:
            return xml.read(body)
        return msgspec.json.decode(body)
    return None
