"""Full text of products: what is looked for in them, kept with every write, and the tests by which it is found.

SQLite's FTS5 reads the table of texts by triggers, PostgreSQL by an index upon an expression; so both are always what
the rows are, whoever wrote them (docs/decisions/0064-search.md). Names of brands and categories are not copied into
products: a change of one would be a change of thousands.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bodega.resources.catalog.product import Product
from bodega.storage.rules import depends_on
from bodega.storage.text import caseless
from bodega.storage.tx import Statement
from bodega.storage.unit import Unit

WORDS_AT_MOST = 8
"""Words of a search; further ones are passed over."""

_LONGEST = 20_000
"""Characters of a description that are looked for."""

_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")
_SPACES = "".join(chr(code) for code in range(128) if chr(code).isspace())
_BETWEEN = "".join(chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in _SPACES)
"""ASCII that stands between words."""

_KINDS = {ord(mark): " " for mark in _SPACES} | {ord(mark): "-" for mark in _BETWEEN}
_KINDS |= {code: "a" for code in range(128) if code not in _KINDS}
_APART = {ord(mark): " " for mark in _SPACES + _BETWEEN}
_JOINED = str.maketrans("", "", _BETWEEN)


class Words(NamedTuple):
    """A word that somebody looks for: its parts, and what they are without what stands between them, as wi, fi and
    wifi of wi-fi."""

    typed: str
    parts: tuple[str, ...]

    @property
    def joined(self) -> str:
        """The parts as one."""
        return "".join(self.parts)


def plain(text: str) -> str:
    """Text without case and without accents."""
    if text.isascii():
        return text.lower()
    taken_apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in taken_apart if not unicodedata.combining(letter))


def searchable(text: str) -> str:
    """The words by which a text is found, separated by spaces: those of it, and those that a hyphen or the like
    divides as one word, too."""
    folded = plain(text)
    if folded.isascii():  # by tables, which cost a tenth of patterns
        kinds = folded.translate(_KINDS)
        apart = folded.translate(_APART).strip()
        if "a-a" not in kinds and "a--" not in kinds:
            return apart
        insides = [word.strip(_BETWEEN) for word in folded.split()]
        return " ".join([apart, *[word.translate(_JOINED) for word in insides if word and not word.isalnum()]])
    found = []
    for word in folded.split():
        parts = _WORD.findall(word.replace("_", " "))
        found += parts
        if len(parts) > 1:
            found.append("".join(parts))
    return " ".join(found)


def looked_for(term: str) -> list[Words]:
    """The words of what somebody typed."""
    found = []
    for typed in term.split()[: 4 * WORDS_AT_MOST]:
        parts = tuple(_WORD.findall(plain(typed).replace("_", " ")))
        if parts:
            found.append(Words(typed, parts[:WORDS_AT_MOST]))
    return found[:WORDS_AT_MOST]


def _title(product: Product) -> str:
    return searchable(f"{product.name} {product.sku}")


def _keywords(product: Product) -> str:
    return searchable(product.search_keywords)


def _description(product: Product) -> str:
    return product.description


def _body(product: Product) -> str:
    text = product.description[: 2 * _LONGEST]
    if "<" in text:
        text = _TAG.sub(" ", text)
    return searchable(html.unescape(text)[:_LONGEST])


_COLUMNS: Mapping[str, tuple[tuple[str, ...], Callable[[Product], str]]] = {
    "description": (("description",), _description),
    "title": (("name", "sku"), _title),
    "keywords": (("search_keywords",), _keywords),
    "body": (("description",), _body),
}
"""The columns of the texts: the members that each follows from, and how."""


def texts_of(product: Product) -> tuple[str, str, str]:
    """The name and the SKU, the search keywords, the description of a product, each as its words."""
    return _title(product), _keywords(product), _body(product)


INSERT = "INSERT INTO product_texts (product_id, description, title, keywords, body) VALUES ($1, $2, $3, $4, $5)"


@depends_on("description name sku search_keywords")
def store_search_text(_unit: Unit, old: Product | None, new: Product) -> list[Statement]:
    """Stores the description for keyword searches, and the words of all that full-text search reads."""
    if old is None:
        return [(INSERT, (new.id, new.description, *texts_of(new)))]
    moved = {
        column: text(new)
        for column, (members, text) in _COLUMNS.items()
        if any(getattr(old, name) != getattr(new, name) for name in members)
    }
    if not moved:
        return []
    columns = ", ".join(f"{column} = ${place}" for place, column in enumerate(moved, start=2))
    return [(f"UPDATE product_texts SET {columns} WHERE product_id = $1", (new.id, *moved.values()))]


# The tests. `?1` and so on are the values of one word.


def _prefix(words: Words, dialect: str) -> str:
    """The query of the full text by which a word is found, whole or as a beginning."""
    if dialect == "postgresql":
        apart = " & ".join(f"{one}:*" for one in words.parts)
        return apart if len(words.parts) == 1 else f"{words.joined}:* | ({apart})"
    apart = " AND ".join(f'"{one}"*' for one in words.parts)
    return apart if len(words.parts) == 1 else f'"{words.joined}"* OR ({apart})'


VECTOR = (
    "(setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', keywords), 'B')"
    " || setweight(to_tsvector('simple', body), 'D'))"
)
"""What PostgreSQL's index holds, as the migration says it."""

_MATCHES = {
    "sqlite": "SELECT s.rowid FROM product_search s WHERE s.product_search MATCH ?1",
    "postgresql": f"SELECT product_id FROM product_texts WHERE {VECTOR} @@ to_tsquery('simple', ?1)",
}
_RANKED = {
    "sqlite": "SELECT s.rowid AS id, -bm25(product_search, 40.0, 3.0, 0.5) AS score FROM product_search s"
    " WHERE s.product_search MATCH {0}",
    "postgresql": f"SELECT product_id AS id, ts_rank('{{{{0.1, 0.2, 0.4, 1.0}}}}', {VECTOR},"
    " to_tsquery('simple', {0})) AS score"
    f" FROM product_texts WHERE {VECTOR} @@ to_tsquery('simple', {{0}})",
}
_NAMED = "k.name_key LIKE ?4 ESCAPE '\\' OR k.name_key LIKE ?5 ESCAPE '\\'"


def matches(words: Words, dialect: str) -> tuple[str, list[str]]:
    """The test of products `p` that have a word: in their texts, as the beginning of a SKU of theirs or of their
    variants', in the name of their brand or of a category of theirs."""
    sku = caseless(words.typed)
    name = sku.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    test = (
        f"p.id IN ({_MATCHES[dialect]}"
        " UNION ALL SELECT v.product_id FROM variants v WHERE v.sku_key >= ?2 AND v.sku_key < ?3"
        f" UNION ALL SELECT b.id FROM products b WHERE b.brand_id IN (SELECT k.id FROM brands k WHERE {_NAMED})"
        " UNION ALL SELECT c.product_id FROM product_categories c"
        f" WHERE c.category_id IN (SELECT k.id FROM categories k WHERE {_NAMED}))"
    )
    return test, [_prefix(words, dialect), sku, sku + "\U0010ffff", f"{name}%", f"% {name}%"]


def ranked(words: list[Words], dialect: str, place: str) -> tuple[str, str]:
    """A table of ids and scores of the products that have any of the words, the higher the better, and the value of
    its placeholder, `place`."""
    query = (" | " if dialect == "postgresql" else " OR ").join(f"({_prefix(one, dialect)})" for one in words)
    return _RANKED[dialect].format(place), query
