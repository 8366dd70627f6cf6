"""A Dask cluster as an executor: work goes out, results come back, and what can't be done there is named.

Nothing here waits: the scheduler is called in a thread of its own when the first work is submitted, so that a cluster
that does not answer holds up no alarm. There is no fallback to this machine: who computes on a cluster has more work
than one machine can do beside its alarms. What was submitted then fails with a `KnownError`, and the next work is tried
anew.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.cluster_loop import running_loop

if TYPE_CHECKING:
    from distributed import Client

P = ParamSpec("P")
T = TypeVar("T")

PLAIN: Final = "dask://"
ENCRYPTED: Final = "dask+tls://"
CONNECT_S: Final = 5.0
LEAVE_S: Final = 1.0
HISTORIES: Final = ("DASK_DISTRIBUTED__ADMIN__LARGE_GRAPH_WARNING_THRESHOLD", "100MB")
"""Dask warns of work that brings much data; a unit's history may have so much. Read when Dask is loaded."""
PACKAGES: Final = ("ksys", "numpy", "pydantic", "statsforecast", "statsmodels", "xgboost-cpu")
"""Versions that must be the same everywhere, or numbers differ."""


class ClusterLost(BrokenExecutor):
    """The work was under way when its worker or the whole cluster went."""


def versions() -> dict[str, str]:
    """What this program computes with; run on the workers, too."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


class Cluster(Executor):
    """Workers behind the scheduler of `setting` (``dask://host:port``, or ``dask+tls://`` with Dask's TLS settings)."""

    def __init__(self, setting: str) -> None:
        self._setting = setting
        self._client: Client | None = None
        self._workers: Executor | None = None
        self._checked: set[str] = set()
        self._door = ThreadPoolExecutor(1, thread_name_prefix="ksys-cluster")

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        outer: Future[T] = Future()
        handed = self._door.submit(self._handed_over, fn, args, kwargs)
        handed.add_done_callback(lambda done: _chain(done, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._door.shutdown(wait, cancel_futures=cancel_futures)
        self._leave()

    def _handed_over(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        """The cluster's own future of one piece of work; runs in the door's thread."""
        self._connect()
        assert self._workers is not None
        try:
            return self._workers.submit(fn, *args, **kwargs)
        except OSError as error:
            raise self._unreachable(error) from error

    def _connect(self) -> None:
        """Be connected to a cluster whose workers compute as this program does."""
        if self._client is not None and self._client.status != "running":
            self._leave()
        if self._client is None:
            self._client, self._checked = self._new_client(), set()
            self._workers = self._client.get_executor(pure=False)
        self._check_workers(self._client)

    def _leave(self) -> None:
        if self._client is not None:
            with suppress(TimeoutError):  # nobody is there to say goodbye to
                self._client.close(timeout=LEAVE_S)
        self._client = self._workers = None

    def _new_client(self) -> Client:
        os.environ.setdefault(*HISTORIES)
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise KnownError(
                "executor.no_dask", N_('Computing on a cluster needs the extra "dask": install ksys[dask].')
            ) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is told here, without traces
        encrypted = self._setting.startswith(ENCRYPTED)
        place = self._setting.removeprefix(ENCRYPTED if encrypted else PLAIN)
        address, loop = f"{'tls' if encrypted else 'tcp'}://{place}", running_loop()
        client = Client.__new__(Client)  # at hand also when its constructor fails, see below
        try:
            client.__init__(address, loop=loop, timeout=CONNECT_S, set_as_default=False)  # type: ignore[misc]
        except (OSError, TypeError, ValueError) as error:  # TypeError: TLS without certificates
            client.close(timeout=LEAVE_S)  # else it does so when Python collects it, in the loop itself without effect
            raise self._unreachable(error) from error
        return client

    def _check_workers(self, client: Client) -> None:
        """Refuse a cluster without workers, and workers that compute with other versions."""
        workers = set(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise KnownError(
                "executor.no_workers",
                N_("The cluster of the setting executor = {setting} has no worker."),
                setting=self._setting,
            )
        new = workers - self._checked
        if not new:
            return
        ours = versions()
        try:
            found = client.run(versions, workers=sorted(new))
        except ModuleNotFoundError as error:
            raise _mismatch(", ".join(sorted(new)), error.name or "ksys", ours["ksys"], "–") from error
        for worker, theirs in found.items():
            for name in sorted(ours.keys() | theirs.keys()):
                if ours.get(name) != theirs.get(name):
                    raise _mismatch(worker, name, ours.get(name, "–"), theirs.get(name, "–"))
        self._checked |= new

    def _unreachable(self, error: Exception) -> KnownError:
        return KnownError(
            "executor.unreachable",
            N_("The cluster of the setting executor = {setting} can't be reached: {reason}"),
            setting=self._setting,
            reason=" ".join(str(error).split()) or type(error).__name__,
        )


def _mismatch(worker: str, name: str, ours: str, theirs: str) -> KnownError:
    return KnownError(
        "executor.versions",
        N_("The worker {worker} has {name} {theirs}, this program has {ours}: their numbers would differ."),
        worker=worker,
        name=name,
        ours=ours,
        theirs=theirs,
    )


def _chain(handed: Future[Future[T]], outer: Future[T]) -> None:
    """Let `outer` end as the work does that was handed over, and the work end when `outer` is cancelled."""
    if handed.cancelled():
        outer.cancel()
    elif (error := handed.exception()) is not None:
        if outer.set_running_or_notify_cancel():
            outer.set_exception(error)
    else:
        inner = handed.result()
        outer.add_done_callback(lambda done: inner.cancel() if done.cancelled() else None)
        inner.add_done_callback(lambda done: _hand_back(done, outer))


def _hand_back(inner: Future[T], outer: Future[T]) -> None:
    """The outcome of the cluster's future; a cluster that went away counts as a broken pool."""
    if outer.cancelled() or not outer.set_running_or_notify_cancel():
        return
    error = ClusterLost() if inner.cancelled() else inner.exception()
    if error is None:
        outer.set_result(inner.result())
    elif type(error).__module__.partition(".")[0] == "distributed":
        outer.set_exception(ClusterLost(str(error)))
    else:
        outer.set_exception(error)
