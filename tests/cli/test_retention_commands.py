"""Retention and purge as a person types them."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from sisbridge.cli.output import ExitCode
from tests.cli.test_commands import region, run, running  # noqa: F401 - fixtures
from tests.support.small_region import FILES, REST, SmallRegion


def test_retain_says_how_much_went_of_each_district(region: SmallRegion) -> None:  # noqa: F811
    run("sync")
    done = run("retain", "--json")
    assert done.exit_code == ExitCode.DONE
    assert [(one["district"], one["days"], one["snapshots"]) for one in json.loads(done.stdout)] == [
        (REST, 30, 0),
        (FILES, 30, 0),
    ]
    assert "kept days" in run("retain", REST).stdout


@pytest.mark.parametrize("typed", ["9102\n", "\n9102\n"])
def test_a_purge_asks_for_the_code_again_and_stops_at_another(
    region: SmallRegion,  # noqa: F811
    tmp_path: Path,
    typed: str,
) -> None:
    run("sync", REST)
    done = run("purge", REST, "--certificate", str(tmp_path / "c.txt"), input=typed)
    assert done.exit_code == ExitCode.USAGE
    assert not (tmp_path / "c.txt").exists()
    assert run("retain", REST).exit_code == ExitCode.DONE


def test_a_purge_writes_its_certificate_and_ends_the_district(
    region: SmallRegion,  # noqa: F811
    tmp_path: Path,
) -> None:
    run("sync", REST)
    file = tmp_path / "certificate.txt"
    assert run("purge", REST, "--certificate", str(file), "--confirm", REST).exit_code == ExitCode.DONE
    assert file.read_text(encoding="utf-8").startswith(f"Certificate of destruction: district {REST}")
    assert run("sync", REST).exit_code == ExitCode.STOPPED


def test_on_sqlite_no_role_can_be_granted(region: SmallRegion) -> None:  # noqa: F811
    done = run("grant-console")
    assert done.exit_code == ExitCode.BROKEN
    assert "CF70" in done.stderr
    assert json.loads(run("grant-console", "--json").stdout)["code"] == "CF70"


def test_a_certificate_that_cannot_be_written_was_shown(
    region: SmallRegion,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("sync", REST)

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    done = run("purge", REST, "--certificate", str(tmp_path / "c.txt"), "--confirm", REST)
    assert done.exit_code != ExitCode.DONE
    assert f"Certificate of destruction: district {REST}" in done.stdout
