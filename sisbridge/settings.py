"""What sisbridge is told by its surroundings: environment variables that begin with SISBRIDGE_."""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import ContractBroken

SAMPLE_MASTER_KEY = base64.b64encode(hashlib.sha256(b"sisbridge sample key").digest()).decode()
"""The key of the demo and of the examples in the documentation; refused everywhere else."""

_KEY_BYTES = 32
_HOW_TO_MAKE_A_KEY = (
    'Make one with `python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"`, '
    "keep it in a secrets manager and set it as SISBRIDGE_MASTER_KEY."
)


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "unnamed account"


class Settings(BaseSettings):
    """The settings of one installation, read from the environment.

    home: folder of everything that has no other place. database_url: SQLAlchemy address
    (`postgresql+psycopg://…` in production). landing_url: any fsspec address. master_key: 32 random
    bytes in base64. actor: who is named in the audit for what is done from here.
    stopped_share_that_fails: a scheduled night fails as a whole when a larger share of its districts did
    not finish. district_hours: how long one district's night may take in a process of its own.
    """

    model_config = SettingsConfigDict(env_prefix="SISBRIDGE_", hide_input_in_errors=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".sisbridge")
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data['home'] / 'sisbridge.db'}", repr=False
    )
    landing_url: str = Field(default_factory=lambda data: str(data["home"] / "landing"), repr=False)
    master_key: SecretStr | None = None
    demo: bool = False
    actor: str = Field(default_factory=_account_name)
    stopped_share_that_fails: float = Field(default=0.5, ge=0, le=1)
    district_hours: float = Field(default=3, gt=0)

    def require_master_key(self) -> bytes:
        """Return the master key's 32 bytes; the demo may do without one of its own.

        Raises ContractBroken CF01 when the key is missing, malformed, or the sample key outside the demo.
        """
        if self.master_key is None and not self.demo:
            raise ContractBroken("CF01", "No master key is set.", fix=_HOW_TO_MAKE_A_KEY)
        text = self.master_key.get_secret_value() if self.master_key else SAMPLE_MASTER_KEY
        if text == SAMPLE_MASTER_KEY and not self.demo:
            raise ContractBroken("CF01", "The master key is the public sample.", fix=_HOW_TO_MAKE_A_KEY)
        return _decoded(text)


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ContractBroken("CF01", "The master key is not 32 bytes in base64.", fix=_HOW_TO_MAKE_A_KEY)
    return key
