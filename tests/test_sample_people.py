"""The people of a sample store are the same for the same seed, invented, and live where there are states."""

import re
from collections import Counter
from typing import Any

import pytest

from bodega.lab.people import Region, customer, people, person
from bodega.resources.geography import places

COUNT = 3_000


@pytest.fixture(scope="module")
def customers() -> list[dict[str, Any]]:
    return [customer(7, k) for k in range(COUNT)]


def test_a_customer_does_not_depend_on_who_was_made_before(customers: list[dict[str, Any]]) -> None:
    for k in (COUNT - 1, 0, 1234):
        assert customer(7, k) == customers[k]


def test_no_two_customers_share_an_address_for_mail(customers: list[dict[str, Any]]) -> None:
    emails = [one["email"] for one in customers]
    assert len(set(emails)) == COUNT
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\d+@(example\.com|[a-z]+\.test)", email) for email in emails)


@pytest.mark.parametrize("region", people().regions, ids=lambda region: region.country)
def test_every_city_is_in_a_state_that_stores_know(region: Region) -> None:
    country = places.country(region.country)
    assert country is not None
    for _, state, _ in region.cities:
        found = places.state(country, state)
        assert found is not None
        assert found.state == state


def test_shares_of_regions_are_of_a_hundred(customers: list[dict[str, Any]]) -> None:
    assert sum(region.share for region in people().regions) == 100
    lived = Counter(person(7, k).region.country for k in range(COUNT))
    assert {region.country for region in people().regions} == set(lived)
    assert lived.most_common(1)[0][0] == "US"


@pytest.mark.parametrize(
    ("has", "least", "maximum"),
    [
        (lambda one: one["company"], 0.08, 0.25),
        (lambda one: one["group"] is not None, 0.2, 0.45),
        (lambda one: one["notes"], 0.02, 0.08),
        (lambda one: one["store_credit_amounts"], 0.04, 0.15),
        (lambda one: one["attributes"], 0.15, 0.45),
        (lambda one: len(one["addresses"]) > 1, 0.1, 0.25),
        (lambda one: not one["addresses"], 0.1, 0.25),
        (lambda one: one["subscribes"], 0.3, 0.5),
    ],
    ids=["company", "group", "notes", "store_credit", "attributes", "two_addresses", "no_address", "newsletter"],
)
def test_a_believable_share_of_customers_has(has: Any, least: float, maximum: float, customers: Any) -> None:
    assert least < sum(bool(has(one)) for one in customers) / COUNT < maximum


def test_nobody_can_be_called_or_reached_from_here(customers: list[dict[str, Any]]) -> None:
    """RFC 5737; telephone numbers of North America and Great Britain are those of stories."""
    for k, one in enumerate(customers):
        assert one["registration_ip_address"].startswith(("192.0.2.", "198.51.100.", "203.0.113."))
        if person(7, k).region.country in ("US", "CA"):
            assert "-555-01" in one["phone"]
        if person(7, k).region.country == "GB":
            assert one["phone"].startswith("01632 960")
