"""A PowerSchool on a real port, in a thread of its own, for as long as a `with` block lasts."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from simulators.dataset import Dataset
from simulators.powerschool.server import TOKEN_PATH, PowerSchool

_LARGEST_BODY = 64 * 1024 * 1024


class RunningPowerSchool(PowerSchool):
    """A PowerSchool that answers on loopback while its `with` block runs; port 0 finds a free one."""

    def __init__(self, dataset: Dataset, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        super().__init__(dataset, **options)
        self.host, self.port = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="powerschool", daemon=True)
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{tail:.*}", self.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @property
    def base_url(self) -> str:
        """Scheme, host and port: what a district calls the address of its PowerSchool."""
        return f"http://{self.host}:{self.port}"

    @property
    def token_url(self) -> str:
        """Where tokens are given out."""
        return self.base_url + TOKEN_PATH

    @property
    def oneroster_url(self) -> str:
        """The OneRoster service root, as the manner says."""
        return self.base_url + self.manner.oneroster_path

    @property
    def client_id(self) -> str:
        """The installed plugin's client id."""
        return self.installed.credentials.client_id

    @property
    def client_secret(self) -> str:
        """Its secret."""
        return self.installed.credentials.client_secret

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
        await web.TCPSite(self._runner, self.host, self.port).start()
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
