"""The application put together: backend, stores, routes, law, worker."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bodega import memory
from bodega.access.plans import COUNTERS, PLANS
from bodega.access.quota_counts import QuotaKeeper
from bodega.access.scopes import READERS, SCOPES
from bodega.access.stores import OpenStore, Stores
from bodega.events import scopes as events
from bodega.events.dispatcher import Dispatcher
from bodega.http.app_context import AppContext
from bodega.http.asgi import Api
from bodega.http.documented import Unserved
from bodega.http.files import pictures
from bodega.http.mounts import Mount, Receive, Send, gateway_time, later, operations, server_itself
from bodega.http.proxies import Proxies, read_networks
from bodega.http.router import by_version
from bodega.http.task_executor import TaskExecutor
from bodega.imaging.worker import BUDGET_MB, PictureWorker
from bodega.journal.calls import recorder_of
from bodega.journal.recorder import Journal
from bodega.journal.request_logs import request_logs
from bodega.journal.sync import JournalSync
from bodega.journal.system_logs import system_logs
from bodega.kit import checked
from bodega.kit.compile import DECLARATIONS, compile_declarations
from bodega.kit.route import Route
from bodega.lab.faults.injector import FaultInjector
from bodega.lab.scheduled import Schedule
from bodega.log import Log, to_standard_error
from bodega.metrics import Board, Meter
from bodega.panel.app import mounts as panel_mounts
from bodega.periodic import PeriodicJob
from bodega.providers.caller import ProviderCaller
from bodega.providers.submitter import Submitter
from bodega.reference import pages
from bodega.resources import MODEL, REVOKED, ROUTES, SWEEPS
from bodega.server.whole import AtOnce
from bodega.storage.backend import Backend
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storefront.bundle_upload import bundles
from bodega.storefront.mounts import elsewhere, settle_payments, shop_mounts
from bodega.storefront.rest.table import MOUNTS
from bodega.tasks.worker import Worker

if TYPE_CHECKING:
    from bodega.lab.control.works import Works

PAYMENT_SECONDS = 5.0
"""How often it is looked whether payments at gateways are due to be settled."""

LOOK_SECONDS = 1.0
"""How often a worker records its current values, for whichever worker serves the metrics."""


def routes() -> Sequence[Route]:
    """Everything that is served, in both versions: the resources, and the journal as one."""
    return (*ROUTES, request_logs(), system_logs())


@functools.cache
def check_declarations() -> None:
    """The compile step: every word of every declaration is checked, once. Raises DeclarationError."""
    modules = [module for name, module in sys.modules.items() if name.startswith("bodega.resources.")]
    compile_declarations(
        [MODEL.rules_of(table) for table in MODEL.tables],
        routes(),
        scopes=SCOPES,
        readers=frozenset(READERS.values()),
        events=events.SCOPES,
        counters=COUNTERS,
        plans={name: plan.limits.keys() for name, plan in PLANS.items()},
        more=[value for module in modules for value in vars(module).values() if isinstance(value, DECLARATIONS)],
    )


class Application:
    """The ASGI application: the store API, and a lifespan that closes the stores after the last request."""

    def __init__(
        self,
        stores: Stores,
        api: Api,
        worker: Worker,
        dispatcher: Dispatcher,
        journal_sync: JournalSync,
        jobs: Sequence[PeriodicJob],
        log: Log,
        pictures: PictureWorker,
        schedule: Schedule | None = None,
        faults: FaultInjector | None = None,
        *,
        caller: ProviderCaller,
        works: Works | None = None,
    ) -> None:
        self.stores = stores
        self._works = works
        self.caller = caller
        self.faults = faults
        self._schedule = schedule
        self.journal_sync = journal_sync
        self._jobs = jobs
        self.pictures = pictures
        self._api = api
        self.at_once: AtOnce = api.at_once
        self._worker = worker
        self._dispatcher = dispatcher
        self._log = log
        self._waking: asyncio.Task[None] | None = None

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "http":
            await self._api(scope, receive, send)
        elif scope["type"] == "lifespan":
            await receive()
            await self.start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.stop()
            await send({"type": "lifespan.shutdown.complete"})

    def log_event(self, what: str) -> None:
        """Tells the operator something."""
        self._log.event(what)

    async def start(self) -> None:
        """Starts working on tasks, and migrates old stores while the first requests are answered."""
        self._worker.start()
        self._dispatcher.start()
        self.journal_sync.start()
        for job in self._jobs:
            job.start()
        if self._schedule is not None:
            self._schedule.start()
        memory.settle()
        self._waking = asyncio.create_task(self.stores.wake_all())

    async def stop(self) -> None:
        """Ends after the last acknowledged write."""
        self._api.settle()
        if self._works is not None:
            await self._works.stop()
        if self._waking is not None:
            self._waking.cancel()
            await asyncio.gather(self._waking, return_exceptions=True)
        if self._schedule is not None:
            await self._schedule.stop()
        await self._worker.stop()
        await self.pictures.close()
        await self._dispatcher.stop()
        await self.journal_sync.stop()
        for job in self._jobs:
            await job.stop()
        await self.caller.close()
        if self.faults is not None:
            await self.faults.stop()
        await self.stores.close()
        self._log.flush()


def _graphql(app: AppContext, journal: Journal, log: Log, faults: FaultInjector | None) -> Mount:
    from bodega.journal.queries import note_struck, query_recorder
    from bodega.lab.faults.shops import as_errors, faulty
    from bodega.storefront.graphql.serving import graphql

    mount = graphql(app, query_recorder(journal), log)
    return faulty(mount, app.stores, faults, as_errors, note_struck(journal))


def _shoppers_rest(name: str, app: AppContext, journal: Journal, log: Log, faults: FaultInjector | None) -> Mount:
    from bodega.journal.queries import note_struck, query_recorder
    from bodega.lab.faults.shops import as_problem, faulty
    from bodega.storefront.rest.serving import shoppers_rest

    mount = shoppers_rest(name, app, query_recorder(journal), log)
    return faulty(mount, app.stores, faults, as_problem, note_struck(journal))


def _watched(app: AppContext, journal: Journal, faults: FaultInjector | None, mount: Mount) -> Mount:
    """Pages of shops as the journal keeps them and faults strike them."""
    from bodega.journal.shop_pages import note_struck_page, noted
    from bodega.lab.faults.shops import as_page, faulty

    return faulty(noted(mount, app.stores, journal), app.stores, faults, as_page, note_struck_page(journal))


async def make_app(
    backend: Backend,
    *,
    insecure_http: bool,
    https_port: int,
    behind_tls: bool = False,
    log: bool = True,
    log_form: str = "auto",
    meter: Meter | None = None,
    ca: Path | None = None,
    backups: Path | None = None,
    image_memory: int = BUDGET_MB,
    trusted_proxies: Sequence[str] = (),
    lab: bool = False,
    lab_key: str | None = None,
) -> Application:
    """The application over a backend; `https_port` is where plain HTTP is redirected to, `meter` this worker's
    counters, `ca` the local authority's file, `log_form` one of `log_text.FORMS`, `backups` the folder of scheduled
    backups (None: none are taken), `image_memory` the memory for decoding images in MB, `trusted_proxies` the addresses
    and networks whose X-Forwarded-For and -Proto are believed; `lab`: whether faults strike and the lab is served, for
    this machine alone unless there is a `lab_key`."""
    if not checked.is_stamped():
        check_declarations()
        checked.stamp()
    meter = meter or Board().meter()
    written = to_standard_error(log_form) if log else Log()
    stores = Stores(backend, shared=not isinstance(backend, SqliteBackend), log=written, model=MODEL)
    listen = getattr(backend.registry, "listen", None)
    if listen is not None:
        await listen()
    journal = Journal()
    journal_sync = JournalSync(stores, journal, written)
    served = (*ROUTES, request_logs(journal_sync.search), system_logs(journal_sync.search))
    worker: list[Worker] = []
    caller = ProviderCaller(recorder_of(journal))
    submitter = Submitter(stores, caller, written)
    app = AppContext(
        stores,
        by_version(served),
        insecure_http,
        behind_tls,
        https_port,
        unserved=Unserved(served),
        wake_worker=lambda store: worker[0].enqueued(store),
        proxies=Proxies(read_networks(trusted_proxies)),
        pictures=PictureWorker(image_memory),
        keep_past=journal_sync.keep_past if lab else None,
        consult=caller.consult,
        wrote=submitter.wrote,
    )
    announce = backend.registry.announce_task
    worker.append(
        Worker(
            TaskExecutor(app),
            written,
            alone=isinstance(backend, SqliteBackend),
            announce=announce,
            sweeps=SWEEPS,
            revoked=REVOKED,
        )
    )
    backend.registry.on_task = worker[0].heard
    alone = isinstance(backend, SqliteBackend)
    faults = FaultInjector(stores, app.routes, meter, written, alone=alone) if lab else None
    dispatcher = Dispatcher(stores, written, alone=alone, recorder=journal, faults=faults)
    backend.registry.on_delivery = dispatcher.heard

    def opened(store: OpenStore) -> None:
        worker[0].opened(store)
        dispatcher.opened(store)

    stores.opened = opened
    reference = pages(served)
    look = functools.partial(_look, meter, stores, worker[0])
    served_lab = parts = None
    if lab:
        from bodega.lab.control import serving, table
        from bodega.lab.control.lab import Lab

        parts = Lab(stores, journal_sync, worker[0], dispatcher, written, lab_key, app, faults)
        served_lab = serving.mount(parts, table.OPERATIONS)
    panel = panel_mounts(
        stores, journal, journal_sync, written, insecure_http=insecure_http, https_port=https_port, ca=ca, api=app,
        lab=parts,
    )  # fmt: skip
    watched = functools.partial(_watched, app, journal, faults)
    mounts = {
        "time": gateway_time,
        "*": server_itself,
        "_bodega": _below_bodega(served_lab, operations(stores, meter.board, look)),
        "files": bundles(stores, pictures(stores)),
        "docs": reference,
        "llms.txt": reference,
        "graphql": later(functools.partial(_graphql, app, journal, written, faults)),
        **{name: later(functools.partial(_shoppers_rest, name, app, journal, written, faults)) for name in MOUNTS},
        **shop_mounts(app, written, https_port, reference, watched),
        **panel,
    }
    api = Api(
        app,
        written,
        mounts,
        meter,
        journal,
        faults=faults,
        reads_at_once=isinstance(backend, SqliteBackend),
        otherwise=elsewhere(app, written, https_port, watched),
    )

    async def looked() -> None:
        look()

    async def settled() -> None:
        await settle_payments(app)

    jobs = [PeriodicJob(LOOK_SECONDS, looked, written, "current values not recorded"), submitter.job]
    jobs.append(PeriodicJob(PAYMENT_SECONDS, settled, written, "payments not settled"))
    if isinstance(backend, SqliteBackend):
        jobs.append(QuotaKeeper(backend.registry.tx, stores.quotas_now, written).job)
    schedule = Schedule(backend, backups, written, meter) if backups is not None else None
    if faults is not None:
        jobs.append(faults.job)
    return Application(
        stores,
        api,
        worker[0],
        dispatcher,
        journal_sync,
        jobs,
        written,
        app.pictures,
        schedule,
        faults,
        caller=caller,
        works=None if parts is None else parts.works,
    )


def _below_bodega(lab: Mount | None, operations: Mount) -> Mount:
    """`/_bodega/...`: the lab, where it is served, and what operators ask."""
    if lab is None:
        return operations

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        below = scope["path"].startswith("/_bodega/lab/") or scope["path"] == "/_bodega/lab"
        await (lab if below else operations)(scope, receive, send)

    return mount


def _look(meter: Meter, stores: Stores, worker: Worker) -> None:
    """Writes this worker's current values to the board."""
    rows = stores.opened_now()
    meter.stands("open_stores", len(rows))
    meter.stands("waiting_writes", sum(each.waiting for each in rows))
    meter.stands("running_tasks", worker.in_hand)
    meter.stands("connections", stores.backend.connections)
    meter.stands("damaged_stores", len(stores.damaged))
    meter.stands("tasks_done", worker.ended["done"])
    meter.stands("tasks_failed", worker.ended["failed"])
