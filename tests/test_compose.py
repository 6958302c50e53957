"""The compose file follows the Compose Specification and keeps its promises; no engine is needed."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from tests.test_repo import ROOT

SCHEMA = json.loads((ROOT / "tests/data/compose-spec/compose-spec.json").read_text())
SECRET = re.compile(r"PASSWORD|SECRET|_KEY$|SQL_ALCHEMY_CONN|DATABASE_URL")
TEXT = (ROOT / "docker-compose.yml").read_text()


def check(compose: dict[str, Any]) -> None:
    """Raise ValidationError when this is no valid Compose file."""
    Draft7Validator(SCHEMA).validate(compose)


@pytest.fixture
def compose() -> dict[str, Any]:
    """The compose file as a mapping, anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def test_the_file_follows_the_specification(compose: dict[str, Any]) -> None:
    check(compose)


def test_a_wrong_key_is_refused(compose: dict[str, Any]) -> None:
    compose["services"]["postgres"]["imagine"] = "postgres"
    with pytest.raises(ValidationError, match="imagine"):
        check(compose)


def test_a_condition_that_does_not_exist_is_refused(compose: dict[str, Any]) -> None:
    # A copy: anchors make several services share one mapping.
    waits = copy.deepcopy(compose["services"]["airflow-scheduler"]["depends_on"])
    waits["postgres"]["condition"] = "service_ready"
    compose["services"]["airflow-scheduler"]["depends_on"] = waits
    with pytest.raises(ValidationError) as refused:
        check(compose)
    assert any("service_ready" in part.message for part in refused.value.context or [refused.value])


def test_the_parts_are_there(compose: dict[str, Any]) -> None:
    airflow = {"init", "api-server", "scheduler", "dag-processor", "triggerer"}
    expected = {"postgres", "sftp", "simulators"} | {f"airflow-{part}" for part in airflow}
    assert set(compose["services"]) == expected
    demo = {name for name, service in compose["services"].items() if "demo" in service.get("profiles", [])}
    assert demo == {"simulators"}


def test_every_service_waited_for_exists_and_can_meet_the_condition(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}, which does not exist"
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{other} can never be healthy"
            if wait["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no", f"{other} never completes"


def test_every_airflow_component_shares_keys_and_database(compose: dict[str, Any]) -> None:
    shared = [
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    ]
    settings = [s["environment"] for name, s in compose["services"].items() if name.startswith("airflow-")]
    for key in shared:
        assert len({environment[key] for environment in settings}) == 1


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert re.search(r"\$\{[A-Z_]+:\?", value), f"{name}: {key} must come from the environment"
    assert re.findall(r"\$\{[A-Za-z_]+:?-", TEXT) == [], "a default would stand in for a forgotten secret"


def test_the_example_names_every_variable_and_no_value() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and line[0] != "#"]
    assert {line.partition("=")[0] for line in lines} == wanted
    assert [line for line in lines if line.partition("=")[2]] == []


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []


def test_images_are_pinned_and_stages_exist(compose: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)", dockerfile, flags=re.MULTILINE))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for service in compose["services"].values():
        image, _, tag = service["image"].partition(":")
        assert tag not in ("", "latest"), image
        if "build" in service:
            assert service["build"]["target"] in stages
            assert tag == version
    assert re.findall(r"^FROM (?!app$)\S+:(?:latest)?(?=\s)", dockerfile, flags=re.MULTILINE) == []


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    named = {mount.partition(":")[0] for mount in mounts if mount[0] not in ".$/"}
    assert named == set(compose["volumes"])


def test_the_image_installs_from_the_lock_and_carries_no_secret() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"uv pip install(?:\\\n|[^&\n])*", dockerfile)
    assert installs
    for install in installs:
        assert "--constraint requirements.lock" in install or "--no-deps" in install
    assert not re.search(r"^\s*(ENV|ARG)?.*(PASSWORD|SECRET|TOKEN|_KEY)=", dockerfile, flags=re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".venv"} <= set(ignored)


def test_modules_that_services_run_exist(compose: dict[str, Any]) -> None:
    commands = [service.get("command", []) for service in compose["services"].values()]
    modules = [command[2] for command in commands if command[:2] == ["python", "-m"]]
    assert modules
    missing = [m for m in modules if not (ROOT / m / "__main__.py").exists()]
    assert missing == [], "docker-compose.yml starts a package that cannot be started"
