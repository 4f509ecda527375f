"""The registry of reasons: one owner each, one order, and no status of a refusal written anywhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bodega
from bodega.http import decision
from bodega.http.steps.table import Steps
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import LIMITS, RANK, Reason, Step

HOUSE = Path(bodega.__file__).parent

KNOWN_STATUSES = {
    301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 429, 500, 501, 503, 507, 509,
}  # fmt: skip


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_a_reason_has_one_step_and_a_status_in_each_version_and_tells_what_to_do(reason: Reason) -> None:
    """Design section 1"""
    assert reason.step in Step
    assert {reason.status(2), reason.status(3)} <= KNOWN_STATUSES
    assert reason.message.endswith(".")
    assert reason.remedy.endswith(".")


def test_a_reason_is_declared_once() -> None:
    """Design section 1: two names for one value would be one reason with two words."""
    assert len(Reason) == len(Reason.__members__) == len(RANK)


def test_reasons_stand_in_the_order_of_their_steps() -> None:
    """Design section 1: the order of declaration is the order in which faults are told."""
    steps = [reason.step for reason in Reason]
    assert steps == sorted(steps)


def test_every_step_owns_a_reason() -> None:
    """Design section 1: a step that refuses nothing is no step."""
    assert {reason.step for reason in Reason} == set(Step)


def test_422_belongs_to_v3_and_redirects_have_one_status() -> None:
    """contract/wire.md 2: V2 says 400 where V3 says 422."""
    assert not [reason for reason in Reason if reason.v2 == 422]
    assert not [reason for reason in Reason if reason.v2 < 400 and reason.v2 != reason.v3]


def test_a_limit_is_told_after_every_conflict() -> None:
    """Design section 1, step 16: 409 conflict, then 507 plan limit, 403 platform cap."""
    limits = [reason for reason in Reason if reason in LIMITS]
    conflicts = [reason for reason in Reason if reason.step is Step.PERFORM and reason not in LIMITS]
    assert max(reason.rank for reason in conflicts) < min(reason.rank for reason in limits)
    assert [reason.v2 for reason in limits] == [507, 403, 403]


def test_outcomes_have_the_statuses_of_success() -> None:
    """Design section 1, the answers."""
    assert [outcome.status for outcome in OUTCOMES] == [200, 201, 202, 204, 207, 422, 404]


def test_the_law_calls_its_steps_in_the_order_of_the_registry() -> None:
    """Design section 1: call order equals declared order, each step once."""
    assert called_steps() == [step.word for step in Step if step is not Step.CATCH_ALL]


def test_the_law_knows_no_other_steps() -> None:
    """Design section 1: one step a line, and no line beside them but the answer."""
    assert list(Steps._fields) == called_steps()


def test_the_law_fits_on_one_screen() -> None:
    """Design section 1"""
    assert len(Path(decision.__file__).read_text().splitlines()) <= 60


def called_steps() -> list[str]:
    """The names of the steps that `judge` calls, in the order of the source."""
    tree = ast.parse(Path(decision.__file__).read_text())
    (judge,) = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name == "judge"]
    called = [node.func for node in ast.walk(judge) if isinstance(node, ast.Call)]
    ours = [(name.lineno, name.id) for name in called if isinstance(name, ast.Name) and name.id in Steps._fields]
    return [name for _, name in sorted(ours)]


ALLOWED = {
    ("journal/ring.py", 384): "bytes that a row takes beside its texts",
    ("server/limits.py", 400): "the head could not be read: there is no request to judge yet",
    ("server/limits.py", 408): "the head or the body did not come in time",
    ("server/limits.py", 413): "the body grew over the cap of the socket",
    ("server/limits.py", 431): "the head is too long to be read",
    ("server/limits.py", 501): "a method or a transfer coding that the socket cannot follow",
    ("server/limits.py", 505): "a version of HTTP that is not spoken",
    ("http/asgi.py", 499): "for the log alone: the caller went away and is answered nothing",
    ("http/mounts.py", 404): "beside the store API: what the operator's pages do not have",
    ("http/mounts.py", 503): "beside the store API: the health check",
    ("kit/picture.py", 330): "pixels of a thumbnail",
    ("kit/picture.py", 500): "pixels of a thumbnail",
    ("kit/picture.py", 560): "pixels of a standard image",
    ("journal/tally.py", 500): "the end of a class of durations, in milliseconds",
    ("journal/sync.py", 500): "rows of one write",
    ("http/steps/admission.py", 443): "the port of https",
    ("http/browsers.py", 443): "the port of https",
    ("http/negotiation.py", 512): "bytes of a header that is remembered",
    ("server/tls.py", 384): "the permissions of a private key, 0o600",
    ("server/tls.py", 397): "days that a certificate is good for",
    ("server/tls.py", 420): "the permissions of a certificate, 0o644",
    **{("resources/carts/abandoned_emails.py", n): "minutes after a cart was left" for n in range(300, 541, 60)},
    ("resources/carts/abandoned_settings.py", 500): "the length of merchant_email_address",
    ("resources/checkouts/rates.py", 512): "rates that are remembered",
    ("resources/content/contact_messages.py", 365): "days that a message is kept",
    ("resources/tokens/storefront_tokens.py", 512): "tokens that are remembered",
    ("resources/inventory/location.py", 366): "days with hours of their own",
    ("resources/catalog/product.py", 500): "the length of layout_file",
    ("resources/orders/shipments.py", 500): "the length of tracking_link",
    ("resources/orders/tax_documents.py", 300): "seconds before a provider is told again",
    ("resources/providers/shipping_rates.py", 500): "the length of what a provider calls a rate",
    ("resources/settings/search_filters.py", 500): "the length of a filter's name",
    ("journal/calls.py", 502): "for the journal alone: a provider that was called gave no answer",
    ("journal/calls.py", 504): "for the journal alone: a provider that was called answered too late",
}
"""Numbers that look like a status of a refusal, and why they stand where they stand."""


def numbers() -> Iterator[tuple[str, int, int]]:
    """Every integer from 300 to 599 in the code that answers: file, line, number."""
    for folder in ("http", "server", "journal", "resources", "kit", "domain"):
        for path in sorted((HOUSE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and type(node.value) is int and 300 <= node.value <= 599:
                    yield path.relative_to(HOUSE).as_posix(), node.lineno, node.value


def test_no_status_of_a_refusal_is_written_outside_the_registry() -> None:
    """Design section 1: status, message and headers are functions of the reason."""
    strange = [(file, line, number) for file, line, number in numbers() if (file, number) not in ALLOWED]
    assert strange == []


def test_every_exception_is_still_needed() -> None:
    """An entry that nothing uses hides the next one."""
    assert set(ALLOWED) <= {(file, number) for file, _, number in numbers()}
