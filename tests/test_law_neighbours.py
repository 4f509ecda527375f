"""For every pair of faults that one request can hold, the one that is judged first is told (design section 1).

A request is built on one of eight grounds (reading, changing, creating or deleting a category, clearing the
categories, changing many products, reading the store, naming an image by its URL), and faults are laid on it. Each
fault decides some parts of the request or of the store; two faults that decide the same part cannot stand in one
request, and `CANNOT_MEET` says why two others cannot.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from bodega.http.router import by_version
from bodega.kit.images import UploadImage
from bodega.kit.route import route
from bodega.law.reasons import Reason, Step
from bodega.resources import ROUTES
from bodega.resources.catalog import categories
from bodega.storage.unit import Terms
from forms import V2, V3, Crowd, Desk, Form, rows, strict
from pictures import picture
from shop import Reply, Server, Shop


class World(NamedTuple):
    """A store that holds what the faults need, and the tokens of accounts that lack something."""

    shop: Shop
    door: Shop
    tokens: dict[tuple[str, bool], str]
    category: int
    child: int
    deepest: int
    only_one: int
    product: int
    image: str
    task: int = 0


class Draft:
    """A request in the making: good as it is, until faults are laid on it."""

    def __init__(self, world: World, form: Form, method: str, path: str, body: Any) -> None:
        self.world = world
        self.form = form
        self.method = method
        self.path = path
        self.body = body
        self.query: list[str] = []
        self.headers: dict[str, str] = {"accept": "application/json"}
        self.quota = ""
        self.scoped = True
        self.token: str | None = None
        self.scheme = "https"
        self.version = form.version
        self.store: dict[str, Any] = {}
        self.cap = 0
        self.task = 0

    def send(self) -> Reply:
        """Sends it to the store as the faults want it to be."""
        shop = self.world.door if self.scheme == "http" else self.world.shop
        store = shop.server.run(self.world.shop.server.app.stores.get(shop.name))
        path = f"/v{self.form.version}/tasks/{self.task}" if self.task else self.form.path(self.path)
        path = f"/v{self.version}" + path[3:] + ("?" + "&".join(self.query) if self.query else "")
        headers = dict(self.headers)
        token = self.token
        if token is None:
            token = self.world.tokens[self.quota, self.scoped]
            if self.quota == "hour":
                headers["authorization"] = "Basic " + base64.b64encode(token.encode()).decode()
                token = ""
        body = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        if body:
            headers.setdefault("content-type", "application/json")
        with ExitStack() as stack:
            if self.cap:
                stack.callback(self.world.shop.redeclare(categories.TABLE, cap=self.cap))
            patched = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in self.store.items():
                patched.setattr(store, name, value)
            return shop.request(self.method, path, body=body, headers=headers, token=token, scheme=self.scheme)


class Fault(NamedTuple):
    """`lay` spoils a draft so that it is refused for `reason`; `parts` are what it decides."""

    name: str
    reason: Reason
    parts: frozenset[str]
    grounds: frozenset[str]
    lay: Callable[[Draft], None]
    versions: frozenset[int] = frozenset({2, 3})
    as_read: Reason | None = None

    def told(self, draft: Draft) -> Reason:
        """The reason that is given; redirects of reads have a word of their own."""
        return self.as_read if self.as_read is not None and draft.method in ("GET", "HEAD") else self.reason


READ, CHANGE, CREATE, DELETE, CLEAR, BATCH, STORE = "read", "change", "create", "delete", "clear", "batch", "store"
PICTURE = "picture"
LISTED = frozenset({READ, CHANGE, CREATE, DELETE, CLEAR, BATCH})
PAGED = LISTED - {CLEAR}  # a delete refuses what would bound a list
EVERYWHERE = LISTED | {STORE, PICTURE}
ON_ONE = frozenset({READ, CHANGE, DELETE})
USED = "used"
"""A key under which every account of the world made something."""
WITH_BODY = frozenset({CHANGE, CREATE, BATCH, PICTURE})
FAULTS: list[Fault] = []


def fault(
    reason: Reason,
    parts: str,
    grounds: frozenset[str] | set[str] = EVERYWHERE,
    versions: frozenset[int] = frozenset({2, 3}),
    as_read: Reason | None = None,
) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """Adds a maker of one fault."""

    def add(lay: Callable[[Draft], None]) -> Callable[[Draft], None]:
        parted = frozenset(parts.split())
        FAULTS.append(Fault(lay.__name__, reason, parted, frozenset(grounds), lay, versions, as_read))
        return lay

    return add


@fault(Reason.INSECURE_WRITE, "scheme", as_read=Reason.INSECURE)
def in_the_clear(draft: Draft) -> None:
    draft.scheme = "http"


@fault(Reason.DEPRECATED_VERSION_WRITE, "version", versions=frozenset({2}), as_read=Reason.DEPRECATED_VERSION)
def of_version_1(draft: Draft) -> None:
    draft.version = 1


@fault(Reason.UPGRADING, "rows")
def upgrading(draft: Draft) -> None:
    draft.store["rows"] = None


@fault(Reason.STORE_DAMAGED, "rows")
def damaged(draft: Draft) -> None:
    draft.store |= {"rows": None, "damage": "the file is missing"}


@fault(Reason.SUSPENDED, "suspension")
def suspended(draft: Draft) -> None:
    draft.store["suspended"] = True


@fault(Reason.MAINTENANCE, "maintenance")
def in_maintenance(draft: Draft) -> None:
    draft.store["maintenance"] = True


@fault(Reason.UNKNOWN_METHOD, "method")
def patch(draft: Draft) -> None:
    draft.method = "PATCH"


@fault(Reason.CREDENTIALS_MISSING, "caller")
def of_nobody(draft: Draft) -> None:
    draft.token = ""


@fault(Reason.CREDENTIALS_WRONG, "caller")
def of_an_impostor(draft: Draft) -> None:
    draft.token = "guessed"


@fault(Reason.WINDOW_QUOTA_SPENT, "quota")
def after_the_last_of_a_window(draft: Draft) -> None:
    draft.quota = "window"


@fault(Reason.HOURLY_QUOTA_SPENT, "quota")
def after_the_last_of_an_hour(draft: Draft) -> None:
    draft.quota = "hour"


@fault(Reason.NO_SUCH_RESOURCE, "path")
def of_an_unknown_resource(draft: Draft) -> None:
    draft.path = "bicycles"


@fault(Reason.MOVED_ROUTE_WRITE, "path", {STORE}, as_read=Reason.MOVED_ROUTE)
def at_an_old_path(draft: Draft) -> None:
    draft.path = "store_information"


@fault(Reason.METHOD_NOT_ALLOWED, "method", ON_ONE | {STORE})
def posted_to_one(draft: Draft) -> None:
    draft.method = "POST"


@fault(Reason.METHOD_NOT_ALLOWED, "method", {CREATE, CLEAR, PICTURE})
def put_to_all(draft: Draft) -> None:
    draft.method = "PUT"


@fault(Reason.SCOPE_MISSING, "scope")
def without_the_scope(draft: Draft) -> None:
    draft.scoped = False


@fault(Reason.NOT_ACCEPTABLE, "accept")
def for_a_picture(draft: Draft) -> None:
    draft.headers["accept"] = "image/png"


@fault(Reason.CONTENT_TYPE_UNSUPPORTED, "type", WITH_BODY)
def of_plain_text(draft: Draft) -> None:
    draft.headers["content-type"] = "text/plain"


@fault(Reason.CONTENT_CODING_UNSUPPORTED, "coding", WITH_BODY)
def zipped(draft: Draft) -> None:
    draft.headers["content-encoding"] = "gzip"


@fault(Reason.BODY_TOO_LARGE, "length", WITH_BODY)
def too_large(draft: Draft) -> None:
    draft.headers["content-length"] = "99999999"


@fault(Reason.FILTER_REFUSED, "filter", LISTED)
def with_a_refused_filter(draft: Draft) -> None:
    draft.query.append("name:between=1")


@fault(Reason.QUERY_INVALID, "page", PAGED)
def with_a_bad_page(draft: Draft) -> None:
    draft.query.append("page=-1")


@fault(Reason.LIMIT_OVER_MAXIMUM, "limit", PAGED)
def with_too_high_a_limit(draft: Draft) -> None:
    draft.query.append("limit=251")


@fault(Reason.FILTER_REQUIRED, "filters", {CLEAR}, frozenset({3}))
def without_a_filter(draft: Draft) -> None:
    draft.query.remove("name=Nothing")


@fault(Reason.TOO_MANY_AT_ONCE, "at once", {READ, CHANGE}, frozenset({3}))
def beside_forty_others(draft: Draft) -> None:
    draft.store["under_way"] = Crowd()


@fault(Reason.KEY_INVALID, "key", {CREATE})
def with_a_bad_key(draft: Draft) -> None:
    draft.headers["idempotency-key"] = "a b"


@fault(Reason.KEY_IN_USE, "key", {CREATE})
def while_it_is_carried_out(draft: Draft) -> None:
    draft.headers["idempotency-key"] = "busy"
    store = draft.world.shop.server.run(draft.world.shop.server.app.stores.get(draft.world.shop.name))
    draft.store["at_work"] = {(client, "busy") for client in store.by_client}


@fault(Reason.KEY_REUSED, "key", {CREATE})
def with_a_key_of_another_request(draft: Draft) -> None:
    draft.headers["idempotency-key"] = USED


@fault(Reason.NO_SUCH_ENTITY, "path", ON_ONE | {PICTURE})
def of_one_that_is_not_there(draft: Draft) -> None:
    draft.path = draft.path.replace(f"/{draft.world.category}", "/4711")


@fault(Reason.PRECONDITION_FAILED, "if-match")
def of_an_old_copy(draft: Draft) -> None:
    draft.headers["if-match"] = '"0"'


@fault(Reason.NOT_MODIFIED, "if-none-match", {READ, STORE})
def with_a_current_copy(draft: Draft) -> None:
    draft.headers["if-none-match"] = "*"


@fault(Reason.MALFORMED_BODY, "body", WITH_BODY)
def broken_off(draft: Draft) -> None:
    draft.body = b'{"name": "'


@fault(Reason.TOO_MANY_ITEMS, "length-of-list", {BATCH}, frozenset({3}))
def of_eleven(draft: Draft) -> None:
    draft.body = draft.body * 11


@fault(Reason.FIELD_UNKNOWN, "colour", {CHANGE, CREATE}, frozenset({2}))
def with_an_unknown_field(draft: Draft) -> None:
    draft.body = {**draft.body, "colour": "red"}


@fault(Reason.FIELD_READ_ONLY, "id", {CHANGE, CREATE}, frozenset({2}))
def with_a_read_only_field(draft: Draft) -> None:
    draft.body = {**draft.body, "id": 9}


@fault(Reason.FIELD_MISSING, "name", {CREATE})
def without_a_name(draft: Draft) -> None:
    draft.body = {name: value for name, value in draft.body.items() if name != "name"}


@fault(Reason.FIELD_INVALID, "page_title", {CHANGE, CREATE})
def with_an_invalid_field(draft: Draft) -> None:
    draft.body = {**draft.body, "page_title": "p" * 256}


@fault(Reason.FIELD_INVALID, "name", {BATCH}, frozenset({3}))
def with_an_invalid_item(draft: Draft) -> None:
    draft.body = [{**item, "name": ""} for item in draft.body]


@fault(Reason.FIELD_MISSING, "image", {PICTURE}, frozenset({3}))
def without_an_image(draft: Draft) -> None:
    draft.body = {}


@fault(Reason.IMAGE_UNREACHABLE, "image", {PICTURE}, frozenset({3}))
def with_an_image_nobody_reaches(draft: Draft) -> None:
    draft.body = {"image_url": "http://127.0.0.1:9/a.png"}


@fault(Reason.IMAGE_INVALID, "image", {PICTURE}, frozenset({3}))
def with_an_image_that_is_none(draft: Draft) -> None:
    draft.body = {"image_url": "a.png"}


@fault(Reason.DUPLICATE, "url", {CHANGE, CREATE})
def at_a_url_that_is_taken(draft: Draft) -> None:
    draft.body = {**draft.body, **Desk(draft.world.shop, draft.form).url("/taken/")}


@fault(Reason.DANGLING_REFERENCE, "parent", {CHANGE, CREATE})
def below_one_that_is_not_there(draft: Draft) -> None:
    draft.body = {**draft.body, "parent_id": 4711}


@fault(Reason.CIRCULAR_TREE, "parent", {CHANGE})
def below_itself(draft: Draft) -> None:
    draft.body = {**draft.body, "parent_id": draft.world.child}


@fault(Reason.ORPHANED_PRODUCTS, "doomed", {DELETE})
def with_a_product_in_it(draft: Draft) -> None:
    draft.path = draft.path.replace(f"/{draft.world.category}", f"/{draft.world.only_one}")


@fault(Reason.TASK_ENDED, "path doomed scope filter", {DELETE})
def of_a_task_that_has_ended(draft: Draft) -> None:
    draft.task = draft.world.task


@fault(Reason.PLAN_LIMIT_REACHED, "plan", {CREATE})
def over_the_plan(draft: Draft) -> None:
    draft.store["terms"] = Terms({"categories": 1})


@fault(Reason.PLATFORM_CAP_REACHED, "cap", {CREATE})
def over_the_cap(draft: Draft) -> None:
    draft.cap = 1


@fault(Reason.TREE_TOO_DEEP, "parent", {CHANGE, CREATE})
def too_deep(draft: Draft) -> None:
    draft.body = {**draft.body, "parent_id": draft.world.deepest}


def draft_on(ground: str, world: World, form: Form) -> Draft:
    """A good request of each kind."""
    one = f"categories/{world.category}"
    if ground == READ:
        return Draft(world, form, "GET", one, None)
    if ground == CHANGE:
        return Draft(world, form, "PUT", one, {"name": "Saws"})
    if ground == CREATE:
        return Draft(world, form, "POST", "categories", {"name": "Drills", "parent_id": 0})
    if ground == DELETE:
        return Draft(world, form, "DELETE", one, None)
    if ground == CLEAR:
        draft = Draft(world, form, "DELETE", "categories", None)
        draft.query.append("name=Nothing")
        return draft
    if ground == STORE:
        return Draft(world, form, "GET", "store", None)
    if ground == PICTURE:
        return Draft(world, form, "POST", f"{one}/picture", {"image_url": world.image})
    return Draft(world, form, "PUT", "products", [{"id": world.product, "name": "Hammer"}])


CANNOT_MEET: dict[frozenset[str], str] = {
    frozenset({"caller", "quota"}): "nobody known has no quota",
    frozenset({"caller", "scope"}): "nobody known has no scopes",
    frozenset({"path", "doomed"}): "both name the category",
    frozenset({"body", "length-of-list"}): "a body that breaks off holds no items",
    frozenset({"body", "colour"}): "a body that breaks off holds no fields",
    frozenset({"body", "id"}): "a body that breaks off holds no fields",
    frozenset({"body", "name"}): "a body that breaks off holds no fields",
    frozenset({"body", "page_title"}): "a body that breaks off holds no fields",
    frozenset({"body", "url"}): "a body that breaks off holds no fields",
    frozenset({"body", "parent"}): "a body that breaks off holds no fields",
    frozenset({"body", "image"}): "a body that breaks off holds no fields",
}


def why_not(one: Fault, other: Fault) -> str:
    """Why two faults cannot stand in one request; empty when they can."""
    shared = one.parts & other.parts
    if shared:
        return f"both decide the {min(shared)}"
    pairs = itertools.product(one.parts, other.parts)
    return next((CANNOT_MEET[pair] for two in pairs if (pair := frozenset(two)) in CANNOT_MEET), "")


def on(ground: str, form: Form) -> list[Fault]:
    """The faults that a request on this ground can hold."""
    return [fault for fault in FAULTS if ground in fault.grounds and form.version in fault.versions]


def grounds() -> Iterator[tuple[str, Form]]:
    """Each ground in each version that has it."""
    for ground in (READ, CHANGE, CREATE, DELETE, CLEAR):
        yield from ((ground, form) for form in (V2, V3))
    yield from ((BATCH, V3), (STORE, V2), (PICTURE, V3))


BY_URL = route("catalog/categories/{id}/picture", 3, POST=UploadImage(categories.V3, by_url=True))
"""An image that JSON may name by its URL, as that of a variant: tried on a category."""


@pytest.fixture(scope="module", autouse=True)
def by_url(server: Server) -> Iterator[None]:
    """The server has that route, too, while these tests run."""
    routes: Any = server.app._api._app.routes
    served = dict(routes)
    routes.update(by_version((*ROUTES, BY_URL)))
    yield
    routes.update(served)


def image_of(shop: Shop, category: int) -> str:
    """The address of an image of the store: it is there, so nothing has to be fetched."""
    part = ("image_file", "a.png", "image/png", picture())
    return str(shop.upload(f"/v3/catalog/categories/{category}/image", part).data["image_url"])


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    """One store for all pairs: no request of theirs changes it."""
    shop = server.shop()
    desk = Desk(shop, V3)
    tokens = {}
    for scoped in (True, False):
        scopes = () if scoped else ("store_v2_orders",)
        tokens["", scoped] = desk.account(*scopes)
        tokens["window", scoped] = desk.account(*scopes, per_window=0)
    tokens["hour", True] = "user:" + desk.account(kind="basic", per_hour=0)
    tokens["hour", False] = tokens["hour", True]  # its scopes are asked after its quota
    category = shop.category("Tools")
    child = shop.category("Hammers", parent_id=category)
    deepest = 0
    for depth in range(8):
        deepest = shop.category(f"Level {depth}", parent_id=deepest)
    only_one = shop.category("Only")
    shop.category("Other", custom_url={"url": "/taken/"})
    product = shop.product(categories=[only_one])
    shop.post(
        "/v3/catalog/categories",
        {"name": "Keyed", "parent_id": 0},
        headers={"idempotency-key": USED},
        token=tokens["", True],
    )
    keyed = tokens["", True]
    task = shop.post("/v3/catalog/brands", {"name": "Later"}, headers={"prefer": "respond-async"}, token=keyed)
    shop.settle(task.data["id"], token=keyed)
    door = strict(shop, routes=by_version((*ROUTES, BY_URL)))
    image = image_of(shop, category)
    return World(shop, door, tokens, category, child, deepest, only_one, product, image, task.data["id"])


ALONE = [pytest.param(ground, form, id=f"{form.name}-{ground}") for ground, form in grounds()]


@pytest.mark.parametrize(("ground", "form"), ALONE)
def test_a_request_without_a_fault_is_not_refused(server: Server, ground: str, form: Form) -> None:
    """Else a pair below would prove nothing."""
    shop = server.shop()
    category, product = shop.category(), shop.product()
    image = image_of(shop, category)
    world = World(shop, shop, {("", True): shop.token}, category, 0, 0, 0, product, image)
    assert draft_on(ground, world, form).send().status in (200, 201, 204)


@pytest.mark.parametrize(("ground", "form"), ALONE)
def test_a_fault_alone_is_told(world: World, ground: str, form: Form) -> None:
    """Design section 1: a reason has one owner."""
    wrong = []
    for fault in on(ground, form):
        draft = draft_on(ground, world, form)
        fault.lay(draft)
        reply = draft.send()
        if reply.reason != fault.told(draft).name:
            wrong.append((fault.name, reply.status, reply.reason, reply.body[:200]))
    assert wrong == []


def pairs(ground: str, form: Form) -> list[tuple[Fault, Fault]]:
    """Every two faults that one request can hold, the earlier first."""
    found = sorted(on(ground, form), key=lambda fault: fault.reason.rank)
    return [(one, other) for one, other in itertools.combinations(found, 2) if not why_not(one, other)]


@pytest.mark.parametrize(("ground", "form"), ALONE)
def test_of_two_faults_the_earlier_is_told_and_nothing_is_changed(world: World, ground: str, form: Form) -> None:
    """Design section 1: the order of judgement; RFC 9110 13.2.1 for preconditions before the body."""
    before = rows(world.shop)
    wrong = []
    for earlier, later in pairs(ground, form):
        draft = draft_on(ground, world, form)
        earlier.lay(draft)
        later.lay(draft)
        reply = draft.send()
        if reply.reason != earlier.told(draft).name:
            wrong.append((earlier.name, later.name, reply.status, reply.reason))
    assert wrong == []
    assert rows(world.shop) == before


@pytest.mark.parametrize(("ground", "form"), ALONE)
def test_of_all_faults_that_fit_the_earliest_is_told_until_none_is_left(world: World, ground: str, form: Form) -> None:
    """Design section 1: a client that mends what it is told meets every fault once, in the order of the law."""
    stack: list[Fault] = []
    for fault in sorted(on(ground, form), key=lambda fault: fault.reason.rank):
        if not any(why_not(fault, there) for there in stack):
            stack.append(fault)
    for place in range(len(stack)):
        draft = draft_on(ground, world, form)
        for fault in stack[place:]:
            fault.lay(draft)
        assert draft.send().reason == stack[place].told(draft).name
    assert len(stack) > 8


ELSEWHERE: dict[Reason, str] = {
    Reason.NOT_SERVED_HERE: "other paths, of which nothing else is known; tests/test_documented.py",
    Reason.IMAGES_WAITING: "the queue of images; tests/test_picture_worker.py fills it",
    Reason.IMAGE_LOST: "the process that decodes images; tests/test_picture_worker.py ends it",
    Reason.TEMPLATES_WAITING: "previews of widgets; tests/test_rendering.py fills their queue",
    Reason.LIST_REFUSED: "lists of customers; tests/test_customers.py holds it before its neighbours",
    Reason.PASSWORD_GUESSED: "passwords of customers; tests/test_customer_passwords.py holds it after its neighbours",
    Reason.NOT_THE_OWNER: "metafields; tests/test_metafields.py holds it before and after its neighbours",
    Reason.OPTIONS_REFUSED: "orders; tests/test_wording.py holds what it says",
    Reason.QUANTITY_OUT_OF_BOUNDS: "orders; tests/test_wording.py holds what it says",
    Reason.OUT_OF_STOCK: "orders; tests/test_order_stock.py holds it after what is wrong with a body",
    Reason.VERSION_CONFLICT: "carts; tests/test_carts.py holds it",
    Reason.DEPLOYMENT_UNDERWAY: "deployments; tests/test_hosting.py holds it",
    Reason.CHECKOUT_PLACED: "checkouts; tests/test_checkouts.py holds it",
    Reason.THEMES_FULL: "themes; nothing else of its step can be said of an upload",
    Reason.PAYMENT_DECLINED: "payments; tests/test_payments.py holds it after what is wrong with a body",
    Reason.PAYMENT_STATE: "payments of orders; nothing else of its step can be said of them",
    Reason.CODES_ATTACHED: "promotions; a delete of one meets no other reason of its step",
    Reason.PROPERTY_IN_USE: "tax properties; a delete of some meets no other reason of its step",
    Reason.CLASSES_REFUSED: "tax classes; nothing else of its step can be said of classes that are not there",
    Reason.CODES_NOT_GENERATED: "promotions; nothing else of its step can be said of a batch of codes",
    Reason.BASE_VARIANT_STAYS: "variants; a delete of one meets no other reason of its step",
}
"""Reasons that no request about categories and products can meet, and where their order is held."""


def test_every_reason_meets_its_neighbours() -> None:
    """Each reason stands in a pair, but for those that no request can be made for."""
    met = {two.reason for ground, form in grounds() for pair in pairs(ground, form) for two in pair}
    met |= set(ELSEWHERE)
    met |= {fault.as_read for fault in FAULTS if fault.as_read is not None}
    broken = {reason for reason in Reason if reason.step is Step.CATCH_ALL}  # what is caught is no fault of a request
    assert met == set(Reason) - broken


@pytest.mark.parametrize("form", [V2, V3], ids=lambda form: form.name)
def test_conflicts_come_before_the_plan_and_the_plan_before_the_platform(world: World, form: Form) -> None:
    """Design section 1, step 16: 409, then 507, then 403."""
    faults = {fault.name: fault for fault in on(CREATE, form)}
    told = []
    for names in (
        "at_a_url_that_is_taken over_the_plan over_the_cap too_deep",
        "over_the_plan over_the_cap too_deep",
        "over_the_cap too_deep",
        "too_deep",
    ):
        draft = draft_on(CREATE, world, form)
        for name in names.split():
            faults[name].lay(draft)
        reply = draft.send()
        told.append((reply.status, reply.reason))
    assert told == [
        (409, "DUPLICATE"),
        (507, "PLAN_LIMIT_REACHED"),
        (403, "PLATFORM_CAP_REACHED"),
        (403, "TREE_TOO_DEEP"),
    ]


def test_a_product_that_brings_its_own_brand_meets_its_own_conflict_before_the_plan_of_brands(server: Server) -> None:
    """Design section 1, step 16, with rule 54: the brand is made on the way."""
    shop = server.shop()
    shop.product("Hammer")
    shop.change(limits={"brands": 0})
    Desk(shop, V3).known(lambda store: store.terms.limits.get("brands") == 0)
    draft = {"name": "Hammer", "type": "physical", "price": 1, "weight": 1, "brand_name": "Acme"}
    assert shop.post("/v3/catalog/products", draft).reason == "DUPLICATE"
    assert shop.post("/v3/catalog/products", {**draft, "name": "Mallet"}).reason == "PLAN_LIMIT_REACHED"
    assert (shop.rows("products"), shop.rows("brands")) == (1, 0)


def test_of_the_items_of_a_bulk_update_the_one_judged_first_speaks(server: Server) -> None:
    """Design section 1: a list of items is one request."""
    shop = server.shop()
    shop.product("Hammer")
    mallet = shop.product("Mallet")
    reply = shop.put("/v3/catalog/products", [{"id": mallet, "name": "Hammer"}, {"id": 4711, "name": "Axe"}])
    assert reply.reason == "NO_SUCH_ENTITY"
