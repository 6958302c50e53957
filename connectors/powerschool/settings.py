"""What a district says of its PowerSchool server, once for every way in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.auth import OAuth2ClientCredentials
from connectors.http import HttpClient
from connectors.http_settings import HttpSettings
from connectors.oneroster.settings import OneRosterRestSettings

TOKEN_PATH = "/oauth/access_token"


class PowerSchoolConnection(HttpSettings):
    """Where a PowerSchool server is and how our plugin signs in there.

    base_url: the server, e.g. https://sis.example; a path behind it is cut off. token_url: where tokens
    are given, when that is another place. page_size: rows asked for at once, none for what the plugin
    allows. min_interval_ms: the "minimum time interval between API requests per plugin" that the server
    is set to; above 0 requests go one at a time.
    Source: PowerSchool developer pages, OAuth and global API settings.
    """

    base_url: str
    token_url: str = ""
    client_id: str
    client_secret: SecretStr
    page_size: int | None = Field(default=None, ge=1, le=10_000)

    @field_validator("base_url")
    @classmethod
    def _server_alone(cls, given: str) -> str:
        return server_of(given)

    @property
    def root(self) -> str:
        """Return the server's address, without a slash at its end."""
        return self.base_url

    def client(self) -> HttpClient:
        """Return a client that signs in as our plugin; nothing is sent yet."""
        secret = self.client_secret.get_secret_value()
        token_url = self.token_url or self.root + TOKEN_PATH
        return HttpClient(OAuth2ClientCredentials(token_url, self.client_id, secret), self.options())


class PowerQuerySettings(PowerSchoolConnection):
    """A roster by the named queries of our own plugin.

    days_around: school years that ended so many days ago, or begin in as many, are read too.
    """

    days_around: int = Field(default=45, ge=0, le=300)


class PowerSchoolOneRosterSettings(OneRosterRestSettings):
    """A roster by the OneRoster 1.1 of PowerSchool, which Universal Rostering switches on.

    base_url: the server, or its OneRoster root in full; both forms of the path are looked for. token_url:
    the server's own unless given. page_size: rows asked for at once; left out, the plugin's maximum.
    """

    @model_validator(mode="before")
    @classmethod
    def _manners(cls, given: object) -> object:
        """Fill in what every PowerSchool server has alike."""
        if not isinstance(given, dict):
            return given
        values: dict[str, Any] = {"version": "1.1", **given}
        if values.get("base_url") and not values.get("token_url"):
            values["token_url"] = server_of(str(values["base_url"])) + TOKEN_PATH
        return values


def server_of(address: str) -> str:
    """Return scheme and host of an address as somebody pasted it; https where none is named."""
    text = address.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    return f"{parts.scheme}://{parts.netloc}"
