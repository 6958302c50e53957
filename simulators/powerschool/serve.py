"""A PowerSchool on a real port, in a thread of its own, for as long as a `with` block lasts."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulators.dataset import Dataset
from simulators.powerschool.server import TOKEN_PATH, PowerSchool
from simulators.serving import LARGEST_BODY, Served


class RunningPowerSchool(Served, PowerSchool):
    """A PowerSchool that answers on loopback while its `with` block runs; port 0 finds a free one.

    base_url is what a district calls the address of its PowerSchool.
    """

    def __init__(self, dataset: Dataset, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        super().__init__(dataset, **options)
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{tail:.*}", self.handle)
        self.serve(app, "powerschool", host, port)

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

    def facts(self) -> dict[str, object]:
        """Return where it stands and how to get in, the secret included: for its operator's eyes."""
        return {
            "base_url": self.base_url,
            "oneroster_url": self.oneroster_url,
            "token_url": self.token_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "plugin": self.installed.plugin.name,
        }
