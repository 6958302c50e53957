"""A provider on a real port, in a thread of its own, for as long as a `with` block lasts."""

from __future__ import annotations

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
from simulators.serving import LARGEST_BODY, Served


def application(provider: Provider) -> web.Application:
    """Return the web application of a provider: control surface first, everything else is the API."""
    app = web.Application(client_max_size=LARGEST_BODY)
    app.add_routes(Control(provider).routes())
    app.router.add_route("*", "/{tail:.*}", provider.handle)
    return app


class RunningProvider(Served, Provider):
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
        self.serve(application(self), "oneroster provider", host, port)

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
