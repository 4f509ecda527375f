"""Customers who are two, or nobody, or somebody else."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import ADDRESS, Maker
from bodega.lab.states.state import Look, state

CUSTOMER = "GET /v3/customers?id:in={customer_id}"


@state(
    "Twins",
    "Two customers of one name, with two e-mail addresses: which of them is meant?",
    "Join customers by e-mail address or id, never by name.",
    Look("GET /v3/customers?name:like={last_name}", has={"count": 2}),
)
async def customer_twins(make: Maker) -> Any:
    last = f"Twin{make.mark}"
    ids = [await make.customer("Mara", last_name=last, email=make.email(f"mara{number}")) for number in (1, 2)]
    return {"customer_ids": ids, "last_name": last}


@state(
    "An e-mail address that is taken",
    "The address is there, in another case: a new customer with it is refused.",
    "Look for the address without case first; update who holds it.",
    Look("POST /v2/customers", 409, {}, {"first_name": "M", "last_name": "L", "email": "{upper}"}),
)
async def customer_email_taken(make: Maker) -> Any:
    email = make.email("mara")
    return {"customer_id": await make.customer(), "email": email, "upper": email.upper()}


@state(
    "A guest's order that is a customer's",
    "Somebody with an account ordered as a guest: the same e-mail address, customer_id 0.",
    "Offer to link orders by e-mail address; do not make a second customer.",
    Look("GET /v2/orders/{order_id}", has={"customer_id": 0, "billing_address.email": "{email}"}),
    Look("GET /v3/customers?email:in={email}", has={"count": 1}),
)
async def guest_order_of_a_customer(make: Maker) -> Any:
    email = make.email("mara")
    customer_id = await make.customer()
    order_id = await make.order(billing_address=make.address(email=email))
    return {"customer_id": customer_id, "order_id": order_id, "email": email}


@state(
    "Orders of a customer who was deleted",
    "The customer is gone; the order keeps its addresses, and belongs to nobody or to an id that nothing has.",
    "Keep the order's own addresses; a customer that is not found is no error.",
    Look(CUSTOMER, has={"count": 0}),
    Look("GET /v2/orders/{order_id}", has={"billing_address.first_name": "Mara"}),
)
async def orders_of_a_deleted_customer(make: Maker) -> Any:
    customer_id = await make.customer()
    order_id = await make.order(customer_id=customer_id)
    await make.delete(f"/v3/customers?id:in={customer_id}")
    return {"customer_id": customer_id, "order_id": order_id}


@state(
    "In a group that is gone",
    "The wholesale group was deleted: its members are in none, and pay full prices.",
    "Read customer_group_id again before prices are told; 0 is no group.",
    Look(CUSTOMER, has={"0.customer_group_id": 0}),
    Look("GET /v2/customer_groups/{group_id}", 404),
)
async def customer_of_a_group_that_is_gone(make: Maker) -> Any:
    group = await make.post("/v2/customer_groups", {"name": make.named("Wholesale")})
    customer_id = await make.customer(customer_group_id=group["id"])
    await make.delete(f"/v2/customer_groups/{group['id']}")
    return {"customer_id": customer_id, "group_id": group["id"]}


@state(
    "In a group with a discount",
    "Members of the group get 10 % off everything; the product's price does not say so.",
    "Tell prices for a customer only with the discount rules of the group.",
    Look("GET /v2/customer_groups/{group_id}", has={"discount_rules.0.amount": "10.0000"}),
    Look(CUSTOMER, has={"0.customer_group_id": "{group_id}"}),
)
async def customer_of_a_group_with_a_discount(make: Maker) -> Any:
    rules = [{"type": "all", "method": "percent", "amount": 10}]
    group = await make.post("/v2/customer_groups", {"name": make.named("Friends"), "discount_rules": rules})
    return {"group_id": group["id"], "customer_id": await make.customer(customer_group_id=group["id"])}


@state(
    "An address written twice",
    "The same address was written again: V3 answers 200 and makes none, V2 answers 409.",
    "Compare addresses before you write, and take an empty answer for done.",
    Look("GET /v3/customers/addresses?customer_id:in={customer_id}", has={"count": 1}),
)
async def address_written_twice(make: Maker) -> Any:
    customer_id = await make.customer()
    body = {
        "customer_id": customer_id,
        "first_name": "Mara",
        "last_name": "Lindgren",
        "address1": ADDRESS["street_1"],
        "city": ADDRESS["city"],
        "state_or_province": ADDRESS["state"],
        "postal_code": ADDRESS["zip"],
        "country_code": "US",
    }
    for _ in range(2):
        await make.post("/v3/customers/addresses", [body])
    return {"customer_id": customer_id}


@state(
    "Has to choose a new password",
    "The customer came from another shop: no password is known, and the first sign-in has to reset it.",
    "Send people to the reset of their password; do not test passwords of such customers.",
    Look(CUSTOMER, has={"0.authentication.force_password_reset": True}),
)
async def customer_without_a_password(make: Maker) -> Any:
    return {"customer_id": await make.customer(authentication={"force_password_reset": True})}


@state(
    "No telephone, no company",
    "Members that were never told are empty text, and the address list is empty.",
    "Treat empty text as not told.",
    Look(CUSTOMER, has={"0.phone": "", "0.company": "", "0.address_count": 0}),
)
async def customer_of_few_words(make: Maker) -> Any:
    return {"customer_id": await make.customer()}
