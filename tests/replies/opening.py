"""What most other rows hang on: two categories, a brand, a plain product and a full one."""

from replies import Row

ROWS = [
    Row("POST", "/v3/catalog/categories", {"name": "Tools", "parent_id": 0}, name="tools"),
    Row(
        "POST",
        "/v3/catalog/categories",
        {
            "name": "Saws",
            "parent_id": "{tools}",
            "description": "d",
            "meta_keywords": ["a"],
            "image_url": "https://img.test/a.png",
        },
        name="saws",
    ),
    Row(
        "POST",
        "/v3/catalog/brands",
        {"name": "Acme", "meta_keywords": ["a"], "page_title": "t", "custom_url": {"url": "/acme-brand/"}},
        name="acme",
    ),
    Row(
        "POST",
        "/v3/catalog/products",
        {"name": "Hammer", "type": "physical", "price": 10, "weight": 1},
        name="hammer",
    ),
    Row(
        "POST",
        "/v3/catalog/products",
        {
            "name": "Drill",
            "type": "physical",
            "price": "1.2345",
            "weight": 1,
            "sku": "DRILL",
            "categories": ["{tools}", "{saws}"],
            "brand_id": "{acme}",
            "upc": "1",
            "related_products": ["{hammer}"],
            "preorder_release_date": "2030-01-01",
            "date_last_imported": "2020-01-01",
            "inventory_level": 2,
            "sale_price": 1,
            "gift_wrapping_options_type": "list",
            "gift_wrapping_options_list": [1],
            "meta_keywords": ["a"],
        },
        name="drill",
    ),
]
