"""What a district says of its PowerSchool server, once for every way in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.auth import OAuth2ClientCredentials
from connectors.http import HttpClient, HttpOptions
from connectors.oneroster.settings import OneRosterRestSettings

TOKEN_PATH = "/oauth/access_token"


class PowerSchoolConnection(BaseModel):
    """Where a PowerSchool server is and how our plugin signs in there.

    base_url: the server, e.g. https://sis.example; a path behind it is cut off. token_url: where tokens
    are given, when that is another place. page_size: rows asked for at once, none for what the plugin
    allows. min_interval_ms: the "minimum time interval between API requests per plugin" that the server
    is set to; above 0 requests go one at a time.
    Source: PowerSchool developer pages, OAuth and global API settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str
    token_url: str = ""
    client_id: str
    client_secret: SecretStr
    page_size: int | None = Field(default=None, ge=1, le=10_000)
    in_flight: int = Field(default=4, ge=1, le=5)
    min_interval_ms: int = Field(default=0, ge=0, le=60_000)
    ca_file: str = ""
    allow_plain_http: bool = False
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    attempts: int = Field(default=5, ge=1, le=10)
    first_wait: float = Field(default=0.5, ge=0)
    patience: float = Field(default=180.0, ge=0)

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
        options = HttpOptions(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            attempts=self.attempts,
            first_wait=self.first_wait,
            patience=self.patience,
            min_interval=self.min_interval_ms / 1000,
            ca_file=self.ca_file,
            allow_plain=self.allow_plain_http,
        )
        return HttpClient(OAuth2ClientCredentials(token_url, self.client_id, secret), options)


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
