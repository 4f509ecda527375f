"""What `bodega mcp` offers: the lab of a running server, a tool for each thing that somebody who writes an integration
asks of it. Needs the extra `mcp`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Annotated, Any, Literal
from urllib.parse import quote

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

import bodega
from bodega import explain, manual
from bodega.http.remedies import fault_words, is_of_fault
from bodega.law.reasons import Reason
from bodega.testing.lab import Lab, LabError

INSTRUCTIONS = (
    "Bodega is a store server that speaks the BigCommerce Stores REST API. Make a store, or fork one, and send "
    "requests to its `url` with the header X-Auth-Token. Then read its journal: what was sent, how it was answered and "
    "why it was refused. `explain` says what a status or a reason means, `list_operations` what is served and which "
    "scopes it needs, `read_page` has the documentation."
)

CUT = 2_000
"""Characters of a body that a list of requests shows; `show_request` shows all that is kept."""

MOST = 200
"""Rows of a list that are told at once."""

Hash = Annotated[str, Field(description="The store's hash: 1 to 40 lower-case letters, digits and hyphens.")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Shown = Annotated[int, Field(ge=1, le=MOST, description="How many are told at most.")]
Data = dict[str, Any]
Rows = list[dict[str, Any]]


class Tools:
    """The tools; each calls the lab of the server, or reads what this installation knows of the API."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def _call(self, method: str, store_hash: str, path: str = "", body: Any = None, /, **query: Any) -> Any:
        return self._lab.call(method, f"/stores/{quote(store_hash, safe='')}{path}", body, **query)

    def list_stores(self) -> Rows:
        """List the stores of the server: plan, what each holds, clock, state."""
        return self._lab.stores()

    def create_store(
        self,
        hash: Hash,
        plan: Annotated[str, Field(description="sandbox, standard, plus, pro or enterprise.")] = "enterprise",
        settings: Annotated[Data | None, Field(description="Settings by name, as {'name': 'My store'}.")] = None,
    ) -> Data:
        """Make an empty store with one account of all scopes and no quota, and a journal that keeps bodies. Returns the
        url to send requests to (append /v3/... or /v2/...), the token for X-Auth-Token, client id and client secret."""
        made = self._lab.create(hash, plan=plan, settings={"journal": "full", **(settings or {})})
        return _credentials(made)

    def fork_store(
        self,
        source: Annotated[str, Field(description="The hash of the store to be copied.")],
        hash: Hash,
        snapshot: Annotated[str, Field(description="A snapshot of the source; as it stands if empty.")] = "",
    ) -> Data:
        """Make a store of another one, with the same rows and ids, in milliseconds. Returns what create_store
        does."""
        return _credentials(self._lab.fork(source, hash, **({"snapshot": snapshot} if snapshot else {})))

    def delete_store(self, hash: Hash) -> Data:
        """Delete a store with everything it holds, for good."""
        self._call("DELETE", hash)
        return {"deleted": hash}

    def reset_store(self, hash: Hash) -> Data:
        """Empty a store: ids start at 1 again; accounts, plan, settings and clock stay."""
        return _data(self._call("POST", hash, "/reset"))

    def seed_store(
        self, hash: Hash, products: Count = 0, customers: Count = 0, orders: Count = 0, seed: int = 1
    ) -> Data:
        """Fill a store with sample data; without any number with some of each. The same seed gives the same data."""
        asked = {"products": products, "customers": customers, "orders": orders, "seed": seed}
        return _data(self._call("POST", hash, "/seed", asked))

    def change_settings(
        self, hash: Hash, settings: Annotated[Data, Field(description="By name, as {'journal': 'full'}.")]
    ) -> Data:
        """Change settings of a store and return all. The page settings.md says what there is."""
        return _data(self._call("PUT", hash, "/settings", {"settings": settings}))

    def create_account(
        self,
        hash: Hash,
        name: str = "app",
        scopes: Annotated[list[str] | None, Field(description="All if none are given; see list_scopes.")] = None,
        basic: Annotated[bool, Field(description="User name and token instead of X-Auth-Token.")] = False,
        unlimited: Annotated[bool, Field(description="Without the quotas of the store's plan.")] = False,
    ) -> Data:
        """Make an account of a store. Returns its credentials, which are not shown again."""
        asked = {"name": name, "scopes": scopes, "basic": basic, "unlimited": unlimited}
        return _data(self._call("POST", hash, "/accounts", asked))

    def read_journal(
        self,
        hash: Hash,
        status: Annotated[str, Field(description="One as 404, or a class as 4xx.")] = "",
        method: str = "",
        path: Annotated[str, Field(description="A part of the path with its query.")] = "",
        reason: Annotated[str, Field(description="Refused for this reason, as FIELD_INVALID.")] = "",
        words: Annotated[str, Field(description="Words that the bodies contain, all of them.")] = "",
        account: Annotated[str, Field(description="A name or a client id.")] = "",
        since: Annotated[str, Field(description="A duration as 10m, or a time as 2030-01-31T12:00:00Z.")] = "",
        before: Annotated[int, Field(description="Only what is older than this number: the next page.")] = 0,
        limit: Shown = 20,
    ) -> Rows:
        """Search what was asked of a store and how it was answered, the newest first. Long bodies are cut; show_request
        has them whole."""
        asked = {
            "status": status, "method": method, "path": path, "reason": reason, "words": words, "account": account,
            "since": since, "before": before, "limit": limit,
        }  # fmt: skip
        found: Rows = self._call("GET", hash, "/journal", None, **asked)
        return [_cut(one) for one in found]

    def show_request(
        self, hash: Hash, request_id: Annotated[str, Field(description="The X-Request-Id of its reply.")]
    ) -> Data:
        """Show a request with its bodies and, if it was refused, what the reason means and what to do."""
        found = _data(self._call("GET", hash, f"/journal/{quote(request_id, safe='')}"))
        if found["reason"] not in Reason.__members__:
            return found
        explained = explain.explain(found["reason"])
        if is_of_fault(found["answer_headers"].get("bodega-remedy", "")):
            explained["remedy"] = fault_words(found["fault"].split("+"))
        return found | {"explained": explained}

    def verify_requests(
        self,
        hash: Hash,
        method: str = "",
        path: Annotated[str, Field(description="Below the host or from the version on; * is any part.")] = "",
        query: Annotated[dict[str, str] | None, Field(description="It has at least these.")] = None,
        headers: Annotated[dict[str, str] | None, Field(description="It has at least these.")] = None,
        body: Annotated[Any, Field(description="A part of the JSON body.")] = None,
        status: str = "",
        reason: str = "",
        account: str = "",
        times: Annotated[int | None, Field(ge=0, description="Exactly so often.")] = None,
        at_least: Annotated[int | None, Field(ge=0)] = None,
        at_most: Annotated[int | None, Field(ge=0)] = None,
        wait: Annotated[float, Field(ge=0, le=60, description="Seconds to wait until it is so.")] = 0,
    ) -> Data:
        """Say whether such requests were sent to a store, and how often. If not, `message` says why, `nearest` has the
        requests that came nearest, what differs in each, and the curl command that repeats it."""
        asked = {
            "method": method, "path": path, "query": query, "headers": headers, "body": body, "status": status,
            "reason": reason, "account": account, "times": times, "at_least": at_least, "at_most": at_most,
            "wait": wait,
        }  # fmt: skip
        wanted = {name: value for name, value in asked.items() if value is not None}
        told = _data(self._call("POST", hash, "/journal/verify", wanted))
        told["requests"] = [_cut(one) for one in told["requests"][:MOST]]
        return told | {"curl": told["curl"][:MOST]}

    def explain(
        self, asked: Annotated[str, Field(description="A status as 409, or a reason as PLAN_LIMIT_REACHED.")]
    ) -> Data:
        """Say which steps answer with a status, or why a reason refuses: what the reply carries, what a client can do,
        and the header that has a server with a lab answer so."""
        try:
            return explain.explain(asked)
        except explain.Unknown as error:
            raise ToolError(str(error)) from None

    def list_operations(
        self,
        text: Annotated[str, Field(description="Words that path, method, table or scope contain, all of them.")] = "",
        version: Literal["", "2", "3"] = "",
        limit: Shown = 50,
    ) -> Data:
        """List the operations of the API that are served, and the least scope that each needs ('' for none)."""
        words = text.lower().split()
        found = [
            row
            for row in _operations()
            if version in ("", str(row["version"])) and all(word in _words(row) for word in words)
        ]
        return {"count": len(found), "operations": found[:limit]}

    def list_scopes(self, text: Annotated[str, Field(description="A part of the name or meaning.")] = "") -> Data:
        """List the scopes that an account can have, with what each opens."""
        from bodega.access.scopes import SCOPES

        return {name: means for name, means in SCOPES.items() if text.lower() in f"{name} {means}".lower()}

    def add_fault(
        self,
        hash: Hash,
        effect: Annotated[Data, Field(description="As {'status': 503, 'retry_after': 2} or {'latency': 800}.")],
        match: Annotated[Data | None, Field(description="As {'method': 'POST', 'path': '/v3/catalog/*'}.")] = None,
        schedule: Annotated[Data | None, Field(description="As {'nth': 3} or {'every': 2, 'count': 5}.")] = None,
    ) -> Data:
        """Have a store answer with faults: which requests or webhooks, which of those, what happens. The page faults.md
        says what there is."""
        rule = {"effect": effect, "match": match or {}, "schedule": schedule or {}}
        return _data(self._call("POST", hash, "/faults", rule))

    def list_faults(self, hash: Hash) -> Rows:
        """List the faults of a store, with how many calls each was about and how many it struck."""
        found: Rows = self._call("GET", hash, "/faults")
        return found

    def clear_faults(
        self, hash: Hash, rule_id: Annotated[str, Field(description="Only this one; all if empty.")] = ""
    ) -> Data:
        """Take faults of a store away."""
        self._call("DELETE", hash, f"/faults/{quote(rule_id, safe='')}" if rule_id else "/faults")
        return {"cleared": rule_id or "all"}

    def list_states(self, text: Annotated[str, Field(description="A part of what is told.")] = "") -> Rows:
        """List the named troubles that a store can be put into: what a client meets, and what it should do."""
        found: Rows = self._lab.call("GET", "/states")
        return [state for state in found if text.lower() in " ".join(map(str, state.values())).lower()]

    def apply_state(self, hash: Hash, name: Annotated[str, Field(description="As list_states tells it.")]) -> Data:
        """Put a store into a named trouble; returns ids of what was made and requests that show it."""
        return _data(self._call("POST", hash, f"/states/{quote(name, safe='')}"))

    def report_card(self, hash: Hash, account: str = "", since: str = "") -> Data:
        """Say what the clients of a store did wrong or wastefully, by the requests in its journal."""
        return _data(self._call("GET", hash, "/report", None, account=account, since=since))

    def least_scopes(
        self,
        hash: Hash,
        account: str = "",
        since: str = "",
        given: Annotated[list[str] | None, Field(description="Say what these would have refused.")] = None,
    ) -> Data:
        """Say the smallest set of scopes with which the requests in a store's journal pass, account by account."""
        return _data(
            self._call("GET", hash, "/scopes", None, account=account, since=since, given=",".join(given or ()))
        )

    def read_page(
        self, name: Annotated[str, Field(description="As faults.md; the list of all pages if empty.")] = ""
    ) -> Data:
        """Read a page of Bodega's documentation as Markdown."""
        text = manual.text(name) if name else manual.index("")
        if text is None:
            raise ToolError(f"There is no page {name[:100]}; the pages are {', '.join(manual.names())}.")
        return {"page": name or manual.INDEX, "text": text}


READS = (
    "list_stores", "read_journal", "show_request", "verify_requests", "explain", "list_operations", "list_scopes",
    "list_faults", "list_states", "report_card", "least_scopes", "read_page",
)  # fmt: skip
"""Tools that change nothing."""

ADDS = ("create_store", "fork_store", "seed_store", "create_account", "add_fault", "apply_state")
LOSES = ("delete_store", "reset_store", "change_settings", "clear_faults")
"""Tools after which something is not as it was."""


def server(url: str, key: str | None) -> MCPServer[Any]:
    """The server that speaks MCP, over the lab of a server at a URL."""
    made: MCPServer[Any] = MCPServer(
        "bodega", title="Bodega", instructions=INSTRUCTIONS, version=bodega.__version__, log_level="WARNING"
    )
    tools = Tools(Lab(url, key))
    for names, reads, loses in ((READS, True, False), (ADDS, False, False), (LOSES, False, True)):
        hints = ToolAnnotations(read_only_hint=reads, destructive_hint=loses, open_world_hint=False)
        for name in names:
            made.add_tool(plainly(getattr(tools, name), url), description=_words_of(tools, name), annotations=hints)
    return made


def _words_of(tools: Tools, name: str) -> str:
    return " ".join((getattr(tools, name).__doc__ or "").split())


def plainly(tool: Callable[..., Any], url: str) -> Callable[..., Any]:
    """A tool whose failures are sentences for whoever called it."""

    @functools.wraps(tool)
    def told(**given: Any) -> Any:
        try:
            return tool(**given)
        except LabError as error:
            raise ToolError(refusal(error, url)) from None
        except (OSError, HTTPException, ValueError) as error:
            raise ToolError(
                f"No Bodega server can be used at {url} ({error}). Start one with bodega dev, or with bodega serve "
                "--lab --insecure-http; another address is named with bodega mcp --url."
            ) from None

    return told


def refusal(error: LabError, url: str) -> str:
    """Why the lab refused, and what can be done where the message does not say it."""
    if error.status == 404 and "was not found" in str(error):
        return f"The server at {url} has no lab: start it with --lab."
    if error.status == 401:
        return f"{error} bodega mcp takes it as --key, or from BODEGA_LAB_KEY."
    return str(error)


def _operations() -> Sequence[Data]:
    """What is served, one row an operation."""
    from bodega.app import routes
    from bodega.lab.report.permissions import needed_by

    return [
        {
            "version": route.version,
            "method": method,
            "path": f"/v{route.version}/{route.template.replace(':text}', '}')}",
            "table": getattr(getattr(action, "table", None), "name", None),
            "scope": needed_by(action, writes=method not in ("GET", "HEAD")),
        }
        for route in sorted(routes(), key=lambda route: (route.version, route.template))
        for method, action in route.actions.items()
        if not route.moved
    ]


def _words(row: Data) -> str:
    return " ".join(str(value) for value in row.values()).lower()


def _credentials(made: Any) -> Data:
    """What a client of a new store needs."""
    return {
        "hash": made.hash, "url": made.url, "token": made.token, "client_id": made.client_id,
        "client_secret": made.client_secret,
    }  # fmt: skip


def _cut(exchange: Data) -> Data:
    """A request whose bodies are no longer than a list bears."""
    for name in ("body", "answer_body"):
        text = exchange[name]
        if text is not None and len(text) > CUT:
            exchange[name] = f"{text[:CUT]} ... ({len(text) - CUT} more characters: show_request has them)"
    return exchange


def _data(told: Any) -> Data:
    found: Data = told
    return found
