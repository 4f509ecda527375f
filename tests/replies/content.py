"""The blog, web pages and redirects of V2 (rules 108, 109)."""

from replies import Differs, Row

ROWS = [
    Row("POST", "/v2/blog/posts", {"title": "Hello", "body": "<p>Hello</p>", "tags": ["news"]}, name="hello"),
    Row("PUT", "/v2/blog/posts/{hello}", {"is_published": True}),
    Row("POST", "/v2/blog/posts", {}, status=400),
    Row("POST", "/v2/pages", {"type": "page", "name": "About", "body": "<p>We</p>"}, name="about"),
    Row("PUT", "/v2/pages/{about}", {"is_visible": True}),
    Row("POST", "/v2/pages", {}, status=400),
    Row("POST", "/v2/redirects", {"path": "/old/", "forward": {"type": "product", "ref": "{hammer}"}}, name="old"),
    Row("PUT", "/v2/redirects/{old}", {"path": "/older/", "forward": {"type": "category", "ref": "{tools}"}}),
    Row("POST", "/v2/redirects", {}, status=400),
]

DIFFERS = [
    Differs("* /v2/blog/posts*", "published_date.date", "format", "its example has this form"),
    Differs("P* /v2/blog/posts*", "id", "extra", "without it a client could not ask for what it made"),
    Differs("GET /v2/blog/tags", "", "type", "the schema is a list of lists; its members are those of a list"),
]
V2_TABLES = {"pages": ""}
V2_DIFFERS = {("blog_post", "summary", "refused"): "a PUT may bring it, and no mark refuses it on POST alone"}
