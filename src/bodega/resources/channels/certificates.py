"""Certificates of sites: the TLS certificate of one of a site's hosts, as its owner installed it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict, replace

from bodega.aside import aside
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.channels import pem, sites
from bodega.resources.channels.addresses import canonical_url, clean_site_url, host_of
from bodega.resources.channels.sites import Site, primary_of, urls_of
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.registry import StoreRecord
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

Pem = Annotated[str, msgspec.Meta(min_length=1, max_length=65_535)]


class SiteCertificate(Entity, kw_only=True):
    """What an installed certificate says. Its private key is sealed in the registry, under `key_id`."""

    common_name: str = ""
    subject_alternative_names: Annotated[list[str], AtMost(1_000)] = []
    validity_not_before: Moment = ""
    validity_not_after: Moment = ""
    signing_algorithm: str = ""
    issuer: str = ""
    certificate: str = ""
    intermediate_certificates: str = ""
    site_id: Id = 0
    host: str = ""
    key_id: str = ""


class CertificateDraft(msgspec.Struct, kw_only=True):
    """A certificate in a body, each part in PEM."""

    certificate: Pem
    private_key: Pem
    intermediate_certificates: Annotated[str, msgspec.Meta(max_length=65_535)] = ""


class Installed(msgspec.Struct, frozen=True):
    """A certificate that was checked before the write: for which host, and what it says."""

    host: str
    facts: pem.Facts


TABLE = stored(
    "site_certificates",
    SiteCertificate,
    noun="certificate",
    columns="site_id host",
    indexed="site_id",
    hidden="site_id host key_id",
    uniques=[Unique(("host",), "host", "Another site has a certificate for this host.")],
    references=[Reference("site_id", "sites", "site_id", "The site does not exist.", "CASCADE")],
)

MEMBERS = (
    "common_name subject_alternative_names validity_not_before validity_not_after signing_algorithm issuer"
    " certificate intermediate_certificates"
)
HIDDEN = "site_id host key_id"


def as_installed(one: SiteCertificate) -> dict[str, Any]:
    """The members of a certificate: all but its private key."""
    return {name: getattr(one, name) for name in MEMBERS.split()}


def _host(text: str) -> str:
    """The host of a URL, or of what lacks the scheme of one. Raises ValueError."""
    return host_of(clean_site_url(text if "//" in text else f"https://{text}"))


shown = V3Shape(
    SiteCertificate, required="", read_only=f"id {MEMBERS}", hidden=HIDDEN, view=as_installed, members=MEMBERS
)
install = V3Shape(
    SiteCertificate,
    required="certificate",
    read_only=f"id {MEMBERS}",
    hidden=HIDDEN,
    write_only={"certificate": CertificateDraft, "url": Annotated[str, msgspec.Meta(max_length=2_048)]},
)
ALL = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={":urls:in": FilterField("host", _host)}, exact=True),
    sites.SCOPE,
    "sites/certificates",
    v3=shown,
)
OF_SITE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ""),
    sites.SCOPE,
    "sites/{}/certificate",
    v3=install,
    parents=(Parent("site_id", sites.TABLE),),
    secret=True,
)


class ShowCertificate(Action):
    """GET: the certificate of the site's primary URL."""

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        found = [await rows.table_state_of(context.reader, name) for name in (TABLE.name, sites.TABLE.name)]
        parts = [Validator(one.revision, one.modified) for one in found]
        return Found(Validator.of_all(*parts, Validator(context.record.revision, NO_DATE)), parent)

    async def answer(self, context: Context, found: Found) -> Outcome:
        site = await _site(context, found.parent)
        host = host_of(primary_of(context.record, site))
        row = await query.one(context.reader, TABLE, "host = $1 AND site_id = $2", host, site.id)
        told = {
            "status": "shared" if row is None else "dedicated",
            "installed_certificate": None if row is None else as_installed(row.entity),
        }
        return Shown(ready=json({"data": told, "meta": {}}))


class InstallCertificate(ShowCertificate):
    """PUT: a certificate for one of the site's hosts, that of its primary URL unless another is named."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return install.read(content, creating=True)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """Parsed aside, since an RSA key takes milliseconds. The key is kept first: one whose certificate is then not
        written is found by nobody."""
        site = await _site(context, found.parent)
        given: CertificateDraft = draft["certificate"]
        host = _asked(context.record, site, draft.get("url", ""))
        facts = await aside(
            partial(
                pem.facts_of,
                given.certificate,
                given.private_key,
                given.intermediate_certificates,
                host,
                context.now,
            )
        )
        if context.may_fetch and context.keep_key is not None:
            await context.keep_key(facts.key_id, given.private_key)
        return Installed(host, facts)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        installed: Installed = write.prefetched
        given: CertificateDraft = write.draft["certificate"]
        if write.recheck is not None:
            names = (TABLE.name, sites.TABLE.name)
            parts = [Validator(*unit.statistics.state(name)) for name in names]
            write.recheck(Validator.of_all(*parts, Validator(context.record.revision, NO_DATE)))
        site_row = await unit.get(sites.TABLE, write.found.parent)
        if site_row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        site: Site = site_row.entity
        old = await query.one(unit.tx, TABLE, "host = $1", installed.host)
        new = SiteCertificate(
            id=old.entity.id if old is not None else 0,
            site_id=site.id,
            host=installed.host,
            certificate=given.certificate,
            intermediate_certificates=given.intermediate_certificates,
            **asdict(installed.facts),
        )
        if old is None:
            await unit.insert(TABLE, new)
        elif not TABLE.says_the_same(old.entity, new):
            await unit.update(TABLE, old, new)
        if installed.host == host_of(primary_of(context.record, site)) and site.ssl_status != "dedicated":
            await unit.update(sites.TABLE, site_row, replace(site, ssl_status="dedicated"))
        return Shown(ready=b'{"data":{},"meta":{}}')


async def _site(context: Context, site_id: int) -> Site:
    row = await query.get(context.reader, sites.TABLE, site_id)
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    site: Site = row.entity
    return site


def _asked(record: StoreRecord, site: Site, url: str) -> str:
    """The host for which a certificate is: one of the site's. Raises Refusal."""
    if not url:
        return host_of(primary_of(record, site))
    hosts = [host_of(known["url"]) for known in urls_of(record, site)]
    try:
        host = _host(url)
    except ValueError as error:
        raise refuse_faults([invalid("url", str(error))]) from error
    if host not in hosts or host == host_of(canonical_url(record, site.channel_id)) != hosts[0]:
        raise refuse_faults([invalid("url", "must be the primary or the checkout URL of the site")])
    return host


routes = (
    collection("sites/certificates", ALL, "GET"),
    route("sites/{site_id}/certificate", 3, GET=ShowCertificate(OF_SITE), PUT=InstallCertificate(OF_SITE)),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
