"""Settings come from the environment, and no installation starts on a sample key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from domain.errors import ContractBroken
from sisbridge.settings import SAMPLE_MASTER_KEY, Settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests."""
    for name in ("HOME", "DATABASE_URL", "LANDING_URL", "MASTER_KEY", "DEMO"):
        monkeypatch.delenv(f"SISBRIDGE_{name}", raising=False)


def test_everything_lies_below_home_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SISBRIDGE_HOME", "/srv/sis")
    monkeypatch.setenv("SISBRIDGE_LANDING_URL", "s3://bucket/landing")
    settings = Settings()
    assert settings.home == Path("/srv/sis")
    assert settings.database_url == "sqlite:////srv/sis/sisbridge.db"
    assert settings.landing_url == "s3://bucket/landing"


def test_a_key_of_32_bytes_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SISBRIDGE_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
    assert Settings().require_master_key() == bytes(range(32))


@pytest.mark.parametrize("key", [None, SAMPLE_MASTER_KEY, "", "short", base64.b64encode(b"x" * 31).decode()])
def test_a_missing_sample_or_wrong_key_is_refused(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    if key is not None:
        monkeypatch.setenv("SISBRIDGE_MASTER_KEY", key)
    with pytest.raises(ContractBroken, match="CF01") as raised:
        Settings().require_master_key()
    assert "SISBRIDGE_MASTER_KEY" in raised.value.fix


def test_the_demo_has_a_key_of_its_own() -> None:
    assert Settings(demo=True).require_master_key() == base64.b64decode(SAMPLE_MASTER_KEY)


def test_the_key_is_never_shown() -> None:
    assert SAMPLE_MASTER_KEY not in repr(Settings(master_key=SAMPLE_MASTER_KEY))  # type: ignore[arg-type]


def test_the_database_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SISBRIDGE_DATABASE_URL", "postgresql+psycopg://sisbridge:hunter2@db/store")
    monkeypatch.setenv("SISBRIDGE_LANDING_URL", "s3://id:hunter2@bucket/landing")
    assert "hunter2" not in f"{Settings()!r} {Settings()}"
