"""How an SFTP server is reached: what every route and source over SFTP has among its settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SftpAccess(BaseModel):
    """How a server is reached: password or private key (OpenSSH or PEM text), and its pinned host key.

    host_key: a line of known_hosts or a SHA256 fingerprint. folder: relative to where login lands.
    timeout_seconds: for each step of connecting and each answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(default=22, ge=1, le=65535)
    username: str
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    host_key: str = ""
    folder: str = "."
    timeout_seconds: float = Field(default=30.0, gt=0)

    @property
    def place(self) -> str:
        """Return host and port as messages name them."""
        return f"{self.host}:{self.port}"
