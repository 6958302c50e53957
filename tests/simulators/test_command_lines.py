"""The simulators as processes of their own, as the compose file starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from connectors.powerschool.plugin import PluginChoice, plugin_zip
from tests.simulators.talk import send

ROOT = Path(__file__).parents[2]


@contextmanager
def running(*arguments: str, lines: int = 1, **variables: str) -> Iterator[list[dict[str, Any]]]:
    """Start a module, yield the JSON lines it announces, and stop it politely."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | variables) as process:
        assert process.stdout is not None
        try:
            yield [orjson.loads(process.stdout.readline()) for _ in range(lines)]
            process.terminate()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_one_provider_with_given_secrets_dialect_and_data() -> None:
    options = ["--dataset=grand-bend", "--version=1.2", "--dialect=page_cap=7", "--dialect=hrefs=relative"]
    secrets = {"SIMULATOR_BEARER": "given", "SIMULATOR_CONTROL_KEY": "key"}
    with running("simulators.oneroster", *options, **secrets) as (facts,):
        answer = send("GET", f"{facts['rostering_url']}/orgs", headers={"Authorization": "Bearer given"})
        users = send("GET", f"{facts['rostering_url']}/users", headers={"Authorization": "Bearer given"})
    assert answer.json["orgs"][0]["parent"]["href"].startswith("/ims/")
    assert len(users.json["users"]) == 7
    assert facts["control_key"] == "key"


def test_four_districts_for_the_compose_file() -> None:
    with running("simulators", "--port", "0", lines=4) as (first, second, third, fourth):
        form = {"grant_type": "client_credentials", "client_id": second["client_id"]}
        answer = send("POST", second["token_url"], data=form | {"client_secret": second["client_secret"]})
    assert (answer.status, first["version"], second["version"]) == (200, "1.1", "1.2")
    assert third["host_key"] != fourth["host_key"]


def test_one_powerschool_with_our_plugin_installed(tmp_path: Path) -> None:
    (tmp_path / "plugin.zip").write_bytes(plugin_zip(PluginChoice()))
    with running("simulators.powerschool", "--plugin", str(tmp_path / "plugin.zip")) as (facts,):
        signed = {"Authorization": aiohttp.encode_basic_auth(facts["client_id"], facts["client_secret"])}
        form = {"grant_type": "client_credentials"}
        answer = send("POST", facts["token_url"], data=form, headers=signed)
    assert (answer.status, facts["plugin"]) == (200, "sisbridge rosters")


def test_one_campus_with_a_grading_task_in_every_class() -> None:
    with running("simulators.infinite_campus", "--task", "Final Grade") as (facts,):
        form = {"grant_type": "client_credentials", "client_id": facts["client_id"]}
        answer = send("POST", facts["token_url"], data=form | {"client_secret": facts["client_secret"]})
        key = {"Authorization": f"Bearer {answer.json['access_token']}"}
        tasks = send(
            "GET",
            f"{facts['gradebook_url']}/lineItems?limit=1",
            headers=key | {"X-Vendor-Authorization": facts["vendor_key"]},
        )
    assert [task["title"] for task in tasks.json["lineItems"]] == ["Final Grade"]


def test_sftp_server_shows_its_host_key_and_no_password(tmp_path: Path) -> None:
    options = (str(tmp_path), "--account", "north=NORTH")
    with running("simulators.sftp", *options, NORTH="hidden") as (facts,):
        assert (tmp_path / "north" / "inbox").is_dir()
    assert set(facts) == {"host", "port", "host_key"}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("simulators.oneroster", ["--dialect", "shoe_size=9"]),
        ("simulators.oneroster", ["--version", "2.0"]),
        ("simulators.infinite_campus", ["--version", "2.0"]),
        ("simulators.powerschool", ["--plugin", "there is none"]),
        ("simulators.sftp", [".", "--account", "north=NOT_SET_ANYWHERE"]),
    ],
)
def test_wrong_options_end_with_usage(module: str, options: list[str]) -> None:
    command = [sys.executable, "-m", module, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr.startswith(b"usage:")) == (2, True)
