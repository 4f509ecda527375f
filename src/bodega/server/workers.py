"""Several processes: the workers of one parent.

SIGUSR2 replaces them, one after the other.
"""

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from bodega.server.listeners import Listener, ListenError, bind_each, close
from bodega.server.loop import STOP_SIGNALS, run

RESTART_SIGNAL = signal.SIGUSR2
SHORT_LIFE_SECONDS = 2.0  # a worker that dies sooner than this is not simply replaced
SHORT_LIVES = 5  # after this many in a row the fault is not the worker's

Worker = Callable[[int, Sequence[Listener], asyncio.Event], Coroutine[Any, Any, None]]


def serve_workers(
    worker: Worker,
    listeners: Sequence[Listener],
    workers: int,
    *,
    bound: Callable[[Sequence[Listener]], None] | None = None,
) -> None:
    """Run `worker(index, listeners, stop)` in `workers` forked processes, each in an event loop of its own, until a
    stop signal. `worker` hands its listeners, which are bound, and `stop` to `serve`. SIGUSR2 replaces them one by one.

    `bound` is called in the parent, before any worker runs, with the listeners and their real ports; from then on stop
    signals are handled. The caller must have no event loop and no threads. A worker that dies is replaced. The first
    stop signal, or the death of the parent, sets every worker's `stop`; the second signal kills them. Raises
    ListenError when a listener cannot be bound or workers keep dying at start.
    """
    if not hasattr(os, "fork"):
        raise ListenError("More than one worker needs a system with fork(); run with one.")
    each: list[list[Listener]] = []
    try:
        for listener in listeners:
            each.append(bind_each(listener, workers))
        crew = Crew(worker, [[shares[index] for shares in each] for index in range(workers)])
        crew.run((lambda: bound([shares[0] for shares in each])) if bound is not None else lambda: None)
    finally:
        for shares in each:
            close(shares)


class Crew:
    """The workers of one parent. All hold the read end of a pipe whose write end only the parent holds: when that is
    closed, on purpose or by the parent's death, they stop."""

    def __init__(self, worker: Worker, listeners: Sequence[Sequence[Listener]]) -> None:
        self.worker = worker
        self.listeners = listeners
        self.alive: dict[int, tuple[int, float]] = {}  # by process id: the worker's index and start time
        self.lifeline, self.release = os.pipe()
        self.stopping = False
        self.short_lives = 0
        self.outdated: list[int] = []
        self.leaving = 0

    def run(self, ready: Callable[[], None]) -> None:
        """Run until every worker has ended; `ready` is called as soon as stop signals are handled."""
        before = {number: signal.signal(number, self.on_signal) for number in STOP_SIGNALS}
        before[RESTART_SIGNAL] = signal.signal(RESTART_SIGNAL, self.on_restart)
        try:
            ready()
            for index in range(len(self.listeners)):
                if not self.stopping:
                    self.fork(index)
            while self.alive:
                self.replace(*os.wait())
        finally:
            self.stop()
            os.close(self.lifeline)
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.short_lives >= SHORT_LIVES:
            raise ListenError("The workers end as soon as they are started; the log says why.")

    def on_signal(self, number: int, frame: object) -> None:
        if self.stopping:
            for process in self.alive:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            os.close(self.release)
            for listeners in self.listeners:
                close(listeners)

    def on_restart(self, number: int, frame: object) -> None:
        """Replace each worker by a new one, one after the other.

        The parent holds every socket, so connections to one whose worker is being replaced wait and are not refused.
        """
        if not self.leaving:
            self.outdated = list(self.alive)
            self.turn()

    def turn(self) -> None:
        """Start the successor of the next outdated worker, and let the old one finish its requests."""
        self.leaving = 0
        while self.outdated and not self.stopping and not self.leaving:
            process = self.outdated.pop(0)
            if process in self.alive:
                self.leaving = process
                self.fork(self.alive[process][0])
                os.kill(process, signal.SIGTERM)

    def replace(self, process: int, status: int) -> None:
        """Note the death of a worker and, while the server runs, replace it."""
        if process == self.leaving:
            del self.alive[process]
            self.turn()
            return
        index, born = self.alive.pop(process, (None, 0.0))
        if index is None or self.stopping:
            return
        young = time.monotonic() - born < SHORT_LIFE_SECONDS
        self.short_lives = self.short_lives + 1 if young and status else 0
        if self.short_lives >= SHORT_LIVES:
            self.stop()
            return
        if young:
            time.sleep(0.05 * 2**self.short_lives)
        self.fork(index)

    def fork(self, index: int) -> None:
        """Start a worker; signals are blocked during the fork, until both processes have set up their handlers."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        process = os.fork()
        if process == 0:
            self.run_worker(index)
        self.alive[process] = (index, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def run_worker(self, index: int) -> NoReturn:
        status = 1
        try:
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(RESTART_SIGNAL, signal.SIG_IGN)  # the signal is meant for the parent
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            if not self.stopping:
                os.close(self.release)
            for other, listeners in enumerate(self.listeners):
                if other != index:
                    close(item for item in listeners if item not in self.listeners[index])
            run(self.work(index))
            status = 0
        except ListenError as error:
            print(error, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    async def work(self, index: int) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def on_release() -> None:
            loop.remove_reader(self.lifeline)
            stop.set()

        loop.add_reader(self.lifeline, on_release)
        await self.worker(index, self.listeners[index], stop)
