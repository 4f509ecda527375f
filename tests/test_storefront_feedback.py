"""What shoppers tell a store: newsletter, reviews, contact forms, visits; the forms they fill in, and where the store
delivers to. On both databases."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.content import visits
from panel import base, signed_in
from shop import Shop
from storefront import NOW, Window, nodes

ERRORS = "errors { __typename ... on Error { message } }"
SUBSCRIBE = f"mutation ($input: CreateSubscriberInput!) {{ newsletter {{ subscribe(input: $input) {{ {ERRORS} }} }} }}"
UNSUBSCRIBE = (
    f"mutation ($input: RemoveSubscriberInput!) {{ newsletter {{ unsubscribe(input: $input) {{ {ERRORS} }} }} }}"
)
REVIEW = f"mutation ($input: AddProductReviewInput!) {{ catalog {{ addProductReview(input: $input) {{ {ERRORS} }} }} }}"
CONTACT = """mutation ($input: SubmitContactUsInput!) { submitContactUs(input: $input) {
  errors { __typename ... on ValidationError { path message } } } }"""
JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}


@pytest.fixture
def window(shop: Shop) -> Window:
    """A product, and a customer."""
    window = Window(shop)
    shop.product("Hammer", price=10)
    shop.post("/v3/customers", [JANE])
    return window


def kinds(found: Any) -> list[str]:
    """The types of the errors of the one mutation that an answer is of."""
    while "errors" not in found:
        (found,) = found.values()
    return [one["__typename"] for one in found["errors"]]


def told(window: Window, query: str, given: Any, **headers: str) -> list[str]:
    return kinds(window.ask(query, {"input": given}, **headers))


# The newsletter


def test_subscribers_are_those_of_the_admin_api(window: Window) -> None:
    shop, me = window.shop, window.signed_in(1)
    query = "{ customer { isSubscribedToNewsletter } }"
    assert window.ask(query, **me)["customer"]["isSubscribedToNewsletter"] is False
    given = {"email": "Jane@example.com", "firstName": "Jane", "lastName": "Doe"}
    assert told(window, SUBSCRIBE, given) == []
    (kept,) = shop.get("/v3/customers/subscribers").data
    assert (kept["email"], kept["source"], kept["first_name"]) == ("Jane@example.com", "storefront", "Jane")
    assert window.ask(query, **me)["customer"]["isSubscribedToNewsletter"] is True
    assert told(window, SUBSCRIBE, given) == ["CreateSubscriberAlreadyExistsError"]
    for _ in range(2):
        assert told(window, UNSUBSCRIBE, {"email": "jane@example.com"}) == []
    assert window.ask(query, **me)["customer"]["isSubscribedToNewsletter"] is False
    assert told(window, SUBSCRIBE, {"email": "jane@example.com"}) == []
    assert window.ask(query, **me)["customer"]["isSubscribedToNewsletter"] is True
    assert len(shop.get("/v3/customers/subscribers").data) == 1


def test_what_is_wrong_with_a_subscription_is_told(window: Window) -> None:
    assert told(window, SUBSCRIBE, {"email": "jane"}) == ["CreateSubscriberEmailInvalidError"]
    assert told(window, UNSUBSCRIBE, {"email": "jane"}) == ["RemoveSubscriberEmailInvalidError"]
    assert told(window, UNSUBSCRIBE, {"email": "nobody@example.com"}) == []
    given = {"email": "joe@example.com", "firstName": "x" * 300, "lastName": "y" * 300}
    assert set(told(window, SUBSCRIBE, given)) == {
        "CreateSubscriberFirstNameInvalidError", "CreateSubscriberLastNameInvalidError",
    }  # fmt: skip
    assert window.shop.get("/v3/customers/subscribers").data == []


# Reviews


def review(product: int = 1, **more: Any) -> dict[str, Any]:
    said = {"author": "Bob", "title": "Good", "text": "Hits nails.", "rating": 4, "email": "bob@example.com", **more}
    return {"productEntityId": product, "review": said}


SHOWN = """{ site { product(entityId: 1) { reviewSummary { numberOfReviews averageRating } reviews {
  edges { node { title text rating author { name } createdAt { utc } } } } } } }"""


def test_a_review_waits_until_it_is_approved(window: Window) -> None:
    shop = window.shop
    assert told(window, REVIEW, review()) == []
    (kept,) = shop.get("/v3/catalog/products/1/reviews").data
    assert (kept["status"], kept["name"], kept["email"], kept["rating"]) == ("pending", "Bob", "bob@example.com", 4)
    assert nodes(window.ask(SHOWN)["site"]["product"]["reviews"]) == []
    shop.put("/v3/catalog/products/1/reviews/1", {"status": "approved"})
    found = window.ask(SHOWN)["site"]["product"]
    (shown,) = nodes(found["reviews"])
    assert (shown["title"], shown["rating"], shown["author"]["name"]) == ("Good", 4, "Bob")
    assert found["reviewSummary"] == {"numberOfReviews": 1, "averageRating": 4}


def test_a_store_can_approve_reviews_at_once(window: Window) -> None:
    assert window.shop.put("/v3/settings/catalog", {"auto_approve_reviews": True}).status == 200
    assert told(window, REVIEW, review()) == []
    assert len(nodes(window.ask(SHOWN)["site"]["product"]["reviews"])) == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (review(77), "ProductIdNotFoundError"),
        (review(-1), "ProductIdNotFoundError"),
        (review(2**40), "ProductIdNotFoundError"),
        (review(rating=0), "InvalidInputFieldsError"),
        (review(rating=6), "InvalidInputFieldsError"),
        (review(title=" "), "InvalidInputFieldsError"),
        (review(title="x" * 300), "InvalidInputFieldsError"),
        (review(text=""), "InvalidInputFieldsError"),
        (review(text="x" * 65_536), "InvalidInputFieldsError"),
        (review(email="bob"), "InvalidInputFieldsError"),
    ],
)
def test_what_is_wrong_with_a_review_is_told(window: Window, given: dict[str, Any], error: str) -> None:
    assert told(window, REVIEW, given) == [error]
    assert window.shop.get("/v3/catalog/products/1/reviews").data == []


def test_all_faulty_members_of_a_review_are_named(window: Window) -> None:
    query = REVIEW.replace("... on Error { message }", "... on InvalidInputFieldsError { fields message }")
    given = review(author="", rating=9, email="bob")
    (error,) = window.ask(query, {"input": given})["catalog"]["addProductReview"]["errors"]
    assert error["fields"] == ["author", "rating", "email"]
    assert "rating must be from 1 to 5." in error["message"]


def test_a_customer_reviews_a_product_once_in_their_own_name(window: Window) -> None:
    me = window.signed_in(1)
    assert told(window, REVIEW, review(email="other@example.com"), **me) == []
    assert window.shop.get("/v3/catalog/products/1/reviews").data[0]["email"] == "jane@example.com"
    assert told(window, REVIEW, review(), **me) == ["CustomerAlreadyReviewedProductError"]


def test_a_hidden_product_and_a_store_without_reviews_take_none(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/catalog/products/1", {"is_visible": False})
    assert told(window, REVIEW, review()) == ["ProductIdNotFoundError"]
    assert shop.put("/v3/settings/storefront/product", {"show_product_rating": False}).status == 200
    assert told(window, REVIEW, review()) == ["NotAuthorizedToAddProductReviewError"]


# Contact forms


@pytest.fixture
def form(window: Window) -> int:
    """The number of a contact page."""
    body = {"name": "Write to us", "type": "contact_form", "channel_id": 1, "email": "us@example.com", "body": "x",
            "contact_fields": "fullname,phone,orderno", "is_visible": True}  # fmt: skip
    made = window.shop.post("/v3/content/pages", body)
    assert made.status == 201, made.body
    return int(made.data["id"])


def test_a_message_is_kept_and_mailed(window: Window, form: int) -> None:
    shop = window.shop
    data = {"fullName": "Bob", "email": "bob@example.com", "orderNumber": "100", "comments": "Where is it?"}
    assert told(window, CONTACT, {"pageEntityId": form, "data": data}, **window.signed_in(1)) == []
    (kept,) = shop.get("/v3/contact-messages").data
    assert (kept["full_name"], kept["comments"], kept["customer_id"]) == ("Bob", "Where is it?", 1)
    (mail,) = shop.get("/v3/outbox").data
    assert (mail["recipient"], mail["type_id"], mail["subject"]) == (
        "us@example.com", "contact_form", "Write to us: Bob",
    )  # fmt: skip
    assert "orderNumber: 100" in mail["body"]
    assert shop.delete(f"/v3/contact-messages/{kept['id']}").status == 204
    assert shop.get("/v3/contact-messages").data == []


def test_what_is_wrong_with_a_message_is_told(window: Window, form: int) -> None:
    data = {"email": "bob", "comments": " ", "fullName": "x" * 300}
    found = window.ask(CONTACT, {"input": {"pageEntityId": form, "data": data}})["submitContactUs"]["errors"]
    assert [one["path"] for one in found] == [
        ["input", "data", "fullName"], ["input", "data", "email"], ["input", "data", "comments"],
    ]  # fmt: skip
    good = {"email": "bob@example.com", "comments": "Hi"}
    for number in (form + 1, -1):
        assert told(window, CONTACT, {"pageEntityId": number, "data": good}) == ["ValidationError"]
    assert window.shop.get("/v3/contact-messages").data == []


# Visits

COMMON = {
    "initiator": {"visitId": "1", "visitorId": "2"},
    "request": {"url": "https://shop.example/", "userAgent": "Mozilla", "refererUrl": "https://shop.example/a"},
}


def seen(shop: Shop) -> list[tuple[str, str, int]]:
    async def read() -> Any:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        assert store.rows is not None
        rows = await visits.by_day(store.rows.reader, "2000-01-01")
        return [(one.day, one.kind, one.seen) for one in rows], await visits.most_seen(store.rows.reader, "", 5)

    days, _ = found = shop.server.run(read())
    assert found[1] == ([(1, 2)] if any(kind == "product" for _, kind, _ in days) else [])
    return list(days)


def test_visits_are_counted_by_the_day_and_forgotten(window: Window) -> None:
    shop = window.shop

    def sent(name: str, kind: str, common: Any = COMMON, **more: Any) -> bool:
        query = f"mutation ($input: {kind}!) {{ analytics {{ {name}(input: $input) {{ executed }} }} }}"
        given = {"commonInput": common, **more}
        return bool(window.ask(query, {"input": given})["analytics"][name]["executed"])

    assert sent("visitStartedEvent", "VisitStartedEventInput")
    assert sent("pageViewedEvent", "PageViewedEventInput")
    for _ in range(2):
        assert sent("productViewedEvent", "ProductViewedEventInput", productInput={"productEntityId": 1})
    for number in (77, -1):
        assert not sent("productViewedEvent", "ProductViewedEventInput", productInput={"productEntityId": number})
    no = {**COMMON, "consent": {"targeting": False, "analytics": False, "functional": True}}
    assert not sent("visitStartedEvent", "VisitStartedEventInput", no)
    day = "2030-03-17"
    assert seen(shop) == [(day, "page", 1), (day, "product", 2), (day, "visit", 1)]
    shop.freeze(NOW + 90 * 86_400)
    window.token = window.make(expires_at=NOW + 100 * 86_400)
    assert sent("visitStartedEvent", "VisitStartedEventInput")
    assert [kind for _, kind, _ in seen(shop)] == ["visit"]


# Forms

FORM = """query ($filters: FormFieldFiltersInput, $sort: FormFieldSortInput) { site { settings { formFields {
  customer(filters: $filters, sortBy: $sort) { ...F } shippingAddress(filters: $filters, sortBy: $sort) { ...F }
  billingAddress { entityId } }
  customers { passwordComplexitySettings { minimumPasswordLength minimumNumbers minimumSpecialCharacters
    requireLowerCase requireUpperCase requireNumbers requireSpecialCharacters } } } } }
fragment F on FormField { __typename entityId label isRequired isBuiltIn sortOrder
  ... on CheckboxesFormField { options { entityId label } } ... on DateFormField { defaultDate minDate maxDate }
  ... on MultilineTextFormField { defaultText rows } ... on RadioButtonsFormField { options { entityId label } }
  ... on NumberFormField { defaultNumber maxLength minNumber maxNumber } ... on TextFormField { defaultText maxLength }
  ... on PasswordFormField { defaultText maxLength } ... on PicklistFormField { choosePrefix options { label } }
  ... on PicklistOrTextFormField { picklistPrefix } }"""
OWN: tuple[dict[str, Any], ...] = (
    {"name": "Colors", "type": "checkboxes", "options": ["Red", "Blue"]},
    {"name": "Birthday", "type": "date", "earliest": "1900-01-01", "latest": "2020-01-01"},
    {"name": "About", "type": "multiline", "rows": 3},
    {"name": "Size", "type": "numbers", "minimum": 1, "maximum": 9, "default": "4"},
    {"name": "Secret", "type": "password", "max_length": 8},
    {"name": "Team", "type": "radiobuttons", "options": ["Cats", "Dogs"]},
    {"name": "Club", "type": "text", "max_length": 5, "required": True},
    {"name": "Region", "type": "picklist", "options": ["North", "South"], "prompt": "Choose"},
)
VALUES = """formFields { __typename entityId name ... on CheckboxesFormFieldValue { values valueEntityIds }
  ... on DateFormFieldValue { date { utc } } ... on MultilineTextFormFieldValue { multilineText }
  ... on MultipleChoiceFormFieldValue { value valueEntityId } ... on NumberFormFieldValue { number }
  ... on PasswordFormFieldValue { password } ... on TextFormFieldValue { text } }"""
FILLED: dict[str, Any] = {
    "checkboxes": [{"fieldEntityId": 26, "fieldValueEntityIds": [1, 0]}],
    "dates": [{"fieldEntityId": 27, "date": "1999-12-31T00:00:00Z"}],
    "multilineTexts": [{"fieldEntityId": 28, "multilineText": "a\nb"}],
    "numbers": [{"fieldEntityId": 29, "number": 7}],
    "passwords": [{"fieldEntityId": 30, "password": "abc"}],
    "multipleChoices": [{"fieldEntityId": 31, "fieldValueEntityId": 1}, {"fieldEntityId": 33, "fieldValueEntityId": 0}],
    "texts": [{"fieldEntityId": 32, "text": "Blue"}],
}
ANSWERS: list[dict[str, Any]] = [
    {"__typename": "CheckboxesFormFieldValue", "name": "Colors", "values": ["Blue", "Red"], "valueEntityIds": [1, 0]},
    {"__typename": "DateFormFieldValue", "name": "Birthday", "date": {"utc": "1999-12-31T00:00:00+00:00"}},
    {"__typename": "MultilineTextFormFieldValue", "name": "About", "multilineText": "a\nb"},
    {"__typename": "NumberFormFieldValue", "name": "Size", "number": 7},
    {"__typename": "PasswordFormFieldValue", "name": "Secret", "password": "abc"},
    {"__typename": "MultipleChoiceFormFieldValue", "name": "Team", "value": "Dogs", "valueEntityId": 1},
    {"__typename": "TextFormFieldValue", "name": "Club", "text": "Blue"},
    {"__typename": "MultipleChoiceFormFieldValue", "name": "Region", "value": "North", "valueEntityId": 0},
]


def test_forms_have_the_built_in_fields_that_clients_know(window: Window) -> None:
    settings = window.ask(FORM)["site"]["settings"]
    forms = settings["formFields"]
    assert [one["entityId"] for one in forms["customer"]] == [1, 2, 3, 4, 5, 6, 7, 24, 25]
    assert [one["entityId"] for one in forms["shippingAddress"]] == list(range(4, 14))
    assert len(forms["billingAddress"]) == 10
    assert {one["isBuiltIn"] for one in forms["customer"]} == {True}
    assert [one["label"] for one in forms["shippingAddress"] if not one["isRequired"]] == [
        "Company Name", "Phone Number", "Address Line 2",
    ]  # fmt: skip
    assert settings["customers"]["passwordComplexitySettings"] == {
        "minimumPasswordLength": 7, "minimumNumbers": 1, "minimumSpecialCharacters": 0, "requireLowerCase": False,
        "requireUpperCase": False, "requireNumbers": True, "requireSpecialCharacters": False,
    }  # fmt: skip


@pytest.fixture
def own(window: Window) -> Window:
    """Every kind of field, for customers and for addresses."""
    for form in ("customer", "address"):
        for one in OWN:
            made = window.shop.post("/v3/form-fields", {"form": form, **one})
            assert made.status == 201, made.body
    return window


def test_own_fields_of_every_kind_stand_beside_them(own: Window) -> None:
    found = own.ask(FORM, {"filters": {"isBuiltIn": False}})["site"]["settings"]["formFields"]
    shown = {one["label"]: one for one in found["customer"]}
    assert [one["entityId"] for one in found["customer"]] == list(range(26, 34))
    assert [one["entityId"] for one in found["shippingAddress"]] == list(range(34, 42))
    assert shown["Colors"]["options"] == [{"entityId": 0, "label": "Red"}, {"entityId": 1, "label": "Blue"}]
    assert (shown["Birthday"]["minDate"], shown["Birthday"]["defaultDate"]) == ("1900-01-01T00:00:00+00:00", None)
    assert (shown["Size"]["minNumber"], shown["Size"]["maxNumber"], shown["Size"]["defaultNumber"]) == (1, 9, 4)
    assert (shown["About"]["rows"], shown["Secret"]["maxLength"], shown["Region"]["choosePrefix"]) == (3, 8, "Choose")
    required = own.ask(FORM, {"filters": {"isRequired": True, "isBuiltIn": False}})["site"]["settings"]["formFields"]
    assert [one["label"] for one in required["customer"]] == ["Club"]
    named = own.ask(FORM, {"filters": {"entityIds": [33, 1]}, "sort": "SORT_ORDER"})["site"]["settings"]["formFields"]
    assert [one["entityId"] for one in named["customer"]] == [33, 1]


def test_what_customers_fill_in_is_kept_and_shown(own: Window) -> None:
    register = f"""mutation ($input: RegisterCustomerInput!) {{ customer {{ registerCustomer(input: $input) {{
      customer {{ entityId {VALUES} }} {ERRORS} }} }} }}"""
    of_address = {
        kind: [{**one, "fieldEntityId": one["fieldEntityId"] + 8} for one in listed] for kind, listed in FILLED.items()
    }
    exclusive = [*FILLED["checkboxes"], {"fieldEntityId": 25, "fieldValueEntityIds": [0]}]
    given = {
        "firstName": "Joe", "lastName": "Roe", "email": "joe@example.com", "password": "sesame4you",
        "formFields": {**FILLED, "checkboxes": exclusive},
        "address": {"firstName": "Joe", "lastName": "Roe", "address1": "1 Main St", "city": "Austin",
                    "countryCode": "US", "stateOrProvince": "Texas", "postalCode": "1", "formFields": of_address},
    }  # fmt: skip
    made = own.ask(register, {"input": given})["customer"]["registerCustomer"]
    assert made["errors"] == []
    found = [
        {name: value for name, value in one.items() if name != "entityId"} for one in made["customer"]["formFields"]
    ]
    assert sorted(found, key=lambda one: one["name"]) == sorted(ANSWERS, key=lambda one: one["name"])
    kept = own.shop.get("/v3/customers?id:in=2&include=formfields").data[0]
    assert {"customer_id": 2, "name": "Club", "value": "Blue"} in kept["form_fields"]
    assert kept["accepts_product_review_abandoned_cart_emails"] is True
    me = own.signed_in(2)
    query = f"{{ customer {{ addresses {{ edges {{ node {{ {VALUES} }} }} }} }} }}"
    (address,) = nodes(own.ask(query, **me)["customer"]["addresses"])
    assert len(address["formFields"]) == 8
    update = f"""mutation ($input: UpdateCustomerInput!) {{ customer {{ updateCustomer(input: $input) {{
      customer {{ {VALUES} }} {ERRORS} }} }} }}"""
    given = {"formFields": {"texts": [{"fieldEntityId": 32, "text": "Red"}]}}
    changed = own.ask(update, {"input": given}, **me)["customer"]["updateCustomer"]["customer"]["formFields"]
    assert [one["text"] for one in changed if one["name"] == "Club"] == ["Red"]
    assert len(changed) == 8


@pytest.mark.parametrize(
    "given",
    [
        {"texts": [{"fieldEntityId": 26, "text": "x"}]},
        {"texts": [{"fieldEntityId": 99, "text": "x"}]},
        {"texts": [{"fieldEntityId": 32, "text": "too long"}]},
        {"numbers": [{"fieldEntityId": 29, "number": 10}]},
        {"dates": [{"fieldEntityId": 27, "date": "2021-01-01T00:00:00Z"}]},
        {"multipleChoices": [{"fieldEntityId": 31, "fieldValueEntityId": 2}]},
        {"checkboxes": [{"fieldEntityId": 26, "fieldValueEntityIds": [-1]}]},
    ],
)
def test_what_does_not_fit_a_field_is_told(own: Window, given: dict[str, Any]) -> None:
    update = (
        f"mutation ($input: UpdateCustomerInput!) {{ customer {{ updateCustomer(input: $input) {{ {ERRORS} }} }} }}"
    )
    assert told(own, update, {"formFields": given}, **own.signed_in(1)) == ["ValidationError"]


def test_a_field_that_must_be_filled_in_is_asked_for(own: Window) -> None:
    register = f"""mutation ($input: RegisterCustomerInput!) {{ customer {{ registerCustomer(input: $input) {{
      {ERRORS} }} }} }}"""
    given = {"firstName": "Joe", "lastName": "Roe", "email": "joe@example.com", "password": "sesame4you"}
    assert told(own, register, given) == ["ValidationError"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "type": "text"},
        {"name": "X", "type": "picklist"},
        {"name": "X", "type": "radiobuttons", "options": ["A", "A"]},
        {"name": "X", "type": "date", "earliest": "tomorrow"},
        {"name": "X", "type": "unknown"},
    ],
)
def test_a_field_that_makes_no_sense_is_refused(window: Window, body: dict[str, Any]) -> None:
    assert window.shop.post("/v3/form-fields", body).status == 422


def test_a_field_is_changed_and_goes(own: Window) -> None:
    shop = own.shop
    for number in range(1, 17):
        before = shop.get(f"/v3/form-fields/{number}")
        assert shop.put(f"/v3/form-fields/{number}", before.data).status == 200
        after = shop.get(f"/v3/form-fields/{number}")
        assert (after.body, after.headers["etag"]) == (before.body, before.headers["etag"])
    assert shop.put("/v3/form-fields/1", {"options": ["Green"]}).data["options"] == ["Green"]
    assert shop.put("/v3/form-fields/1", {"form": "address"}).status == 422
    assert shop.post("/v3/form-fields", {"form": "customer", "name": "Club"}).status == 409
    assert shop.delete("/v3/form-fields/1").status == 204
    assert shop.get("/v3/form-fields/1").status == 404


# Places

COUNTRIES = """query ($filters: CountryFiltersInput) { geography { countries(filters: $filters) {
  entityId code name statesOrProvinces { entityId name abbreviation } } } }"""
DELIVERED = """{ site { settings { shipping { supportedShippingDestinations { countries {
  code name statesOrProvinces { abbreviation } } } } } } }"""


def test_countries_and_their_states(window: Window) -> None:
    assert len(window.ask(COUNTRIES)["geography"]["countries"]) > 200
    for filters in ({"code": "us"}, {"name": "united states"}):
        (found,) = window.ask(COUNTRIES, {"filters": filters})["geography"]["countries"]
        assert (found["code"], found["name"]) == ("US", "United States")
        assert {"name": "Texas", "abbreviation": "TX"}.items() <= next(
            one for one in found["statesOrProvinces"] if one["name"] == "Texas"
        ).items()
    assert window.ask(COUNTRIES, {"filters": {"code": "XX"}})["geography"]["countries"] == []


def delivers(window: Window) -> dict[str, list[str]]:
    found = window.ask(DELIVERED)["site"]["settings"]["shipping"]["supportedShippingDestinations"]["countries"]
    return {one["code"]: [state["abbreviation"] for state in one["statesOrProvinces"]] for one in found}


def test_a_store_delivers_where_its_zones_do(window: Window) -> None:
    shop = window.shop

    def zone(name: str, kind: str, *locations: dict[str, str], method: bool = True) -> int:
        made = shop.post("/v2/shipping/zones", {"name": name, "type": kind, "locations": list(locations)})
        assert made.status in (200, 201), made.body
        number = int(made.json["id"])
        if method:
            rate = {"name": "Flat", "type": "perorder", "settings": {"rate": 5}, "enabled": True}
            made = shop.post(f"/v2/shipping/zones/{number}/methods", rate)
            assert made.status in (200, 201), made.body
        return number

    assert delivers(window) == {}
    texas = {"country_iso2": "US", "state_iso2": "TX"}
    zone("Texas", "state", texas)
    zone("France", "country", {"country_iso2": "FR"}, method=False)
    germany = zone("Berlin", "zip", {"country_iso2": "DE", "zip": "10115"})
    found = delivers(window)
    assert (sorted(found), found["US"]) == (["DE", "US"], ["TX"])
    shop.put(f"/v2/shipping/zones/{germany}", {"enabled": False})
    assert sorted(delivers(window)) == ["US"]
    zone("All", "global")
    assert len(delivers(window)) > 200
    assert len(delivers(window)["US"]) > 50


# The panel


def test_the_panel_shows_messages_and_visits(window: Window, form: int) -> None:
    shop = window.shop
    browser = signed_in(shop)
    assert "Nobody has written yet" in browser.get(f"{base(shop)}/messages").text
    assert "Nobody has been counted yet" in browser.get(f"{base(shop)}/visits").text
    data = {"fullName": "<b>Bob</b>", "email": "bob@example.com", "comments": "Where is it?"}
    told(window, CONTACT, {"pageEntityId": form, "data": data}, **window.signed_in(1))
    page = browser.get(f"{base(shop)}/messages")
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page.text
    assert "Where is it?" in page.text
    gone = browser.post(page, "/messages/1/delete")
    assert gone.header("location").endswith("done=deleted")
    assert browser.post(page, "/messages/1/delete").status == 200
    query = (
        "mutation ($input: ProductViewedEventInput!) { analytics { productViewedEvent(input: $input) { executed } } }"
    )
    window.ask(query, {"input": {"commonInput": COMMON, "productInput": {"productEntityId": 1}}})
    page = browser.get(f"{base(shop)}/visits")
    assert "Hammer" in page.text
    assert "2030-03-17" in page.text
