"""Content and marketing in the panel: web pages, redirects, scripts, banners, e-mails, the outbox."""

from __future__ import annotations

from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message

LISTS = (
    ("/web-pages", "Texts of the shop"),
    ("/blog-posts", "News and stories"),
    ("/redirects", "Old addresses"),
    ("/scripts", "Scripts that run"),
    ("/banners", "A piece of HTML"),
    ("/email-templates", "The invoice of an order"),
    ("/abandoned-cart-emails", "An e-mail to shoppers"),
    ("/outbox", "Nothing yet"),
)


def test_every_list_says_what_it_is_for(shop: Shop) -> None:
    browser = signed_in(shop)
    for path, words in LISTS:
        page = browser.get(base(shop) + path)
        assert (page.status, words in page.text) == (200, True), path


def test_a_web_page_is_made_changed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/web-pages/new")
    assert browser.post(form, "/web-pages", name="").status == 422
    made = browser.post(form, "/web-pages", name="About us", type="page", body="<p>We</p>", is_visible="true")
    assert made.header("location").endswith("done=made"), message(made)
    blog = browser.post(form, "/web-pages", name="News", type="blog")  # an owner's to make
    assert blog.header("location").endswith("done=made"), message(blog)
    page = browser.get(f"{base(shop)}/web-pages/1")
    assert "&lt;p&gt;We&lt;/p&gt;" in page.text
    assert browser.post(page, "/web-pages/1").header("location").endswith("done=unchanged")
    saved = browser.post(page, "/web-pages/1", name="Us", parent_id="2")
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert shop.get("/v3/content/pages/1?include=body").data["name"] == "Us"
    gone = browser.post(browser.get(f"{base(shop)}/web-pages/1"), "/web-pages/1/delete")
    assert gone.header("location").endswith("done=deleted"), message(gone)
    assert [one["name"] for one in shop.get("/v3/content/pages").data] == ["News"]


def test_a_blog_post_is_written_published_taken_back_and_deleted(shop: Shop) -> None:
    browser, here = signed_in(shop), "/blog-posts"
    form = browser.get(f"{base(shop)}{here}/new")
    assert "data-editor" in form.text
    assert browser.post(form, here, title="", body="<p>x</p>").status == 422
    assert shop.get("/v2/blog/posts").status == 204
    told = {"title": "Spring", "body": "<p>It <b>is</b> here</p>", "tags": "news, garden, News", "author": "Ann"}
    made = browser.post(form, here, **told, thumbnail_path="https://img.example.com/a.png")
    assert made.header("location").endswith("done=made"), message(made)
    [post] = shop.get("/v2/blog/posts").json
    assert (post["is_published"], post["tags"], post["author"]) == (False, ["news", "garden"], "Ann")
    assert post["thumbnail_path"] == "https://img.example.com/a.png"
    path = f"{here}/{post['id']}"
    page = browser.get(f"{base(shop)}{path}")
    assert "&lt;p&gt;It &lt;b&gt;is&lt;/b&gt; here&lt;/p&gt;" in page.text
    assert browser.post(page, path).header("location").endswith("done=unchanged")
    assert browser.post(page, f"{path}/switch").header("location").endswith("done=on")
    page = browser.get(f"{base(shop)}{path}?done=on")
    assert ("The post is in the shop." in page.text, "Make it a draft" in page.text) == (True, True)
    saved = browser.post(page, path, title="Spring again", published_date="2030-05-06T07:08:09Z")
    assert saved.header("location").endswith("done=saved"), message(saved)
    [post] = shop.get("/v2/blog/posts").json
    told = [post[name] for name in ("title", "is_published", "published_date_iso8601")]
    assert told == ["Spring again", True, "2030-05-06T07:08:09+0000"], "a change keeps it published"
    wrong = browser.post(browser.get(f"{base(shop)}{path}"), path, published_date="soon")
    assert (wrong.status, shop.get("/v2/blog/posts").json[0]["is_published"]) == (422, True)
    assert browser.post(browser.get(f"{base(shop)}{path}"), f"{path}/switch").header("location").endswith("done=off")
    assert shop.get("/v2/blog/posts").json[0]["is_published"] is False
    assert "draft" in browser.get(f"{base(shop)}{here}").text
    gone = browser.post(browser.get(f"{base(shop)}{path}"), f"{path}/delete")
    assert gone.header("location").endswith("done=deleted"), message(gone)
    assert shop.get("/v2/blog/posts").status == 204
    assert browser.get(f"{base(shop)}{path}").status == 404


def test_redirects_are_added_searched_imported_exported_and_deleted(shop: Shop) -> None:
    product = shop.product("Towel")
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/redirects")
    assert browser.post(page, "/redirects", from_path="/old", type="brand", target="77").status == 422
    added = browser.post(page, "/redirects", from_path="/old", type="product", target=str(product))
    assert added.header("location").endswith("done=saved"), message(added)
    assert shop.get("/v3/storefront/redirects").data[0]["to"] == {"type": "product", "entity_id": product}
    assert "/towel/" in browser.get(f"{base(shop)}/redirects?keyword=ol").text
    assert "No path begins so" in browser.get(f"{base(shop)}/redirects?keyword=x").text
    page = browser.get(f"{base(shop)}/redirects")
    assert browser.post(page, "/redirects/export").header("location").endswith("done=exported")
    shop.wait_for(lambda: shop.get("/v3/storefront/redirects/imex/jobs").data[0]["status"] == "complete")
    job = shop.get("/v3/storefront/redirects/imex/jobs").data[0]
    file = browser.get(f"{base(shop)}/redirects/export/{job['id']}")
    assert file.header("content-type").startswith("text/csv")
    assert "/old,,Product," in file.text
    assert browser.get(f"{base(shop)}/redirects/export/nothing").status == 404
    assert "download" in browser.get(f"{base(shop)}/redirects").text
    gone = browser.post(browser.get(f"{base(shop)}/redirects"), "/redirects/1/delete")
    assert gone.header("location").endswith("done=deleted"), message(gone)
    assert shop.get("/v3/storefront/redirects").data == []


def test_a_script_of_an_app_can_be_switched_off_by_the_owner(shop: Shop) -> None:
    made = shop.post("/v3/content/scripts", {"name": "Chat", "src": "https://chat.test/a.js"}).data
    browser = signed_in(shop)
    assert "Chat" in browser.get(f"{base(shop)}/scripts").text
    here = f"/scripts/{made['uuid']}"
    page = browser.get(base(shop) + here)
    saved = browser.post(page, here, enabled=[])
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert shop.get(f"/v3/content/scripts/{made['uuid']}").data["enabled"] is False
    form = browser.get(f"{base(shop)}/scripts/new")
    own = browser.post(form, "/scripts", name="Own", html="<script></script>")
    assert own.header("location").endswith("done=made"), message(own)
    assert "Own" in browser.get(f"{base(shop)}/scripts").text
    gone = browser.post(browser.get(base(shop) + here), f"{here}/delete")
    assert gone.header("location").endswith("done=deleted"), message(gone)
    assert shop.get("/v3/content/scripts").data == []


def test_banners_and_emails_are_kept(shop: Shop) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/banners/new")
    made = browser.post(form, "/banners", name="Sale", content="<b>Sale</b>")
    assert made.header("location").endswith("done=made"), message(made)
    page = browser.get(f"{base(shop)}/banners/1")
    saved = browser.post(page, "/banners/1", name="Big sale")
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert shop.get("/v2/banners/1").json["name"] == "Big sale"
    here = "/email-templates/invoice_email"
    page = browser.get(base(shop) + here)
    assert browser.post(page, here, body="{{#if}}").status == 422
    saved = browser.post(page, here, subject="Your invoice")
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert shop.get("/v3/marketing/email-templates/invoice_email").data["subject"] == "Your invoice"
    form = browser.get(f"{base(shop)}/abandoned-cart-emails/new")
    made = browser.post(form, "/abandoned-cart-emails", subject="Come back", body="<p>Do</p>", notify_at_minutes="1440")
    assert made.header("location").endswith("done=made"), message(made)
    assert "1 day" in browser.get(f"{base(shop)}/abandoned-cart-emails").text
    page = browser.get(f"{base(shop)}/abandoned-cart-emails/1")
    saved = browser.post(page, "/abandoned-cart-emails/1", subject="Please")
    assert saved.header("location").endswith("done=saved"), message(saved)
    shown = shop.get("/v3/marketing/abandoned-cart-emails/1").data
    assert (shown["template"]["subject"], shown["template"]["body"]) == ("Please", "<p>Do</p>")
