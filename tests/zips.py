"""Zip files of themes, whole and broken, for tests."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

CONFIG: dict[str, Any] = {
    "name": "Harbour",
    "version": "1.2.0",
    "settings": {"color": "#112233", "carousel": True, "fontSize": 12},
    "variations": [
        {"name": "Day", "id": "day", "meta": {"description": "Bright"}},
        {"name": "Night", "id": "night", "settings": {"color": "#000000"}},
    ],
}
SCHEMA: list[Any] = [
    {
        "name": "Looks",
        "settings": [
            {"type": "heading", "content": "Colours"},
            {"type": "color", "label": "Colour", "id": "color"},
            {"type": "checkbox", "label": "Carousel", "id": "carousel"},
            {"type": "select", "label": "Size", "id": "fontSize", "options": [{"value": "12"}, {"value": "14"}]},
        ],
    }
]
PAGES = {
    "templates/layout/base.html": '<body>{{{region name="top"}}}{{> components/foot}}</body>',
    "templates/components/foot.html": "{{{region name='foot'}}}{{> layout/base}}",
    "templates/pages/home.html": '{{> layout/base}}{{{region name="home_hero"}}}',
    "templates/pages/product.html": "{{> layout/base}}",
    "templates/pages/custom/product/tall.html": "",
    "templates/pages/custom/brand/maker.html": "",
    "assets/img/logo.png": "not looked at",
}


def theme(config: Any = CONFIG, schema: Any = SCHEMA, pages: dict[str, str] = PAGES, **more: str) -> bytes:
    """A theme; None leaves a file out, text is written as it stands."""
    files = dict(pages)
    for name, content in (("config.json", config), ("schema.json", schema)):
        if content is not None:
            files[name] = content if isinstance(content, str) else json.dumps(content)
    return zipped(files | {name.replace("__", "/"): text for name, text in more.items()})


def zipped(files: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return written.getvalue()
