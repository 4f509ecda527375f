"""When two texts are the same: whatever the case of their letters, and however a letter with an accent was typed.

Text is stored as it was sent. What is unique or looked for is compared in these forms.
"""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """The form in which texts that are canonically equivalent are equal (Unicode Standard Annex 15, NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def caseless(text: str) -> str:
    """The same for texts that differ in case alone: a canonical caseless match (Unicode Standard 3.13, D145)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
