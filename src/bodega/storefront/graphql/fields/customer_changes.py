"""What shoppers do with their account: through the operations of the store's API, each on what is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega import passwords
from bodega.kit.write import update_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.customers import addresses, customer, customers
from bodega.resources.tokens import password_resets
from bodega.storage import query
from bodega.storage.unit import Unit
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.cart_changes import given
from bodega.storefront.graphql.fields.complaints import TAKEN, complaint, faults, invalid, is_taken, not_signed_in
from bodega.storefront.graphql.fields.customers import customer_thing, signed_in
from bodega.storefront.graphql.fields.form_fields import filled_in
from bodega.storefront.registering import make_account
from bodega.storefront.shoppers_api import ShopperRefused
from bodega.storefront.signing_in import is_own_password

Args = Mapping[str, Any]
CUSTOMERS, ADDRESSES = "/v3/customers", "/v3/customers/addresses"
GONE = "The customer does not exist."
NO_ADDRESS = "The address does not exist."

for _result in ("RegisterCustomerResult", "UpdateCustomerResult"):
    shaped(**{_result: "customer errors"})
for _result in ("AddCustomerAddressResult", "UpdateCustomerAddressResult"):
    shaped(**{_result: "address errors"})
for _result in ("DeleteCustomerAddressResult", "ChangePasswordResult", "ResetPasswordResult"):
    shaped(**{_result: "errors"})


def _address(said: Mapping[str, Any]) -> dict[str, Any]:
    """An address as the store's API takes it."""
    return given(
        first_name=said.get("firstName"),
        last_name=said.get("lastName"),
        company=said.get("company"),
        address1=said.get("address1"),
        address2=said.get("address2"),
        city=said.get("city"),
        country_code=said.get("countryCode"),
        state_or_province=said.get("stateOrProvince"),
        postal_code=said.get("postalCode"),
        phone=said.get("phone"),
    )


@mutation("CustomerMutations.registerCustomer", costly=True)
async def _register(asking: Asking, args: Args) -> Any:
    said, where = args["input"], args["input"].get("address")
    own = await filled_in(asking, "customer", said.get("formFields"), whole=True)
    of_address = await filled_in(asking, "address", (where or {}).get("formFields"), "address", whole=bool(where))
    errors = [*own.errors, *of_address.errors]
    if errors:
        return {"customer": None, "errors": errors}
    body = given(
        email=said["email"],
        first_name=said["firstName"],
        last_name=said["lastName"],
        company=said.get("company"),
        phone=said.get("phone"),
        authentication={"new_password": said["password"]},
        accepts_product_review_abandoned_cart_emails=own.offers,
        form_fields=own.answers or None,
        addresses=None if where is None else [given(**_address(where), form_fields=of_address.answers or None)],
    )
    try:
        customer_id = await make_account(
            asking.api, asking.channel_id, body, asking.address, by_server=asking.by_server
        )
    except ShopperRefused as refused:
        return {"customer": None, "errors": _why_not_registered(refused)}
    asking.changed()
    row = (await asking.rows(customer.TABLE, [customer_id]))[customer_id]
    return {"customer": Thing("Customer", row), "errors": []}


def _why_not_registered(refused: ShopperRefused) -> list[dict[str, Any]]:
    if is_taken(refused):
        return [complaint("EmailAlreadyInUseError", TAKEN)]
    if refused.reason is Reason.PLAN_LIMIT_REACHED:
        return [complaint("AccountCreationDisabledError", "No more accounts can be made in this store.")]
    if refused.reply.errors:
        return [_below_address(one) for one in faults(refused)]
    return [complaint("CustomerRegistrationError", str(refused))]


def _below_address(error: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with the address is told of its member, whether the API named the address or not."""
    first, *path = error["path"]
    return {**error, "path": [first, "address", *path]} if path and path[0] in _OF_ADDRESS else error


_OF_ADDRESS = ("address1", "address2", "city", "countryCode", "stateOrProvince", "postalCode")


@mutation("CustomerMutations.updateCustomer")
async def _update(asking: Asking, args: Args) -> Any:
    said, who = args["input"], await signed_in(asking)
    if who is None:
        return {"customer": None, "errors": [await _nobody(asking)]}
    own = await filled_in(asking, "customer", said.get("formFields"))
    if own.errors:
        return {"customer": None, "errors": own.errors}
    body = given(
        id=who.id,
        email=said.get("email"),
        first_name=said.get("firstName"),
        last_name=said.get("lastName"),
        company=said.get("company"),
        phone=said.get("phone"),
        accepts_product_review_abandoned_cart_emails=own.offers,
        form_fields=own.answers or None,
    )
    try:
        await asking.api.send("PUT", CUSTOMERS, [body])
    except ShopperRefused as refused:
        return {"customer": None, "errors": _why_not_updated(refused)}
    asking.changed()
    return {"customer": await customer_thing(asking), "errors": []}


def _why_not_updated(refused: ShopperRefused) -> list[dict[str, Any]]:
    if is_taken(refused):
        return [complaint("EmailAlreadyInUseError", TAKEN)]
    if refused.reason is Reason.NO_SUCH_ENTITY:
        return [complaint("CustomerDoesNotExistError", GONE)]
    return faults(refused) if refused.reply.errors else [complaint("UnexpectedUpdateCustomerError", str(refused))]


async def _nobody(asking: Asking) -> dict[str, Any]:
    """Why there is no customer: a guest asks, or an account that is gone."""
    return complaint("CustomerDoesNotExistError", GONE) if asking.customer_id else not_signed_in()


# Addresses


async def _own_address(asking: Asking, address_id: int) -> addresses.Address | None:
    """An address of the customer who asks: those of others are not there."""
    row = await query.get(asking.reader, addresses.TABLE, address_id) if 0 < address_id <= 2**31 - 1 else None
    return row.entity if row is not None and row.entity.customer_id == asking.customer_id else None


async def _address_result(asking: Asking, address_id: int) -> dict[str, Any]:
    asking.changed()
    row = (await asking.rows(addresses.TABLE, [address_id]))[address_id]
    return {"address": Thing("CustomerAddress", row), "errors": []}


def _refused_address(*errors: Mapping[str, Any]) -> dict[str, Any]:
    return {"address": None, "errors": list(errors)}


@mutation("CustomerMutations.addCustomerAddress")
async def _add_address(asking: Asking, args: Args) -> Any:
    said = args["input"]
    if await signed_in(asking) is None:
        return _refused_address(not_signed_in())
    filled = await filled_in(asking, "address", said.get("formFields"), whole=True)
    if filled.errors:
        return _refused_address(*filled.errors)
    body = {"state_or_province": "", "postal_code": "", **_address(said), "customer_id": asking.customer_id}
    try:
        made = await asking.api.send("POST", ADDRESSES, [given(**body, form_fields=filled.answers or None)])
    except ShopperRefused as refused:
        if refused.reply.errors:
            return _refused_address(*faults(refused))
        return _refused_address(complaint("CustomerAddressCreationError", str(refused)))
    if not made:  # rule 101
        return _refused_address(complaint("CustomerAddressCreationError", "You have this address already."))
    return await _address_result(asking, made[0]["id"])


@mutation("CustomerMutations.updateCustomerAddress")
async def _update_address(asking: Asking, args: Args) -> Any:
    number, said = args["input"]["addressEntityId"], args["input"]["data"]
    if await signed_in(asking) is None:
        return _refused_address(not_signed_in())
    if await _own_address(asking, number) is None:
        return _refused_address(complaint("AddressDoesNotExistError", NO_ADDRESS))
    filled = await filled_in(asking, "address", said.get("formFields"), "data")
    if filled.errors:
        return _refused_address(*filled.errors)
    body = given(id=number, **_address(said), form_fields=filled.answers or None)
    try:
        changed = await asking.api.send("PUT", ADDRESSES, [body])
    except ShopperRefused as refused:
        if refused.reason is Reason.NO_SUCH_ENTITY:
            return _refused_address(complaint("AddressDoesNotExistError", NO_ADDRESS))
        if refused.reply.errors:
            return _refused_address(*faults(refused, "data"))
        return _refused_address(complaint("CustomerAddressUpdateError", str(refused)))
    if not changed:
        return _refused_address(complaint("CustomerAddressUpdateError", "You have this address already."))
    return await _address_result(asking, number)


@mutation("CustomerMutations.deleteCustomerAddress")
async def _delete_address(asking: Asking, args: Args) -> Any:
    number = args["input"]["addressEntityId"]
    if await signed_in(asking) is None:
        return {"errors": [not_signed_in()]}
    if await _own_address(asking, number) is None:
        return {"errors": [complaint("CustomerAddressDeletionError", NO_ADDRESS)]}
    try:
        await asking.api.send("DELETE", ADDRESSES, **{"id:in": number})
    except ShopperRefused as refused:
        return {"errors": [complaint("CustomerAddressDeletionError", str(refused))]}
    return {"errors": []}


# Passwords


def too_weak(password: str) -> str:
    """What is wrong with a new password, empty if nothing is."""
    try:
        customer.Credentials(new_password=password)
    except ValueError as error:
        return f"The password {error}.".replace("must have a password of", "must have")
    return ""


async def new_password(unit: Unit, customer_id: int, hashed: str) -> None:
    """A customer has another password from now on, and no session and no link any more. Raises Refusal."""
    changes: dict[str, Any] = {"password": hashed, "authentication": customer.Authentication(False)}
    await update_one(unit, customers.PUT, customer_id, changes, [])


@mutation("CustomerMutations.changePassword", costly=True)
async def _change_password(asking: Asking, args: Args) -> Any:
    said, who = args["input"], await signed_in(asking)
    if who is None:
        return _errors(await _nobody(asking))
    if not await is_own_password(asking.api, who, said["currentPassword"], asking.address):
        return _errors(complaint("CustomerPasswordError", "The current password is wrong."))
    weak = too_weak(said["newPassword"])
    if weak:
        return _errors(invalid(weak, "newPassword"))
    hashed = await passwords.hashed(said["newPassword"])

    async def job(unit: Unit) -> bool:
        now = await unit.get(customer.TABLE, who.id)
        if now is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        if now.entity.password != who.password:  # it was changed while this one was compared
            return False
        await new_password(unit, who.id, hashed)
        return True

    try:
        changed = await asking.api.write(job)
    except ShopperRefused as refused:
        if refused.reason is Reason.NO_SUCH_ENTITY:
            return _errors(complaint("CustomerDoesNotExistError", GONE))
        raise
    return _errors() if changed else _errors(complaint("CustomerPasswordError", "The current password is wrong."))


@mutation("CustomerMutations.resetPassword", costly=True)
async def _reset_password(asking: Asking, args: Args) -> Any:
    said = args["input"]
    weak = too_weak(said["newPassword"])
    if weak:
        return _errors(invalid(weak, "newPassword"))
    customer_id, token = said["customerEntityId"], said["token"]
    if not await password_resets.is_good(asking.reader, customer_id, token, asking.store.time()):
        return _errors(complaint("CustomerPasswordError", LINK_IS_DEAD))
    hashed = await passwords.hashed(said["newPassword"])

    async def job(unit: Unit) -> bool:
        if not await password_resets.is_good(unit.tx, customer_id, token, unit.now):
            return False
        await new_password(unit, customer_id, hashed)
        return True

    return _errors() if await asking.api.write(job) else _errors(complaint("CustomerPasswordError", LINK_IS_DEAD))


LINK_IS_DEAD = "The link has expired or was used before. Ask for another one."


def _errors(*errors: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {"errors": list(errors)}
