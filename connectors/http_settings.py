"""What a district may say of how its server is asked, whichever server it is."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from connectors.http import HttpOptions


class HttpSettings(BaseModel):
    """How many requests at a time, how patiently, and whom to trust.

    in_flight: requests at a time. min_interval_ms: the pause that a server wants between two requests; above
    0 they go one at a time. The rest is as `HttpOptions` has it, times in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    in_flight: int = Field(default=4, ge=1, le=5)
    min_interval_ms: int = Field(default=0, ge=0, le=60_000)
    ca_file: str = ""
    allow_plain_http: bool = False
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    attempts: int = Field(default=5, ge=1, le=10)
    first_wait: float = Field(default=0.5, ge=0)
    patience: float = Field(default=180.0, ge=0)

    def options(self, headers: Mapping[str, str] | None = None) -> HttpOptions:
        """Return these as a client's options. headers: sent with every request."""
        return HttpOptions(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            attempts=self.attempts,
            first_wait=self.first_wait,
            patience=self.patience,
            min_interval=self.min_interval_ms / 1000,
            ca_file=self.ca_file,
            allow_plain=self.allow_plain_http,
            headers=headers or {},
        )
