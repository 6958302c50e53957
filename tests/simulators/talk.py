"""A plain HTTP client for the tests of the provider: one request, one answer, nothing clever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from simulators.oneroster import RunningProvider


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code_minor(self) -> str:
        """The standard's code minor of an error, in either version's form."""
        body = self.json
        if "statusInfoSet" in body:
            return str(body["statusInfoSet"][0]["imsx_codeMinor"])
        return str(body["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"])


def send(method: str, url: str, **options: Any) -> Answer:
    """Send one request; the URL goes over the wire as it stands."""

    async def go() -> Answer:
        timeout = aiohttp.ClientTimeout(total=20)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, URL(url, encoded=True), **options) as answer,
        ):
            return Answer(answer.status, dict(answer.headers), await answer.read())

    return asyncio.run(go())


def token(provider: RunningProvider, scope: str = "") -> Answer:
    """Ask for a token with the right credentials."""
    form = {"grant_type": "client_credentials", "client_id": provider.client_id}
    form |= {"client_secret": provider.client_secret, "scope": scope}
    return send("POST", provider.token_url, data=form)


def call(provider: RunningProvider, method: str, path: str, **options: Any) -> Answer:
    """Send one request to the API with the static bearer; gradebook paths find their own root."""
    root = provider.rostering_url
    if any(name in path for name in ("lineItems", "results", "categories", "scoreScales")):
        root = provider.gradebook_url
    headers = {"Authorization": f"Bearer {provider.credentials.bearer}"}
    return send(method, f"{root}/{path}", headers=headers, **options)


def get(provider: RunningProvider, path: str) -> Answer:
    """GET a path of the API."""
    return call(provider, "GET", path)


def ids(answer: Answer) -> list[str]:
    """Return the sourcedIds of a page."""
    (rows,) = (rows for key, rows in answer.json.items() if key != "statusInfoSet")
    return [row["sourcedId"] for row in rows]
