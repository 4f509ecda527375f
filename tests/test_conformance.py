"""What `make conformance` asks, of specifications as it reads them, and its table of known findings."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from conformance.finding import CHECKS, Finding
from conformance.known import Known, Sieve, read
from conformance.specification import NoSpecification, Operation, served

from published import ABSENT, SHARED

TABLE = read()
BRANDS = "/catalog/brands/{brand_id}/metafields/{metafield_id}"

FILE = """
openapi: 3.0.0
servers: [{url: 'https://api.example.com/stores/{store_hash}/v3'}]
paths:
  /catalog/brands/{brand_id}/metafields/{metafield_id}:
    parameters:
      - {$ref: '#/components/parameters/Accept'}
      - {in: path, name: brand_id, required: true, schema: {type: integer}}
    put:
      parameters: [{in: path, name: metafield_id, required: true, schema: {type: integer}}]
      responses: {200: {description: ''}}
    delete:
      responses: {204: {description: ''}}
  /catalog/unicorns:
    get: {responses: {200: {description: ''}}}
components:
  parameters:
    Accept: {in: header, name: Accept, required: true, schema: {type: string}}
  schemas:
    Odd:
      required: true
      properties:
        since: {type: string, pattern: '^a{1-5}$', example: 2020-01-01}
        limit: {type: number, maximum: 5, exclusiveMaximum: true, exclusiveMinimum: false}
"""


@pytest.fixture
def operations(tmp_path: Path) -> list[Operation]:
    (tmp_path / "brands.yml").write_text(FILE, "utf-8")
    (tmp_path / "elsewhere.yml").write_text("openapi: 3.0.0\npaths: {/v3/catalog/brands: {get: {}}}\n", "utf-8")
    return served(tmp_path)


def test_what_is_served_is_asked_deletes_last(operations: list[Operation]) -> None:
    assert [operation.label for operation in operations] == [f"PUT /v3{BRANDS}", f"DELETE /v3{BRANDS}"]


def test_an_operation_stands_alone_with_the_ids_of_rows(operations: list[Operation]) -> None:
    """Its ancestors are those of the first row, so that every id of the last kind is one of theirs; Accept is no
    parameter (OpenAPI 3.0, parameter object)."""
    rows = [{"brand_id": "4", "metafield_id": "7"}, {"brand_id": "4", "metafield_id": "9"}]
    document = operations[0].alone(rows)
    assert list(document["paths"]) == [BRANDS]
    assert "servers" not in document
    ((method, put),) = document["paths"][BRANDS].items()
    assert method == "put"
    told = {parameter["name"]: parameter["schema"] for parameter in put["parameters"]}
    assert told == {"brand_id": {"enum": [4]}, "metafield_id": {"enum": [7, 9]}}
    unknown = operations[0].alone([])["paths"][BRANDS]["put"]["parameters"]
    assert [parameter["schema"] for parameter in unknown] == [{"type": "integer"}] * 2


def test_what_is_no_openapi_is_read_as_it_is_meant(operations: list[Operation]) -> None:
    odd: Any = operations[0].document["components"]["schemas"]["Odd"]
    assert odd == {
        "properties": {
            "since": {"type": "string", "pattern": "^a{1,5}$", "example": "2020-01-01"},
            "limit": {"type": "number", "maximum": 5, "exclusiveMaximum": True},
        }
    }


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSpecification, match="SPEC="):
        served(tmp_path / "nowhere")


def test_the_table_sifts_findings_and_knows_what_it_did_not_need() -> None:
    lists = Known("status_code_conformance", "*", "GET /v2/*", "204", "an empty list")
    unused = Known("status_code_conformance", "*", "*", "501", "no method of the API")
    sieve = Sieve([lists, unused])
    finding = Finding("orders.v2.oas2.yml", "GET /v2/orders", "status_code_conformance", "204")
    assert not sieve.unknown(finding)
    assert sieve.unknown(finding._replace(operation="GET /v3/orders"))
    assert sieve.unknown(finding._replace(check="not_a_server_error"))
    assert sieve.unknown(finding._replace(detail="200"))
    assert sieve.stale == [unused]


def test_a_request_with_several_faults_is_known_if_each_of_them_is() -> None:
    known = [
        Known("negative_data_rejection", "*", "*", "200 query *, empty", "as good as none"),
        Known("negative_data_rejection", "*", "*", "200 body id: *", "passed over"),
    ]
    finding = Finding("", "PUT /v3/wishlists/{id}", "negative_data_rejection", "200 query page: `type`, empty")
    both = finding._replace(detail=f"{finding.detail} + body id: Incorrect type, null")
    sieve = Sieve(known)
    assert not sieve.unknown(both)
    assert not sieve.stale
    assert sieve.unknown(both._replace(detail=f"{both.detail} + body name: Incorrect type, null"))


def test_what_the_tests_of_replies_tell_is_known() -> None:
    """`DIFFERS` in tests/replies: what may also be null breaks an `anyOf` where it breaks its type or format."""
    null = Finding("", "GET /v2/orders", "response_schema_conformance", "200 staff_notes type")
    assert not Sieve([]).unknown(null)
    assert Sieve([]).unknown(null._replace(check="negative_data_rejection"))
    assert not Sieve([]).unknown(null._replace(detail="200 event_date anyOf"))
    assert Sieve([]).unknown(null._replace(detail="200 id type"))


@pytest.mark.parametrize("known", TABLE, ids=[f"{known.check} {known.operation} {known.detail}" for known in TABLE])
def test_a_line_of_the_table_is_of_a_check_and_has_a_reason(known: Known) -> None:
    """And never hides a fault of the server: 501 is the law's own answer."""
    assert known.check in CHECKS
    assert known.reason
    assert known.check != "not_a_server_error" or known.detail == "501"
    for status in ("500", "503"):
        assert not fnmatchcase(status, known.detail)
        assert not fnmatchcase(f"{status} anything", known.detail)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
def test_every_line_of_the_table_is_about_something_that_is_asked() -> None:
    asked = served(SHARED / "spec")
    idle = [
        known
        for known in TABLE
        if not any(fnmatchcase(one.file, known.file) and fnmatchcase(one.label, known.operation) for one in asked)
    ]
    assert not idle
