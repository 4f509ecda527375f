"""The aggregates of content with rules from several files, in this order, as in the catalogue."""

from __future__ import annotations

from bodega.domain.custom_templates import forget_custom_templates
from bodega.domain.urls import skip_taken_urls, urls_of
from bodega.kit.events import channel_of, events
from bodega.kit.resource import Resource
from bodega.kit.write import unchanging
from bodega.resources.content import listed_pages, pages, redirect_jobs, redirects, site_redirects
from bodega.storage.aggregate import Aggregate

_PAGE_URLS = urls_of(pages.TABLE, "page")

PAGES = Resource(
    aggregates=(
        Aggregate(
            pages.TABLE,
            before_validate=(
                listed_pages.read_the_path,
                unchanging("channel_id"),
                skip_taken_urls(pages.TABLE, "page"),
            ),
            before_write=(
                _PAGE_URLS.before_write,
                pages.make_a_blog_in_the_panel,
                pages.require_members_of_type,
                pages.check_parent_page,
            ),
            extra_statements=(_PAGE_URLS.extra_statements,),
            conflicts=(_PAGE_URLS.conflicts,),
            after_write=(
                pages.keep_one_homepage,
                redirects.update_redirects("page"),
            ),
            before_delete=(pages.move_subpages_to_top,),
            after_delete=(
                _PAGE_URLS.after_delete,
                redirects.empty_redirects("page"),
                forget_custom_templates("page"),
            ),
            signals=events(
                "store/channel/#/page",
                on="created updated",
                data=lambda page: {"page_id": page.id},
                channels=channel_of,
            ),
        ),
    ),
    routes=(*pages.routes, *listed_pages.routes),
)

REDIRECTS = Resource(
    aggregates=(
        Aggregate(
            redirects.TABLE,
            before_validate=(site_redirects.read_the_target,),
            before_write=(redirects.resolve_redirect,),
        ),
        Aggregate(redirect_jobs.TABLE),
    ),
    routes=(*redirects.routes, *site_redirects.routes),
    sweeps=(redirect_jobs.SWEEP,),
)
