"""Widgets, page widgets, themes and custom templates."""

from pictures import FORM, form
from replies import Differs, Row
from zips import theme

SETTING = {
    "type": "select",
    "label": "Size",
    "id": "size",
    "default": "big",
    "typeMeta": {"selectOptions": [{"label": "Big", "value": "big"}]},
    "conditional": {"key": "shown", "operator": "IN", "value": ["yes"]},
}
SCHEMA = [
    {
        "type": "tab",
        "label": "Content",
        "sections": [
            {
                "label": "Text",
                "settings": [SETTING],
            }
        ],
    },
    {
        "type": "array",
        "label": "Images",
        "id": "images",
        "defaultCount": 1,
        "entryLabel": "Image",
        "thumbnail": {"type": "image", "valueKey": "imageUrl.src"},
        "schema": [
            {"type": "tab", "label": "Image", "sections": [{"label": "Look", "settings": [SETTING]}]},
            {"type": "hidden", "settings": [{**SETTING, "id": "shape"}]},
        ],
    },
    {"type": "hidden", "settings": [{**SETTING, "id": "colour"}]},
]
TEMPLATE = {
    "name": "Banner",
    "template": "<h1>Sale</h1>",
    "schema": SCHEMA,
    "storefront_api_query": "query { site { settings { storeName } } }",
    "channel_id": 1,
}
WIDGET = {
    "name": "Summer",
    "description": "d",
    "widget_template_uuid": "{hero}",
    "widget_configuration": {"size": "big"},
    "channel_id": 1,
}
PLACEMENT = {
    "widget_uuid": "{widget}",
    "template_file": "pages/category",
    "entity_id": "21",
    "region": "category_below_header",
    "sort_order": 1,
    "status": "active",
    "channel_id": 1,
}
ON_PAGE = {
    "widget_template_uuid": "{hero}",
    "configuration": {"size": "big"},
    "storefront_api_query_params": {"productId": 7},
    "name": "On a page",
    "description": "d",
    "type": "widget",
}
LAYOUT = {
    "layout_template_uuid": "7d42d0b1-1152-4ce3-a6c1-3709f786f295",
    "configuration": {"numberOfDropzones": 1},
    "name": "Layout",
    "dropzones": [{"configuration": {"width": "100%"}, "widgets": [ON_PAGE]}],
    "type": "layout",
}
PAGE = {
    "template_file": "pages/page",
    "entity_id": "5",
    "channel_id": 1,
    "regions": [{"name": "page_builder_content", "children": [ON_PAGE, LAYOUT]}],
}
ASSOCIATION = {"channel_id": 1, "entity_type": "brand", "entity_id": "{acme}", "file_name": "custom-brand.html"}
BUNDLE = form(theme(), "file")
DAY = {"variation_id": "{light}", "which": "original"}

ROWS = [
    Row("POST", "/v3/content/widget-templates", TEMPLATE, name="hero", key="uuid"),
    Row("POST", "/v3/content/widget-templates", {}, status=422),
    Row(
        "PUT",
        "/v3/content/widget-templates/{hero}",
        {**TEMPLATE, "create_new_version": True},
        name="version",
        key="current_version_uuid",
    ),
    Row("POST", "/v3/content/widget-templates/{hero}/preview", {"widget_configuration": {"size": "big"}}),
    Row("POST", "/v3/content/widget-templates/{hero}/preview", {"widget_configuration": {"size": "odd"}}, status=422),
    Row("GET", "/v3/content/widget-templates/{hero}?version_uuid={version}"),
    Row("POST", "/v3/content/widgets", WIDGET, name="widget", key="uuid"),
    Row("POST", "/v3/content/widgets", {}, status=422),
    Row("PUT", "/v3/content/widgets/{widget}", {**WIDGET, "name": "Autumn", "upgrade": True}),
    Row("POST", "/v3/content/placements", PLACEMENT, name="placement", key="uuid"),
    Row("POST", "/v3/content/placements", {}, status=422),
    Row("PUT", "/v3/content/placements/{placement}", {**PLACEMENT, "sort_order": 2}),
    Row("DELETE", "/v3/content/widget-templates/{hero}", status=422),
    Row("POST", "/v3/content/page-widgets", PAGE),
    Row("POST", "/v3/content/page-widgets", {}, status=422),
    Row("GET", "/v3/content/page-widgets?template_file=pages/page&entity_id=5"),
    Row("POST", "/v3/themes", BUNDLE, name="theme_job", key="job_id", headers=FORM),
    Row("POST", "/v3/themes", form(theme(schema=None), "file"), name="warned_job", key="job_id", headers=FORM),
    Row("POST", "/v3/themes", form(theme(config=None), "file"), name="failed_job", key="job_id", headers=FORM),
    Row("GET", "/v3/themes", name="sample_theme", key="uuid"),
    Row("GET", "/v3/themes", name="light", key="variations.0.uuid"),
    Row("POST", "/v3/themes/actions/activate", DAY),
    Row("POST", "/v3/themes/actions/activate", {}, status=422),
    Row("POST", "/v3/themes/{sample_theme}/actions/download", {"which": "original"}),
    Row("POST", "/v3/themes/{sample_theme}/configurations/validate", {"variation_id": "{light}", "settings": {}}),
    Row("POST", "/v3/themes/{sample_theme}/configurations/validate", {"settings": {"odd": 1}}, status=422),
    Row("PUT", "/v3/storefront/custom-template-associations", [ASSOCIATION]),
    Row("PUT", "/v3/storefront/custom-template-associations", [], status=422),
]
PATHS = {
    "/v3/themes/jobs/{job_id:text}": [
        f"/v3/themes/jobs/{{{job}}}" for job in ("theme_job", "warned_job", "failed_job")
    ],
    "/v3/content/regions": ["/v3/content/regions?template_file=pages/home"],
    "/v3/content/page-widgets": ["/v3/content/page-widgets?template_file=pages/page&entity_id=5"],
    "/v3/content/widget-templates/{uuid:text}": ["/v3/content/widget-templates/{hero}"],
    "/v3/content/widgets/{uuid:text}": ["/v3/content/widgets/{widget}"],
    "/v3/content/placements/{uuid:text}": ["/v3/content/placements/{placement}"],
    "/v3/themes/{uuid:text}": ["/v3/themes/{sample_theme}"],
    "/v3/themes/{uuid:text}/configurations": ["/v3/themes/{sample_theme}/configurations?variation_uuid={light}"],
    "/v3/themes/custom-templates/{version_uuid:text}": ["/v3/themes/custom-templates/{light}"],
}

DIFFERS = [
    Differs("GET /v3/content/page-widgets", "meta.pagination", "absent", "a page is shown whole"),
    Differs("POST /v3/themes/actions/activate", "*", "type", "a reply of 204 has no body: RFC 9110 15.3.5"),
]
