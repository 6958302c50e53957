"""A provider on a real port, in a thread of its own, for as long as a `with` block lasts."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from aiohttp import web

from domain.clock import Clock, system_clock
from domain.oneroster import BASE_PATHS, Service, Version
from simulators.dataset import Dataset
from simulators.oneroster.auth import Credentials
from simulators.oneroster.control import ROOT as CONTROL_ROOT
from simulators.oneroster.control import Control
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.faults import Faults
from simulators.oneroster.provider import TOKEN_PATH, Provider

_LARGEST_BODY = 64 * 1024 * 1024


def application(provider: Provider) -> web.Application:
    """Return the web application of a provider: control surface first, everything else is the API."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.add_routes(Control(provider).routes())
    app.router.add_route("*", "/{tail:.*}", provider.handle)
    return app


class RunningProvider(Provider):
    """A provider that answers on loopback while its `with` block runs.

    base_url stands above the paths of `domain.oneroster.BASE_PATHS`; `rostering_url` and
    `gradebook_url` are whole service roots. port 0 finds a free one.
    """

    def __init__(
        self,
        dataset: Dataset,
        version: Version,
        *,
        dialect: Dialect | None = None,
        credentials: Credentials | None = None,
        faults: Faults | None = None,
        clock: Clock = system_clock,
        control_key: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(
            dataset,
            version,
            dialect=dialect,
            credentials=credentials,
            faults=faults,
            clock=clock,
            control_key=control_key,
        )
        self.host, self.port = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="oneroster provider", daemon=True)
        self._runner = web.AppRunner(application(self), access_log=None, shutdown_timeout=0.1)

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    @property
    def rostering_url(self) -> str:
        """The root of the rostering service."""
        return self.base_url + BASE_PATHS[self.version, Service.ROSTERING]

    @property
    def gradebook_url(self) -> str:
        """The root of the gradebook service; the same as rostering in 1.1."""
        return self.base_url + BASE_PATHS[self.version, Service.GRADEBOOK]

    @property
    def token_url(self) -> str:
        """Where OAuth 2 tokens are given out."""
        return self.base_url + TOKEN_PATH

    @property
    def client_id(self) -> str:
        """The client id that is known here."""
        return self.credentials.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self.credentials.client_secret

    def facts(self) -> dict[str, object]:
        """Return where it stands and how to get in, secrets included: for its operator's eyes."""
        return {
            "version": self.version,
            "rostering_url": self.rostering_url,
            "gradebook_url": self.gradebook_url,
            "token_url": self.token_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "control_url": self.base_url + CONTROL_ROOT,
            "control_key": self.control_key,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(timeout=30)
        except OSError:
            self._stop()
            raise
        return self

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()
