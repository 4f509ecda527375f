"""The page of one operation: what it takes and answers, how much is known of it, and a console to try it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from bodega.openapi.html import code, data, folded, page, prose, table
from bodega.openapi.marks import MEANS

Whole = Mapping[str, Any]
_DEEPEST = 4


def resolved(whole: Whole, node: Any) -> Any:
    """What a reference within a document leads to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operation_page(whole: Whole, name: str, path: str, method: str, operation: Whole) -> bytes:
    """The page; `name` is the document's in addresses."""
    given = [resolved(whole, one) for one in operation.get("parameters", ())]
    parts = [
        _facts(name, operation),
        f"<h2>Try it</h2>{_console(whole, path, method, operation, given)}",
        "<h2>Parameters</h2>" + (_parameters(given) or "<p>None.</p>"),
        *_body(whole, operation),
        "<h2>Replies</h2>",
        *_replies(whole, operation),
        "<h2>Refusals</h2>",
        "".join(_refusals(whole, operation)),
        _differences(operation),
    ]
    base = whole["servers"][0]["url"].partition("}")[2]
    return page(f"{method} {base}{path}", "".join(parts), script=True)


def _facts(name: str, operation: Whole) -> str:
    lines = [f"<p>{prose(operation['summary'])}.</p>"]
    if operation.get("description"):
        lines.append(f"<p>{prose(operation['description'])}</p>")
    if operation.get("deprecated"):
        lines.append("<p><strong>Deprecated:</strong> a newer operation of V3 does the same.</p>")
    mark = operation.get("x-parity")
    if mark:
        lines.append(f'<p><span class="mark" data-mark="{mark}">{mark}</span> {escape(MEANS[mark])}</p>')
    if operation.get("x-unexercised"):
        lines.append("<p>No request of the tests' table of replies succeeds with it: other tests have to.</p>")
    scopes = operation.get("x-scopes", [])
    told = " or ".join(map(code, scopes)) or "no scope"
    lines.append(f"<p>Needs {told}. Group: {escape(', '.join(operation.get('tags', ())))}.</p>")
    lines.append(
        f'<p><a href="/docs/openapi/{name}.json">OpenAPI document</a> · <code>{operation["operationId"]}</code></p>'
    )
    return "".join(lines)


def _console(whole: Whole, path: str, method: str, operation: Whole, given: list[Any]) -> str:
    server = whole["servers"][0]
    store = server.get("variables", {}).get("store_hash")
    schemes = operation.get("security", whole.get("security", []))
    header = "Authorization" if any("PaymentToken" in one for one in schemes) else "X-Auth-Token"
    who = []
    if store is not None:
        who.append(_field("store", "Store (its hash)", store["default"], required=True, more='autocomplete="off"'))
    if schemes and store is not None:
        label = "Payment token: PAT ..." if header == "Authorization" else "Token (X-Auth-Token)"
        who.append(_field("token", label, "", kind="password", more='autocomplete="off"'))
    inputs = [_input(one) for one in given]
    content = resolved(whole, operation.get("requestBody", {})).get("content", {})
    accept = "".join(f"<option>{kind}</option>" for kind in _accepted(whole, operation))
    fields = "".join(who) + f'<label>Accept<select id="accept">{accept}</select></label>'
    body = _body_field(whole, content) if content else ""
    return (
        f'<form id="console" data-method="{method}" data-path="{escape(path)}" data-base="{escape(server["url"])}"'
        f' data-token-header="{header}" data-credentials="{"omit" if store is not None else "same-origin"}">'
        f"<fieldset><legend>Who asks</legend>{fields}</fieldset>"
        + (f"<fieldset><legend>Parameters</legend>{''.join(inputs)}</fieldset>" if inputs else "")
        + body
        + "<button disabled>Send</button> <noscript>Sending needs JavaScript.</noscript></form>"
        '<section id="answer" tabindex="-1" aria-label="The answer" hidden>'
        '<p><strong id="status" role="status"></strong>'
        ' <span id="why" hidden><a href="/docs/status-codes">Why?</a></span></p>'
        '<pre id="reply" tabindex="0" aria-label="Body of the reply"></pre>'
        '<div id="traced" hidden><h3>Path through the law</h3><ol id="trace"></ol></div>'
        '<details><summary>Headers</summary><table><tbody id="headers"></tbody></table></details>'
        '<details><summary>As a command</summary><pre id="command" tabindex="0" aria-label="curl"></pre></details>'
        "</section>"
    )


def _accepted(whole: Whole, operation: Whole) -> list[str]:
    found = [
        kind
        for status, reply in operation["responses"].items()
        if status < "300"
        for kind in resolved(whole, reply).get("content", {})
    ]
    return list(dict.fromkeys(["application/json", *found]))


def _field(name: str, label: str, value: str, *, kind: str = "text", required: bool = False, more: str = "") -> str:
    return (
        f"<label{' class=required' if required else ''}>{escape(label)}"
        f'<input id="{escape(name)}" type="{kind}" value="{escape(value)}"'
        f"{' required' if required else ''} {more}></label>"
    )


def _input(one: Whole) -> str:
    schema, place = one["schema"], one["in"]
    name, required = escape(one["name"]), one.get("required", False)
    marked = f'name="{name}" data-in="{place}"' + (" required" if required else "")
    head = f'<label{" class=required" if required else ""} title="{escape(one.get("description", ""))}">{name}'
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if words is not None:
        chosen = " selected" if one["name"] == "Bodega-Trace" else ""
        options = "".join(f"<option{chosen}>{escape(str(word))}</option>" for word in words)
        return f"{head}<select {marked}>{'' if required else '<option></option>'}{options}</select></label>"
    kind = "number" if schema.get("type") == "integer" else "text"
    bounds = "".join(
        f' {key[:3]}="{schema[key]}"' for key in ("minimum", "maximum") if key in schema and kind == "number"
    )
    value = ' value="1"' if place == "path" and kind == "number" else ""
    return f'{head}<input type="{kind}" {marked}{bounds}{value} placeholder="{escape(_kind(schema))}"></label>'


def _body_field(whole: Whole, content: Whole) -> str:
    kinds = "".join(f"<option>{kind}</option>" for kind in content if kind != "multipart/form-data")
    if not kinds:
        return "<p>Its body is a form with a file, which this page does not send.</p>"
    told = content.get("application/json", {})
    example = told.get("example", example_of(whole, told.get("schema", {})))
    text = escape(json.dumps(example, indent=2, ensure_ascii=False))
    return (
        f'<label>Content-Type<select id="media">{kinds}</select></label>'
        f'<label for="body">Body</label><textarea id="body" spellcheck="false">{text}</textarea>'
    )


def example_of(whole: Whole, schema: Any, depth: int = 0) -> Any:
    """A value that a schema allows, with what it requires; where it requires nothing, with a few members."""
    schema = resolved(whole, schema)
    for word in ("example", "const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema and "properties" not in schema:
        return example_of(whole, schema["anyOf"][0], depth)
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        members = schema.get("properties", {})
        names = schema.get("required") or list(members)[:4]
        return {name: example_of(whole, members.get(name, {}), depth + 1) for name in names if depth < _DEEPEST}
    if kind == "array":
        return [example_of(whole, schema.get("items", {}), depth + 1)] if depth < _DEEPEST else []
    return {"integer": schema.get("minimum", 1), "number": 1, "boolean": True, "null": None}.get(kind, "text")


def _kind(schema: Any) -> str:
    """A type in a few words."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kinds = schema.get("type", "anything")
    told = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if told == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return told


def _limits(schema: Any) -> str:
    words = {
        "minimum": "at least {}", "maximum": "at most {}", "minLength": "at least {} characters",
        "maxLength": "at most {} characters", "maxItems": "at most {} items", "minItems": "at least {} items",
        "default": "{} if it is left out", "pattern": "as {}",
    }  # fmt: skip
    return ", ".join(text.format(schema[word]) for word, text in words.items() if word in schema)


def _parameters(given: list[Any]) -> str:
    return table(
        ["name", "where", "type", "limits", "meaning"],
        [
            [
                code(one["name"]) + (" required" if one.get("required") else ""),
                one["in"],
                escape(_kind(one["schema"])),
                escape(_limits(one["schema"])),
                prose(one.get("description", one["schema"].get("description", ""))),
            ]
            for one in given
        ],
    )


def members(whole: Whole, schema: Any, place: str = "", depth: int = 0) -> Iterator[list[str]]:
    """The members of a schema as rows: name with its place, type, limits, whether it is required."""
    schema = resolved(whole, schema)
    if depth > _DEEPEST:
        return
    for part in schema.get("anyOf", ()):
        yield from members(whole, part, place, depth)
    if isinstance(schema.get("items"), dict):
        yield from members(whole, schema["items"], f"{place}[]", depth)
    for name, inner in schema.get("properties", {}).items():
        there = f"{place}.{name}" if place else name
        found = resolved(whole, inner)
        required = "required" if name in schema.get("required", ()) else ""
        yield [code(there), escape(_kind(found)), escape(_limits(found)), required]
        yield from members(whole, found, there, depth + 1)


def _body(whole: Whole, operation: Whole) -> Iterator[str]:
    body = resolved(whole, operation.get("requestBody", {}))
    if not body:
        return
    kinds = ", ".join(map(code, body["content"]))
    yield f"<h2>Body</h2><p>{kinds}{'; required' if body.get('required') else ''}.</p>"
    schema = body["content"].get("application/json", {}).get("schema", {})
    yield table(["member", "type", "limits", ""], members(whole, schema))


def _replies(whole: Whole, operation: Whole) -> Iterator[str]:
    for status, reply in operation["responses"].items():
        if status >= "300":
            continue
        reply = resolved(whole, reply)
        told = reply.get("content", {}).get("application/json", {})
        inner = table(["member", "type", "limits", ""], members(whole, told.get("schema", {})))
        if "example" in told:
            inner += "<p>For example:</p>" + data(told["example"])
        seen = " What it looks like was seen, and is not declared." if "x-schema-from" in reply else ""
        yield folded(f"`{status}` {reply['description']}{seen}", inner or "<p>No body.</p>")


def _refusals(whole: Whole, operation: Whole) -> Iterator[str]:
    rows = []
    for status, reply in operation["responses"].items():
        if status < "300":
            continue
        reply = resolved(whole, reply)
        examples = reply.get("content", {}).get("application/json", {}).get("examples", {})
        for reason in reply.get("x-reasons", ()):
            example = resolved(whole, examples[reason]) if reason in examples else {}
            link = f'<a href="/docs/status-codes#{reason.lower()}">{code(reason)}</a>'
            shown = folded("example", data(example["value"])) if "value" in example else "no body"
            rows.append([status, link, escape(example.get("summary", "")), shown])
    yield table(["status", "reason", "title", "in the caller's format"], rows)


def _differences(operation: Whole) -> str:
    told = table(
        ["place", "what", "why"],
        [[code(one["place"]), escape(one["kind"]), prose(one["reason"])] for one in operation.get("x-differences", ())],
    )
    chosen = table(
        ["subject", "what is said", "here"],
        [[prose(one["subject"]), prose(one["said"]), prose(one["here"])] for one in operation.get("x-choices", ())],
    )
    return (
        "<h2>Differences</h2>"
        + (
            f"<p>From its published description:</p>{told}"
            if told
            else "<p>None is known from its published description.</p>"
        )
        + (f"<p>Where the sources disagree:</p>{chosen}" if chosen else "")
        + '<p>All of them: <a href="/docs/differences.md">choices and differences</a>,'
        ' <a href="/docs/parity.md">how replies are compared</a>, <a href="/docs/coverage.md">coverage</a>.</p>'
    )
