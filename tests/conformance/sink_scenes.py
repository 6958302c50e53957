"""The house's own routes for grades, each with the kit's class behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.oneroster.gradebook import OneRosterGradebookSink
from connectors.oneroster.settings import OneRosterGradebookSettings
from connectors.protocol import GradeSink
from connectors.sftp.registrar_file import RegistrarFileSettings, RegistrarFileSink
from domain.clock import FixedClock
from domain.grading import OutboxItem
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.oneroster import Dialect, Fault, FaultKind, RunningProvider
from simulators.sftp import RunningSftp
from tests.conformance.canaries import AT
from tests.conformance.sink_work import NORTH, Make, SinkScene
from tests.support.sftp import PASSWORD, reach, sftp_server

WRITE = {"path": "results/*", "method": "PUT", "times": None}

GRADEBOOK_BREAKAGES: dict[str, Fault] = {
    "wrong secret": Fault(FaultKind.WRONG_SECRET, times=None),
    "no permission to write": Fault(FaultKind.STATUS, status=403, **WRITE),  # type: ignore[arg-type]
    "grades refused": Fault(FaultKind.STATUS, status=422, **WRITE),  # type: ignore[arg-type]
    "asked too often": Fault(FaultKind.STATUS, status=429, body="html", **WRITE),  # type: ignore[arg-type]
    "server error": Fault(FaultKind.STATUS, status=500, **WRITE),  # type: ignore[arg-type]
    "connection reset": Fault(FaultKind.RESET, **WRITE),  # type: ignore[arg-type]
    "sign-in page": Fault(FaultKind.HTML, times=None),
    "json breaks off": Fault(FaultKind.TRUNCATED, times=None),
    "half a body": Fault(FaultKind.HALF_BODY, times=None),
    "no envelope": Fault(FaultKind.NO_ENVELOPE, times=None),
    "null lists": Fault(FaultKind.OTHER_VALUES, keys=("results", "lineItems", "categories"), times=None),
    "no line items": Fault(FaultKind.STATUS, path="lineItems/*", method="PUT", status=400, times=None),
    "a token that never lasts": Fault(FaultKind.EXPIRED_TOKEN, times=None),
}


def gradebook(version: Version, **more: object) -> Make:
    """Return how to make a gradebook route, of more settings, in front of a provider of a version."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
        with RunningProvider(dataset, version, clock=FixedClock(AT)) as provider:
            yield _gradebook_scene(provider, more)

    return make


def _gradebook_scene(provider: RunningProvider, more: dict[str, object]) -> SinkScene:
    values = {
        "base_url": provider.rostering_url, "version": provider.version, "token_url": provider.token_url,
        "client_id": provider.client_id, "client_secret": provider.client_secret,
        "first_wait": 0.01, "attempts": 2, "patience": 2, "read_timeout": 2,
    }  # fmt: skip
    settings = OneRosterGradebookSettings.model_validate({**values, **more})
    lost = Fault(FaultKind.LOST_ANSWER, **WRITE)  # type: ignore[arg-type]
    return SinkScene(
        OneRosterGradebookSink(NORTH, settings, clock=FixedClock(AT)),
        "oneroster_gradebook",
        state=provider.gradebook,
        writes=lambda: provider.requests["PUT results/*"] + provider.requests["PUT lineItems/*"],
        enter=registrar(provider),
        drop_writes=lambda: setattr(provider, "dialect", Dialect(drop_writes=True)),
        lose_answers=lambda: provider.faults.add(lost),
        recover=provider.faults.clear,
        breakages={name: striking(provider, fault) for name, fault in GRADEBOOK_BREAKAGES.items()},
        secrets=(provider.client_secret,),
    )


def registrar(provider: RunningProvider) -> Callable[[OutboxItem], None]:
    def enter(item: OutboxItem) -> None:
        provider.dataset.change("results", item.result_id, AT, score=55)

    return enter


def striking(provider: RunningProvider, fault: Fault) -> Callable[[], None]:
    return lambda: provider.faults.add(fault)


def by_file(route: str, sink: Callable[..., GradeSink], settings: Callable[..., object]) -> Make:
    """Return how to make a route by file into a folder on an SFTP server."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
        with sftp_server(folder) as server:
            made = sink(NORTH, settings(**reach(server, "/inbox")), clock=FixedClock(AT))
            yield file_sink_scene(server, made, route)

    return make


registrar_file = by_file("registrar_file", RegistrarFileSink, RegistrarFileSettings)


def file_sink_scene(server: RunningSftp, sink: GradeSink, route: str) -> SinkScene:
    """Return the scene of a route by file into the inbox of a server's account."""
    inbox = server.inbox("maple")

    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(inbox.iterdir())}

    return SinkScene(
        sink,
        route,
        state=files,
        writes=lambda: len(files()),
        breakages=_sftp_breakages(server, inbox),
        secrets=(PASSWORD,),
    )


def _sftp_breakages(server: RunningSftp, inbox: Path) -> dict[str, Callable[[], None]]:
    return {
        "the folder is gone": inbox.rmdir,
        "another server": server.change_host_key,
        "the folder is a file": lambda: (inbox.rmdir(), inbox.write_bytes(b""))[0],
    }
