"""Full text of products: what is looked for in them, kept with every write, and the tests by which it is found.

SQLite's FTS5 reads the table of texts by triggers, PostgreSQL by an index upon an expression; so both are always what
the rows are, whoever wrote them (docs/decisions/0064-search.md). Names of brands and categories are not copied into
products: a change of one would be a change of thousands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import compress
from operator import attrgetter, ne
from typing import NamedTuple

from bodega.domain.markup import unescape, without_tags
from bodega.resources.catalog.product import Product
from bodega.storage.rules import Upkeep, depends_on
from bodega.storage.text import caseless
from bodega.storage.tx import Statement
from bodega.storage.unit import Unit

WORDS_AT_MOST = 8
"""Words of a search; further ones are passed over."""

BEGINS = 3
"""Letters of a word that is found by its beginning."""

_LONGEST = 20_000
"""Characters of a description that are looked for."""

_WORD = re.compile(r"\w+")
_SPACES = "".join(chr(code) for code in range(128) if chr(code).isspace())
_BETWEEN = "".join(chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in _SPACES)
"""ASCII that stands between words."""

_INSIDE = bytes.maketrans((_SPACES + _BETWEEN).encode(), b" " * len(_SPACES) + b"-" * len(_BETWEEN))
_APART = bytes.maketrans((_SPACES + _BETWEEN).encode(), b" " * len(_SPACES + _BETWEEN))
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
    if not text:
        return ""
    folded = plain(text)
    if folded.isascii():  # by tables of bytes, which cost a tenth of patterns
        as_bytes = folded.encode()
        apart = as_bytes.translate(_APART).strip().decode()
        if b"-" not in as_bytes.translate(_INSIDE).replace(b"- ", b"  ").rstrip(b"-"):
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
    return searchable(unescape(without_tags(product.description[: 2 * _LONGEST]))[:_LONGEST])


_COLUMNS: Mapping[str, tuple[frozenset[str], Callable[[Product], str]]] = {
    "description": (frozenset(["description"]), _description),
    "title": (frozenset(["name", "sku"]), _title),
    "keywords": (frozenset(["search_keywords"]), _keywords),
    "body": (frozenset(["description"]), _body),
}
"""The columns of the texts: the members that each follows from, and how."""

_MEMBERS = ("description", "name", "sku", "search_keywords")
_read = attrgetter(*_MEMBERS)


@cache
def _change(*moved: bool) -> tuple[str, tuple[Callable[[Product], str], ...]]:
    """The statement that changes the texts with those of the members that moved, and what makes its values."""
    members = set(compress(_MEMBERS, moved))
    columns = {name: text for name, (follows, text) in _COLUMNS.items() if not follows.isdisjoint(members)}
    written = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
    return f"UPDATE product_texts SET {written} WHERE product_id = $1", tuple(columns.values())


def texts_of(product: Product) -> tuple[str, str, str]:
    """The name and the SKU, the search keywords, the description of a product, each as its words."""
    return _title(product), _keywords(product), _body(product)


INSERT = "INSERT INTO product_texts (product_id, description, title, keywords, body) VALUES ($1, $2, $3, $4, $5)"


@depends_on(" ".join(_MEMBERS))
def store_search_text(_unit: Unit, old: Product | None, new: Product) -> list[Statement]:
    """Stores the description for keyword searches, and the words of all that full-text search reads."""
    if old is None:
        return [(INSERT, (new.id, new.description, *texts_of(new)))]
    was, now = _read(old), _read(new)
    if was == now:
        return []
    sql, texts = _change(*map(ne, was, now))
    return [(sql, (new.id, *[text(new) for text in texts]))]


_FIRST = "SELECT w.product_id FROM product_search_waiting w ORDER BY w.product_id LIMIT 1024"

UPKEEP = Upkeep(
    "SELECT count(*) FROM product_search_waiting",
    (
        "INSERT OR REPLACE INTO product_search (rowid, title, keywords, body) SELECT t.product_id, t.title, t.keywords,"
        f" t.body FROM product_texts t WHERE t.product_id IN ({_FIRST})",
        f"DELETE FROM product_search_waiting WHERE product_id IN ({_FIRST})",
    ),
)
"""The entries of SQLite's full text are made for many products at once. What waits for that is searched as it is."""

# The tests. `?1` and so on are their values.


def _query(words: Sequence[Words], dialect: str, *, every: bool = False) -> str:
    """The query of the full text for what has any of the words, or every one."""
    is_postgres = dialect == "postgresql"
    both, either = (" & ", " | ") if is_postgres else (" AND ", " OR ")

    def one(part: str) -> str:
        begins = len(part) >= BEGINS
        if is_postgres:
            return f"{part}:*" if begins else part
        return f'"{part}"*' if begins else f'"{part}"'

    def of(word: Words) -> str:
        apart = both.join(map(one, word.parts))
        return apart if len(word.parts) == 1 else f"({one(word.joined)}{either}({apart}))"

    return (both if every else either).join(map(of, words))


VECTOR = (
    "(setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', keywords), 'B')"
    " || setweight(to_tsvector('simple', body), 'D'))"
)
"""What PostgreSQL's index holds, as the migration says it."""

_IDS = {
    "sqlite": (
        "s.rowid",
        "product_search s WHERE s.product_search MATCH {}"
        " AND s.rowid NOT IN (SELECT w.product_id FROM product_search_waiting w)",
    ),
    "postgresql": ("product_id", f"product_texts WHERE {VECTOR} @@ to_tsquery('simple', {{}})"),
}
_SCORES = {
    "sqlite": "-bm25(product_search, 40.0, 3.0, 0.5)",
    "postgresql": f"ts_rank('{{0.1, 0.2, 0.4, 1.0}}', {VECTOR}, to_tsquery('simple', ?1))",
}
_NAMED, _EVERY = {"sqlite": "5.0", "postgresql": "0.5"}, {"sqlite": "100.0", "postgresql": "10.0"}
"""The score of a brand, a category or a SKU that has one of the words, and of a product that has every word, upon those
that the database gives, which are of a few units in SQLite, and below 1 in PostgreSQL."""


class Source(NamedTuple):
    """Where ids of products come from: the column of them, the rest of the query, the score of each."""

    column: str
    rest: str
    score: str


class Found(NamedTuple):
    """The products that have any of the words; the values of the placeholders `?1`, ..."""

    sources: tuple[Source, ...]
    values: list[str]

    def test(self) -> str:
        """The test of products `p`."""
        return f"p.id IN ({' UNION ALL '.join(f'SELECT {one.column} FROM {one.rest}' for one in self.sources)})"

    def ranked(self) -> str:
        """The query of ids and scores, the higher the better."""
        parts = [
            f"SELECT {one.column} AS id, CAST({one.score} AS REAL) AS score FROM {one.rest}" for one in self.sources
        ]
        if len(parts) == 1:
            return parts[0]  # SQLite tells no score of a full text within a sum
        return f"SELECT id, sum(score) AS score FROM ({' UNION ALL '.join(parts)}) scored GROUP BY id"


_WAITS = (
    "CASE WHEN ' ' || t.title || ' ' LIKE ?{0} THEN 8.0 WHEN ' ' || t.keywords || ' ' LIKE ?{0} THEN 3.0 ELSE 1.0 END"
)
"""The score of what waits for its place in the full text, by where it has the last word."""


def _waiting(words: Sequence[Words], values: list[str], joined: str, score: str) -> Source:
    """What waits for its place in SQLite's full text, and has any of the words, or every one; adds to the values."""
    tests = []
    for word in words:
        parts = []
        for part in word.parts:
            values.append(f"% {part}%" if len(part) >= BEGINS else f"% {part} %")
            parts.append(f"' ' || t.title || ' ' || t.keywords || ' ' || t.body || ' ' LIKE ?{len(values)}")
        tests.append(f"({' AND '.join(parts)})")
    rest = (
        "product_texts t WHERE t.product_id IN (SELECT w.product_id FROM product_search_waiting w)"
        f" AND ({joined.join(tests)})"
    )
    return Source("t.product_id", rest, score.format(len(values)))


def found_by(words: Sequence[Words], dialect: str) -> Found:
    """What has any of the words: in its texts, as the beginning of its SKU or a variant's, in the name of its brand or
    of a category. Words of a letter or two are found whole, and in texts alone."""
    values = [_query(words, dialect)]
    named, skus = list[str](), list[str]()
    for one in words:
        sku = caseless(one.typed)
        name = sku.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        if len(sku) >= BEGINS:
            at = len(values) + 1
            values += [sku, sku + "\U0010ffff", f"{name}%", f"% {name}%"]
            skus.append(f"(v.sku_key >= ?{at} AND v.sku_key < ?{at + 1})")
            named.append(f"k.name_key LIKE ?{at + 2} ESCAPE '\\' OR k.name_key LIKE ?{at + 3} ESCAPE '\\'")
    column, rest = _IDS[dialect]
    sources = [Source(column, rest.format("?1"), _SCORES[dialect])]
    if dialect == "sqlite":
        sources.append(_waiting(words, values, " OR ", _WAITS))
    if len(words) > 1:
        values.append(_query(words, dialect, every=True))
        sources.append(Source(column, rest.format(f"?{len(values)}"), _EVERY[dialect]))
        if dialect == "sqlite":
            sources.append(_waiting(words, values, " AND ", _EVERY[dialect]))
    if named:
        these, score = " OR ".join(named), _NAMED[dialect]
        brands = f"products b WHERE b.brand_id IN (SELECT k.id FROM brands k WHERE {these})"
        categories = f"product_categories c WHERE c.category_id IN (SELECT k.id FROM categories k WHERE {these})"
        sources += [
            Source("v.product_id", f"variants v WHERE {' OR '.join(skus)}", score),
            Source("b.id", brands, score),
            Source("c.product_id", categories, score),
        ]
    return Found(tuple(sources), values)


def exactness(place: str) -> str:
    """How exactly a product `p` is what was typed, which a placeholder has: its SKU, name or a variant's SKU (0), the
    name of its brand or a category (1), or less."""
    return (
        f"CASE WHEN p.sku_key = {place} OR p.name_key = {place} OR p.id IN (SELECT x.product_id FROM variants x"
        f" WHERE x.sku_key = {place}) THEN 0 WHEN p.brand_id IN (SELECT k.id FROM brands k WHERE k.name_key = {place})"
        " OR p.id IN (SELECT c.product_id FROM product_categories c JOIN categories k ON k.id = c.category_id"
        f" WHERE k.name_key = {place}) THEN 1 ELSE 2 END"
    )
