"""The words of a shop that are written almost like one that is looked for in vain.

They are the words of what shoppers see: names, SKUs and search keywords of products, names of brands and categories.
They are read when a search first finds nothing, the same way on both databases, and kept in memory; so writes cost
nothing more. What changed since is read again, but no more often than takes a twentieth of the time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from weakref import WeakKeyDictionary

from bodega.aside import aside
from bodega.resources.catalog.search_texts import Words, plain, searchable
from bodega.storage import query
from bodega.storage.rows import Rows
from bodega.storage.tx import Tx

SHORTEST, LONGEST = 4, 30
"""Letters of a word that others are near to."""

FAR = 8
"""Letters of a word from which on two of them may be wrong, instead of one; the first one is right then."""

MOST_WORDS = 50_000
MOST_PRODUCTS = 100_000
MOST_NEAR = 3
"""Words that are taken for one that is unknown: those that most products have."""

MOST_PARTS = 8
"""Unknown words of one search that near ones are looked for; the rest are left out."""

MOST_WAITING = 16
"""Searches whose words are looked for at once, all stores together; others find what they find."""

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="near-words")
"""One of its own: what strangers mistype does not hold up what is read and parsed aside."""
_waiting: set[object] = set()

PATIENCE = 20
"""How many times as long as it took to read the words they are good, if something has changed."""

_TOGETHER = 2_000
_MOST_STORES = 32
_MOST_ASKED = 1_000

_REVISION = "SELECT coalesce(max(revision), 0) FROM table_statistics WHERE name IN ('products', 'brands', 'categories')"
_TEXTS = (
    "SELECT t.product_id, t.title, t.keywords FROM product_texts t JOIN products p ON p.id = t.product_id"
    f" WHERE t.product_id > $1 AND p.is_visible ORDER BY t.product_id LIMIT {_TOGETHER}"
)
_NAMES = (
    f"SELECT name_key FROM brands UNION ALL SELECT name_key FROM categories WHERE is_visible LIMIT {_TOGETHER * 10}"
)


class ShopWords:
    """Words with the number of texts that have each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._by_length: dict[int, list[tuple[int, str]]] = {}
        self._asked: dict[str, tuple[str, ...]] = {}
        self.spelled: dict[str, str] = {}
        """Words with their accents, of names that are looked for with them."""

    def add_names(self, names: Iterable[str]) -> None:
        """Counts the words of names of brands and categories, in lower case."""
        for name in names:
            self.add([searchable(name)])
            for word in name.split():
                folded = plain(word)
                if folded != word:
                    self.spelled[folded] = word

    def add(self, texts: Iterable[str]) -> None:
        """Counts the words of texts, which are separated by spaces."""
        counts, by_length = self._counts, self._by_length
        for text in texts:
            for word in set(text.split()):
                if word in counts:
                    counts[word] += 1
                elif SHORTEST - 1 <= len(word) <= LONGEST and word.isalpha() and len(counts) < MOST_WORDS:
                    counts[word] = 1
                    by_length.setdefault(len(word), []).append((_letters(word), word))

    def near(self, word: str) -> tuple[str, ...]:
        """The word itself, if it is one; else those that differ from it by the fewest letters, the most frequent
        first. None are near to short words, or to what is no word."""
        if word in self._counts:
            return (word,)
        found = self._asked.get(word)
        if found is None:
            if len(self._asked) >= _MOST_ASKED:
                self._asked.clear()
            found = self._asked[word] = tuple(self._nearest(word))
        return found

    def _nearest(self, word: str) -> list[str]:
        size = len(word)
        if not SHORTEST <= size <= LONGEST or not word.isalpha():
            return []
        most = 1 if size < FAR else 2
        letters, at_most = _letters(word), 2 * most
        nearest: list[str] = []
        for length in range(size - most, size + most + 1):
            for others, other in self._by_length.get(length, ()):
                if (most > 1 and other[0] != word[0]) or (letters ^ others).bit_count() > at_most:
                    continue
                far = distance(word, other, most)
                if far < most:
                    most, nearest = far, []
                if far <= most:
                    nearest.append(other)
        nearest.sort(key=lambda other: (other[0] != word[0], -self._counts[other], other))
        return nearest[:MOST_NEAR]


def _letters(word: str) -> int:
    """The letters of a word as bits of a number."""
    found = 0
    for letter in word:
        found |= 1 << (ord(letter) & 63)
    return found


def distance(one: str, other: str, most: int) -> int:
    """How many letters are wrong, missing, too many or swapped with their neighbour; more than `most` is `most` + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    if one == other:
        return 0
    start = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(one), len(other)) if start is None else start
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return _distance(one, other, most)


def _distance(one: str, other: str, most: int) -> int:
    """As `distance`, of words that neither begin nor end alike: only what is near the diagonal is looked at."""
    beyond, width = most + 1, len(other)
    before: list[int] = []
    row = [min(at, beyond) for at in range(width + 1)]
    for place, letter in enumerate(one, start=1):
        before, last = row, before
        row = [beyond] * (width + 1)
        row[0] = min(place, beyond)
        for at in range(max(1, place - most), min(width, place + most) + 1):
            its = other[at - 1]
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != its))
            if at > 1 and place > 1 and letter == other[at - 2] and one[place - 2] == its:
                cost = min(cost, last[at - 2] + 1)
            row[at] = min(cost, beyond)
        if min(row) > most:
            return beyond
    return row[-1]


class _Vocabulary:
    """The words of a store, as they were read last."""

    def __init__(self) -> None:
        self._words: ShopWords | None = None
        self._revision = -1
        self._until = 0.0
        self._reading = asyncio.Lock()

    async def words(self, reader: Tx) -> ShopWords:
        revision = int(await query.value(reader, _REVISION))
        if self._words is not None and (
            revision == self._revision or perf_counter() < self._until or self._reading.locked()
        ):
            return self._words
        async with self._reading:
            if self._words is None or self._revision < revision:
                began = perf_counter()
                self._words = await _read(reader)
                now = perf_counter()
                self._revision, self._until = revision, now + PATIENCE * (now - began)
            return self._words


async def _read(reader: Tx) -> ShopWords:
    words = ShopWords()
    names = await query.values(reader, _NAMES)
    await aside(lambda: words.add_names(names))
    last = 0
    for _ in range(MOST_PRODUCTS // _TOGETHER):
        some = [(one, f"{title} {keywords}") for one, title, keywords in await reader.rows(_TEXTS, last)]
        await aside(lambda some=some: words.add([text for _, text in some]))  # type: ignore[misc]
        if len(some) < _TOGETHER:
            break
        last = some[-1][0]
    return words


_KNOWN: WeakKeyDictionary[Rows, _Vocabulary] = WeakKeyDictionary()


async def instead_of(rows: Rows, looked_for: Sequence[Words]) -> list[Words]:
    """The words of the shop that may have been meant by some that find nothing; those that nothing is near to are left
    out."""
    if rows not in _KNOWN and len(_KNOWN) >= _MOST_STORES:
        del _KNOWN[next(iter(_KNOWN.keys()))]
    words = await _KNOWN.setdefault(rows, _Vocabulary()).words(rows.reader)
    parts = list(dict.fromkeys(part for one in looked_for for part in one.parts))[:MOST_PARTS]
    if len(_waiting) >= MOST_WAITING:
        return []
    turn = object()
    _waiting.add(turn)
    try:
        loop = asyncio.get_running_loop()
        near = await loop.run_in_executor(_thread, lambda: [found for part in parts for found in words.near(part)])
    finally:
        _waiting.discard(turn)
    return [Words(words.spelled.get(one, one), (one,)) for one in dict.fromkeys(near)]
