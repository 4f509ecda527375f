"""Every reason to refuse a request: the step that owns it and its one status in each API version.

The order of `Step` is the order of judgement. The table of status codes in the docs, `bodega explain` and the error
bodies are all read from here; no other file of the store API names a status of a refusal.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Step(IntEnum):
    """The steps of the law, in the order in which a request meets them."""

    REQUIRE_TLS = 1
    CURRENT_VERSION = 2
    OPEN_STORE = 3
    KNOWN_METHOD = 4
    AUTHENTICATE = 5
    SPEND_QUOTA = 6
    FIND_ROUTE = 7
    ALLOWED_ACTION = 8
    REQUIRE_SCOPE = 9
    ACCEPTABLE = 10
    READABLE = 11
    PARSE_QUERY = 12
    FIND_ENTITY = 13
    PRECONDITIONS = 14
    READ_DRAFT = 15
    PERFORM = 16
    CATCH_ALL = 17

    @property
    def word(self) -> str:
        """The step's name as the code of the steps spells it, e.g. `require_tls`."""
        return self.name.lower()


# fmt: off
class Reason(Enum):
    """One word that says why a request was refused.

    A value is (step, status in V2, status in V3, what the caller reads, what the caller can do: `law/remedy.py`).
    Within a step the order of declaration decides which of two faults of the same request is reported first.
    """

    INSECURE = (Step.REQUIRE_TLS, 301, 301, "This store answers over HTTPS only.", "Send the request to the https:// address in Location: `METHOD LOCATION`.")
    INSECURE_WRITE = (Step.REQUIRE_TLS, 308, 308, "This store answers over HTTPS only.", "Repeat the request, method and body unchanged, at the https:// address in Location: `METHOD LOCATION`.")

    DEPRECATED_VERSION = (Step.CURRENT_VERSION, 302, 302, "Version 1 of the API is no longer served.", "Change the base path of the client; the same in the current version: `METHOD LOCATION`.")
    DEPRECATED_VERSION_WRITE = (Step.CURRENT_VERSION, 307, 307, "Version 1 of the API is no longer served.", "Change the base path of the client; the same in the current version: `METHOD LOCATION`.")

    UPGRADING = (Step.OPEN_STORE, 503, 503, "The store is being upgraded and is unavailable for a moment.", "Wait Retry-After seconds and repeat the request: `METHOD PATH`.")
    STORE_DAMAGED = (Step.OPEN_STORE, 503, 503, "The store's database is missing or damaged.", "The operator can bring it back from a backup with bodega store recover. What is damaged: `bodega store show HASH`.")
    SUSPENDED = (Step.OPEN_STORE, 503, 503, "The store is suspended.", "The owner can lift the suspension: `bodega store set HASH suspended=false`.")
    MAINTENANCE = (Step.OPEN_STORE, 503, 503, "The store is down for maintenance.", "Wait Retry-After seconds, or end it: `bodega store maintenance HASH off`.")

    UNKNOWN_METHOD = (Step.KNOWN_METHOD, 501, 501, "The method is not implemented by this server.", "Use one of the methods that the resource has: `OPTIONS RESOURCE`.")

    CREDENTIALS_MISSING = (Step.AUTHENTICATE, 401, 401, "No credentials were supplied with the request.", "Send X-Auth-Token, or Basic credentials on the store's own host. An account of your own, whose token is printed once: `bodega account create HASH my-app`.")
    CREDENTIALS_WRONG = (Step.AUTHENTICATE, 401, 401, "Unauthorized - the client ID or token in the header is not valid for this store.", "Check the store hash and the token; a lost token cannot be shown again, but another account made: `bodega account create HASH my-app`. Which accounts there are, and which are disabled: `bodega account list HASH`.")

    HOURLY_QUOTA_SPENT = (Step.SPEND_QUOTA, 509, 509, "The requests-per-hour limit has been reached.", "Wait X-Retry-After seconds, or raise the quota: `bodega account update HASH CLIENT_ID --requests-per-hour RAISED`.")
    WINDOW_QUOTA_SPENT = (Step.SPEND_QUOTA, 429, 429, "Too many requests: the quota of this window is spent.", "Wait X-Rate-Limit-Time-Reset-Ms milliseconds, or raise the quota: `bodega account update HASH CLIENT_ID --requests-per-window RAISED`.")

    NO_SUCH_RESOURCE = (Step.FIND_ROUTE, 404, 404, "The requested resource was not found.", "Check the path, by details.nearest_path where there is one; what is served: `bodega routes`.")
    NOT_SERVED_HERE = (Step.FIND_ROUTE, 404, 404, "The operation is documented, but this server does not serve it.", "Do not look for a typing error; what is not served: `bodega routes --missing`.")
    MOVED_ROUTE = (Step.FIND_ROUTE, 301, 301, "The resource has moved.", "Use the path in Location from now on: `METHOD LOCATION`.")
    MOVED_ROUTE_WRITE = (Step.FIND_ROUTE, 308, 308, "The resource has moved.", "Repeat the request at the path in Location and use it from now on; what can be done there: `OPTIONS LOCATION`.")

    METHOD_NOT_ALLOWED = (Step.ALLOWED_ACTION, 405, 405, "The resource does not support this method.", "Use one of the methods in Allow; what the resource has: `OPTIONS RESOURCE`.")

    SCOPE_MISSING = (Step.REQUIRE_SCOPE, 403, 403, "You don't have a required scope to access the endpoint.", "Grant the missing scope beside those that the account has: `bodega account grant HASH CLIENT_ID SCOPE`. What takes it back: `bodega account revoke-scope HASH CLIENT_ID SCOPE`.")

    NOT_ACCEPTABLE = (Step.ACCEPTABLE, 406, 406, "None of the media types in Accept can be produced.", "Accept one of the types named in the answer: `METHOD PATH with Accept: TYPE`.")

    CONTENT_TYPE_UNSUPPORTED = (Step.READABLE, 415, 415, "The media type of the request body is not supported.", "Send the body as one of the types in the Accept header of the answer: `METHOD PATH with Content-Type: TYPE`.")
    CONTENT_CODING_UNSUPPORTED = (Step.READABLE, 415, 415, "The content coding of the request body is not supported.", "Send the body as it is, without a coding: `METHOD PATH without Content-Encoding`.")
    BODY_TOO_LARGE = (Step.READABLE, 413, 413, "The request body is too large.", "Send less than details.max_bytes bytes at once.")

    FILTER_REFUSED = (Step.PARSE_QUERY, 400, 422, "A filter is not supported by this resource.", "Use only the filters of the resource, which details.supported_filters lists. A list can be read without the others: `METHOD LESS`.")
    QUERY_INVALID = (Step.PARSE_QUERY, 400, 422, "A query parameter is invalid.", "Correct the parameter named in the answer. A list can be read without it: `METHOD LESS`.")
    LIMIT_OVER_MAXIMUM = (Step.PARSE_QUERY, 413, 413, "The limit is over the maximum page size.", "Ask for at most details.max_limit rows a page: `METHOD LARGEST`.")
    FILTER_REQUIRED = (Step.PARSE_QUERY, 400, 422, "At least one filter must be set for a delete action.", "Say which rows, by one of details.supported_filters; those that there are: `GET RESOURCE`.")

    TOO_MANY_AT_ONCE = (Step.FIND_ENTITY, 429, 429, "Too many requests of this endpoint are under way at once.", "Wait X-Retry-After seconds and send at most details.max_concurrent at once, or lift the limit: `bodega store set HASH limits.concurrent=false`.")
    KEY_INVALID = (Step.FIND_ENTITY, 400, 400, "The Idempotency-Key cannot be used.", "Send 1 to 255 printable ASCII characters, with or without double quotes: `METHOD PATH with Idempotency-Key: KEY`.")
    KEY_IN_USE = (Step.FIND_ENTITY, 409, 409, "A request with this Idempotency-Key is still being carried out.", "Wait Retry-After seconds and repeat the request with the same key: `METHOD PATH`.")
    KEY_REUSED = (Step.FIND_ENTITY, 400, 422, "This Idempotency-Key was used for another request.", "A retry repeats the path, the body and Accept; a new request takes a new key: `METHOD PATH with Idempotency-Key: KEY`.")
    NO_SUCH_ENTITY = (Step.FIND_ENTITY, 404, 404, "The requested resource was not found.", "An id of the request is not there. Those that are: `GET COLLECTION`.")

    PRECONDITION_FAILED = (Step.PRECONDITIONS, 412, 412, "The resource is not in the state that the request requires.", "Repeat the request with the ETag that the resource has now; read it first: `GET PATH`.")
    NOT_MODIFIED = (Step.PRECONDITIONS, 304, 304, "The copy that the caller holds is current.", "Use the stored copy; sent again in any case: `METHOD PATH without If-None-Match, If-Modified-Since`.")

    MALFORMED_BODY = (Step.READ_DRAFT, 400, 400, "The request body could not be parsed.", "Send well-formed JSON (or, in V2, XML) of the resource's shape; its methods and fields: `OPTIONS RESOURCE`.")
    TOO_MANY_ITEMS = (Step.READ_DRAFT, 413, 413, "The request holds too many items.", "Send at most details.max_items items at once.")
    FIELD_UNKNOWN = (Step.READ_DRAFT, 400, 422, "The field is not supported by this resource.", "Leave the field out. For example: `METHOD PATH without MEMBERS`.")
    FIELD_READ_ONLY = (Step.READ_DRAFT, 400, 422, "The field cannot be written to.", "Leave the field out. For example: `METHOD PATH without MEMBERS`.")
    FIELD_MISSING = (Step.READ_DRAFT, 400, 422, "A required field was not supplied.", "Supply the field; the resource's methods and fields: `OPTIONS RESOURCE`.")
    FIELD_INVALID = (Step.READ_DRAFT, 400, 422, "A field is invalid.", "Correct the field named in the answer; the resource's methods, and its fields with their types: `OPTIONS RESOURCE`.")

    IMAGE_UNREACHABLE = (Step.PERFORM, 400, 400, "The image could not be fetched.", "Name an image that anybody can fetch over http or https, or send the file itself.")
    IMAGE_INVALID = (Step.PERFORM, 400, 422, "The image is not valid.", "Send a BMP, GIF, JPEG, PNG, WBMP, WebP or XBM image of at most 8 MB.")
    IMAGES_WAITING = (Step.PERFORM, 503, 503, "As many images wait to be decoded as this server keeps in memory.", "Send fewer images at once. Wait Retry-After seconds and repeat the request: `METHOD PATH`.")
    TEMPLATES_WAITING = (Step.PERFORM, 503, 503, "As many templates of the store wait to be rendered as may.", "Send fewer previews at once. Wait Retry-After seconds and repeat the request: `METHOD PATH`.")
    IMAGE_LOST = (Step.PERFORM, 503, 503, "The process that decodes images ended before it had decoded this one.", "If the same fails again, send a smaller image. Wait Retry-After seconds and repeat the request: `METHOD PATH`.")
    DUPLICATE = (Step.PERFORM, 409, 409, "Another resource already holds this value.", "Change the value, or update the resource named in details. What holds it: `GET HOLDER`. What is there: `GET COLLECTION`.")
    DANGLING_REFERENCE = (Step.PERFORM, 400, 409, "The request refers to a resource that does not exist.", "Create the missing resource first, or leave the reference out.")
    LIST_REFUSED = (Step.PERFORM, 400, 422, "An item of the list cannot be saved, so none was.", "Mend the items named in errors and send the whole list again. What is there: `GET COLLECTION`.")
    PASSWORD_GUESSED = (Step.PERFORM, 429, 429, "Too many wrong passwords were tried.", "Wait Retry-After seconds and try again: `METHOD PATH`.")
    NOT_THE_OWNER = (Step.PERFORM, 403, 403, "The resource belongs to another account, which does not let others do this.", "Use the account that made it, or ask its owner for a wider permission_set; as it is: `GET RESOURCE`.")
    OPTIONS_REFUSED = (Step.PERFORM, 400, 422, "The options of one or more products are invalid.", "Answer the options of each product that details.errors names, by values that they have. Those of the first: `GET PRODUCT/options`.")
    QUANTITY_OUT_OF_BOUNDS = (Step.PERFORM, 409, 409, "Quantities of one or more products are out of stock or did not meet quantity requirements.", "Order quantities within the minimum and maximum that details.errors tells of each product. The first: `GET PRODUCT`.")
    OUT_OF_STOCK = (Step.PERFORM, 409, 409, "Quantities of one or more products are out of stock or did not meet quantity requirements.", "Order at most details.available_quantity, or add to the stock first. The product: `GET PRODUCT`.")
    VERSION_CONFLICT = (Step.PERFORM, 409, 409, "The resource was changed meanwhile: there is a possible conflict.", "Read the resource again and send its present version, which is details.version: `GET ITEM`.")
    CHECKOUT_PLACED = (Step.PERFORM, 409, 409, "The checkout has become an order.", "What is changed from now on is the order, which is details.order_id; another cart begins another checkout. The order is told here, too: `GET ITEM`.")
    DEPLOYMENT_UNDERWAY = (Step.PERFORM, 409, 409, "A deployment of this project is in progress.", "Wait until the deployment has ended, which is details.deployment_uuid. Its events: `GET PATH/DEPLOYMENT/events`.")
    THEMES_FULL = (Step.PERFORM, 409, 409, "You have reached your upload limit.", "Delete a theme that no channel shows, then upload again. What is there: `GET COLLECTION`.")
    PAYMENT_STATE = (Step.PERFORM, 400, 422, "The payment of the order is in no state for this.", "The transactions of the order tell what was paid, and how. For this one: `GET ITEM/transactions`.")
    PAYMENT_DECLINED = (Step.PERFORM, 400, 422, "The payment was declined.", "Pay with another instrument; why this one was declined: details.decline_code.")
    CIRCULAR_TREE = (Step.PERFORM, 409, 422, "A category cannot lie below itself.", "Choose a parent outside the category's own subtree. What is there: `GET COLLECTION`.")
    ORPHANED_PRODUCTS = (Step.PERFORM, 409, 422, "Deleting these categories would leave products without a category.", "Move the products named in details to another category, or delete them, first. What is there: `GET COLLECTION`.")
    BASE_VARIANT_STAYS = (Step.PERFORM, 409, 422, "The base variant of a product goes only with its product.", "Delete the product, or give it variants with options: the base variant then goes by itself. What is there: `GET SIBLINGS`.")
    CODES_ATTACHED = (Step.PERFORM, 409, 422, "A promotion cannot be deleted while it has codes.", "Delete the codes of the promotions that details.promotion_ids names first. What is there: `GET COLLECTION`.")
    PROPERTY_IN_USE = (Step.PERFORM, 409, 409, "A tax property that has values cannot be deleted.", "Delete the values of the properties that details.property_ids names first. What is there: `GET COLLECTION`.")
    CLASSES_REFUSED = (Step.PERFORM, 400, 400, "Some of the tax classes that the request names do not exist, or products have them.", "Name only classes that there are, and that no product has where they are to go; details has the others. Those that there are: `GET /stores/HASH/v2/tax_classes`.")
    CODES_NOT_GENERATED = (Step.PERFORM, 405, 405, "Codes are generated only for promotions whose coupon type is BULK.", "Make its codes one by one, or make a promotion whose coupon_type is BULK. What the resource has: `OPTIONS RESOURCE`.")
    TASK_ENDED = (Step.PERFORM, 409, 409, "The task has ended: it cannot be cancelled any more.", "Read the task, which tells what came of it: `GET RESOURCE`.")
    PLAN_LIMIT_REACHED = (Step.PERFORM, 507, 507, "The plan of this store holds no more of these.", "Delete some, choose a larger plan, or raise the limit: `bodega store limit HASH LIMIT`.")
    PLATFORM_CAP_REACHED = (Step.PERFORM, 403, 403, "The platform's limit for this resource is reached.", "Delete some first; no plan raises this limit. What is there: `GET COLLECTION`.")
    TREE_TOO_DEEP = (Step.PERFORM, 403, 403, "A category can have at most seven ancestors.", "Choose a parent nearer to the root. What is there: `GET COLLECTION`.")

    UNREACHABLE = (Step.CATCH_ALL, 503, 503, "The store's database cannot be reached.", "The server's log says more. Wait Retry-After seconds and repeat the request: `METHOD PATH`.")
    INTERNAL_ERROR = (Step.CATCH_ALL, 500, 500, "The server met an unexpected condition.", "Look for the X-Request-Id in the server's log.")

    # fmt: on
    def __init__(self, step: Step, v2: int, v3: int, message: str, remedy: str) -> None:
        self.step = step
        self.v2 = v2
        self.v3 = v3
        self.message = message
        self.remedy = remedy

    def status(self, version: int) -> int:
        """The HTTP status of this reason in API version 2 or 3."""
        return self.v2 if version == 2 else self.v3

    @property
    def advice(self) -> str:
        """The remedy in words alone, without what can be carried out."""
        return self.remedy.partition(". ")[0].partition(": ")[0].removesuffix(".") + "."

    @property
    def page(self) -> str:
        """Where this server explains it: the `type` of a V3 error (RFC 9457 3.1.1)."""
        return f"/docs/status-codes#{self.name.lower()}"

    @property
    def rank(self) -> int:
        """Its place in the order of judgement: the smaller of two wins."""
        return RANK[self]


METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
"""The methods that are implemented, in the order in which they are told."""

RANK = {reason: place for place, reason in enumerate(Reason)}

LIMITS = frozenset({Reason.PLAN_LIMIT_REACHED, Reason.PLATFORM_CAP_REACHED, Reason.TREE_TOO_DEEP})
"""Reasons of the perform step that are reported only if nothing conflicts."""
