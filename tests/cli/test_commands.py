"""The commands as a person types them: what they print, what they leave, and their exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from simulators.oneroster.faults import Fault, FaultKind
from sisbridge.cli.grades import counting
from sisbridge.cli.main import app
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode
from sisbridge.store.tables.region import audit
from sisbridge.sync.answers.receipts import LOOKED_AT
from tests.support.small_region import FILES, NOW, REST, SmallRegion, roster

PAGES = (Path(__file__).parents[2] / "docs" / name for name in ("cli.md", "inspect.md"))
DOCS = "".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Two districts' simulated SISs."""
    with SmallRegion(tmp_path_factory.mktemp("sis")) as region:
        yield region


@pytest.fixture
def region(running: SmallRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRegion:
    """An installation of its own whose region file is loaded and whose secrets are kept."""
    running.reset()
    monkeypatch.setenv("SISBRIDGE_HOME", str(tmp_path))
    monkeypatch.setenv("SISBRIDGE_DEMO", "true")
    file = tmp_path / "region.toml"
    file.write_text(toml(running.entries()), encoding="utf-8")
    assert run("region", "load", str(file)).exit_code == 0
    keep(REST, "sis_client_secret", running.provider.client_secret)
    keep(FILES, "sis_password", "secret")
    return running


def toml(content: Any, name: str = "") -> str:
    """Write what a region file holds as TOML: just what these tests need of it."""
    plain = "".join(f"{json.dumps(k)} = {value(v)}\n" for k, v in content.items() if not nested(v))
    tables = [(f"{name}.{json.dumps(k)}".lstrip("."), v) for k, v in content.items() if nested(v)]
    return plain + "".join(
        f"\n[[{key}]]\n{toml(row, key)}" if isinstance(inner, list) else f"\n[{key}]\n{toml(inner, key)}"
        for key, inner in tables
        for row in (inner if isinstance(inner, list) else [inner])
    )


def nested(found: Any) -> bool:
    """Return whether a value is a table, or a list of tables."""
    return isinstance(found, dict) or (isinstance(found, list) and bool(found) and isinstance(found[0], dict))


def value(found: Any) -> str:
    """Write one plain value."""
    return found.isoformat() if isinstance(found, date) else json.dumps(found)


def run(*words: str, **more: Any) -> Result:
    """Run one command."""
    return CliRunner().invoke(app, list(words), **more)


def keep(district: str, name: str, secret: str) -> None:
    """Keep a secret as in a pipe."""
    assert run("secret", "set", district, name, input=secret).exit_code == 0


def test_a_night_by_hand_from_check_to_receipt(region: SmallRegion) -> None:
    assert run("check", REST).exit_code == 0
    assert run("sync").exit_code == 0
    grades = region.grade_file([f"{REST},u0,88.5", f"{FILES},u1,77"])
    assert run("grades", "collect", str(grades)).exit_code == 0
    assert run("grades", "release").exit_code == 0
    delivered = json.loads(run("grades", "deliver", "--json").stdout)
    assert (delivered[REST]["confirmed"], delivered[FILES]["delivered"]) == (1, 1)
    assert "1 confirmed" in run("why", "u0", "--district", REST).stdout
    assert "No case is open." in run("cases").stdout
    assert {row["stage"] for row in json.loads(run("runs", "--json").stdout)} >= {"pull", "apply", "seats"}


def test_a_conflict_is_listed_by_id_and_a_person_chooses(region: SmallRegion) -> None:
    def deliver(percent: str) -> dict[str, int]:
        run("grades", "collect", str(region.grade_file([f"{REST},u0,{percent}"])))
        run("grades", "release", REST)
        counts: dict[str, int] = json.loads(run("grades", "deliver", REST, "--json").stdout)[REST]
        return counts

    assert run("sync", REST).exit_code == 0
    deliver("88.5")
    dataset = region.provider.dataset
    dataset.change("results", dataset.records("results")[0]["sourcedId"], NOW, score=90.0)
    assert deliver("89")["conflict"] == 1
    (listed,) = json.loads(run("grades", "list", REST, "--json").stdout)
    assert (listed["state"], listed["student"], listed["period"]) == ("conflict", "u0", "Final")
    assert f"then sisbridge grades choose {REST} ITEM --keep-theirs" in run("grades", "list", REST).stdout
    assert run("grades", "choose", REST, listed["item"]).exit_code == ExitCode.USAGE
    assert "is now withdrawn" in run("grades", "choose", REST, listed["item"], "--keep-theirs").stdout
    assert run("grades", "choose", REST, listed["item"], "--send-ours").exit_code == ExitCode.STOPPED
    assert "No grade is on its way." in run("grades", "list", REST).stdout
    assert "No grade file waits." in run("grades", "file", REST).stdout
    assert run("grades", "file", REST, "grades.csv", "--loaded").exit_code == ExitCode.STOPPED
    assert run("grades", "file", REST, "--loaded").exit_code == ExitCode.USAGE
    assert len(json.loads(run("grades", "list", REST, "--all", "--json").stdout)) == 2


def test_a_receipt_shows_grades_on_a_terminal_only_and_that_is_audited(
    region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync", REST)
    run("grades", "collect", str(region.grade_file([f"{REST},u0,88.5"])))
    run("grades", "release", REST)
    (listed,) = json.loads(run("grades", "list", REST, "--json").stdout)
    asked = ("grades", "receipt", REST, listed["item"])
    assert "Nothing was sent" in run(*asked).stdout
    run("grades", "deliver", REST)
    assert run(*asked).exit_code == ExitCode.DONE
    assert "88.5" not in run(*asked).stdout
    assert run(*asked, "--values").exit_code == ExitCode.USAGE
    assert run("grades", "receipt", FILES, listed["item"]).exit_code == ExitCode.STOPPED
    monkeypatch.setattr("sisbridge.cli.grade_receipt.is_terminal", lambda: True)
    (told,) = json.loads(run(*asked, "--values", "--json").stdout)
    assert (told["held before"], told["sent"], told["read back"]) == ("none", "88.5 B", "88.5 B")
    assert (told["outcome"], told["adopted"]) == ("confirmed", "no")
    with opened(False) as house, house.store.read() as conn:
        looks = sa.select(audit.c.subject).where(audit.c.action == LOOKED_AT)
        assert conn.scalars(looks).all() == [listed["item"]]


def test_long_work_counts_on_a_terminal_and_is_silent_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    with counting(quiet=False) as counted:
        assert counted is None
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    with counting(quiet=False) as counted:
        assert counted
        counted("9101 sending")(3, 20)
    assert "9101 sending" in terminal.getvalue()


def test_a_rehearsal_shows_what_would_come_and_what_would_be_held_and_applies_nothing(
    region: SmallRegion,
) -> None:
    region.provider.dataset.records("users")[0]["grades"] = ["Jedi"]
    seen = run("sync", REST, "--rehearse")
    assert seen.exit_code == ExitCode.DONE
    assert f"What would become of the roster of {REST}" in seen.stdout
    assert "the grade level" in seen.stdout
    assert "[CD02, 3 rows, 1 student, first u0]" in seen.stdout
    (told,) = json.loads(run("sync", REST, "--rehearse", "--json").stdout)
    flowing = {one["table"]: (one["flowing"], one["would_be"]) for one in told["tables"]}
    assert flowing["users"] == ({"add": 5}, 5)
    assert [(case["rule"], case["rows"], case["first_key"]) for case in told["cases"]] == [("CD02", 3, "u0")]
    assert "No case is open." in run("cases").stdout
    assert "was ever seen" in run("why", "u1").stdout


def test_a_stopped_night_is_told_with_its_reason_and_its_fix(region: SmallRegion) -> None:
    region.provider.faults.add(Fault(FaultKind.WRONG_SECRET, times=None))
    ended = run("sync", REST)
    told = run("runs", REST)
    for said in (ended, told):
        assert f"District {REST}: CN03: " in said.stdout
        assert "  Fix: " in said.stdout
    (entry,) = json.loads(run("runs", REST, "--json").stdout)
    assert (entry["state"], entry["code"], entry["stage"], entry["rows"]) == ("stopped", "CN03", "", 0)
    assert run("runs", "nowhere").exit_code == ExitCode.STOPPED


def test_a_case_names_the_students_it_is_about(region: SmallRegion) -> None:
    region.provider.dataset.records("users")[3]["grades"] = ["Jedi"]
    run("sync", REST)
    assert "Whom a case is about: --students." in run("cases", REST).stdout
    told = run("cases", REST, "--students").stdout
    assert ("    Student u3\n" in told, "Whom a case is about" in told) == (True, False)
    (case,) = json.loads(run("cases", "--students", "--json").stdout)
    assert (case["rule"], case["rows"], case["student_ids"]) == ("CD02", 3, ["u3"])


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(FaultKind.WRONG_SECRET, times=None), ExitCode.STOPPED),
        (Fault(FaultKind.STATUS, times=None, status=503, retry_after="0"), ExitCode.RETRY),
    ],
)
def test_sync_ends_with_a_documented_code(region: SmallRegion, fault: Fault, code: ExitCode) -> None:
    region.provider.faults.add(fault)
    ended = run("sync", "--json")
    assert ended.exit_code == code
    stopped = {row["district"]: (row["state"], bool(row["fix"])) for row in json.loads(ended.stdout)}
    assert stopped == {REST: ("stopped", True), FILES: ("finished", False)}


def test_a_failed_check_names_the_step_and_the_fix(region: SmallRegion) -> None:
    keep(REST, "sis_client_secret", "wrong")
    ended = run("check", REST, "--json")
    failed = [step for step in json.loads(ended.stdout) if step["outcome"] == "failed"]
    assert ended.exit_code == ExitCode.STOPPED
    assert failed
    assert all(step["fix"] for step in failed)


def test_an_unknown_district_says_how_to_add_one(region: SmallRegion) -> None:
    ended = run("sync", "nowhere")
    assert ended.exit_code == ExitCode.STOPPED
    assert "Fix:" in ended.stderr


def test_a_bad_region_file_names_the_table_and_the_key(region: SmallRegion, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[[district]]\ncode = "9"\nname = "Nine"\n', encoding="utf-8")
    ended = run("region", "load", str(file))
    assert ended.exit_code == ExitCode.STOPPED
    assert "district 9, the key 'state' is missing" in ended.stderr


def test_what_a_region_file_asks_for_and_nobody_kept_is_said_with_the_command(
    region: SmallRegion, tmp_path: Path
) -> None:
    entries = region.entries()
    entries["district"][0]["roster"]["secrets"] = {"client_secret": "another_secret"}
    file = tmp_path / "another.toml"
    file.write_text(toml(entries), encoding="utf-8")
    loaded = run("region", "load", str(file)).stdout
    assert loaded.splitlines()[1:] == [f"Not kept yet: sisbridge secret set {REST} another_secret"]
    failed = json.loads(run("check", REST, "--json").stdout)[0]
    assert f"`sisbridge secret set {REST} another_secret`" in failed["fix"]
    mistyped = run("secret", "set", REST, "anotter_secret", input="x")
    assert "asked for: another_secret, sis_client_secret" in mistyped.stderr
    kept = run("secret", "set", REST, "another_secret", input="x")
    assert (kept.exit_code, kept.stderr) == (ExitCode.DONE, "")


def test_without_a_master_key_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SISBRIDGE_HOME", str(tmp_path))
    monkeypatch.delenv("SISBRIDGE_MASTER_KEY", raising=False)
    ended = run("cases")
    assert ended.exit_code == ExitCode.BROKEN
    assert "SISBRIDGE_MASTER_KEY" in ended.stderr


def test_every_district_that_cannot_be_served_is_told_in_one_document(
    region: SmallRegion, tmp_path: Path
) -> None:
    entries = region.entries()
    for district in entries["district"]:
        del district["mou_approved_on"]
    file = tmp_path / "without.toml"
    file.write_text(toml(entries), encoding="utf-8")
    assert run("region", "load", str(file)).exit_code == 0
    ended = run("grades", "deliver", "--json")
    told = json.loads(ended.stdout)
    assert {code: one["code"] for code, one in told.items()} == {REST: "CF11", FILES: "CF11"}
    assert ended.exit_code == ExitCode.STOPPED
    plain = run("grades", "release").stderr
    assert f"District {REST}: CF11: " in plain
    assert f"District {FILES}: CF11: " in plain


def test_a_grade_row_of_no_known_district_is_named_by_its_place(region: SmallRegion) -> None:
    run("sync")
    ended = run("grades", "collect", str(region.grade_file(["7777,u0,80"])))
    assert ended.exit_code == ExitCode.STOPPED
    assert "grades.csv:2" in ended.stderr


def test_a_hold_is_listed_shown_and_decided_on_with_a_name(region: SmallRegion) -> None:
    crowd = roster(36)
    region.drop(crowd)
    run("sync", FILES)
    for number in range(12):
        crowd.drop("users", f"u{number}")
        crowd.drop("enrollments", f"e-u{number}")
    region.drop(crowd)
    run("sync", FILES)
    assert "more than the 3 rows allowed" in run("holds", "list").stdout
    assert "sisbridge drift DISTRICT" in run("runs").stdout
    drifted = json.loads(run("drift", FILES, "--json").stdout)
    assert f"night of {drifted['night_on']}" in run("drift", FILES).stdout
    counted = drifted["counts"]
    assert (counted["held"], counted["quarantined"], counted["unexplained"]) == (36, 0, 0)
    assert "held 36" in run("drift", FILES).stdout
    shown = json.loads(run("holds", "show", FILES, "1", "--json").stdout)
    assert sum(line["rows"] for line in shown["tally"]) == 36
    assert run("holds", "release", FILES).exit_code == ExitCode.USAGE
    refused = run("holds", "discard", FILES, "1", "--op", "remove", "--table", "enrollments")
    assert "12 changes are kept back" in refused.stdout
    assert "12 changes are released" in run("holds", "release", FILES, "--table", "users").stdout


def commands(group: TyperGroup, words: tuple[str, ...] = ("sisbridge",)) -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def test_every_command_and_option_is_documented_and_every_command_shows_an_example() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    found = dict(commands(root))
    assert len(found) > 8
    for name, command in found.items():
        assert f"`{name}" in DOCS, name
        assert f"Example: {name}" in (command.help or ""), name
        long_options = [o for p in command.params for o in p.opts if o.startswith("--") and o != "--json"]
        assert [o for o in long_options if o not in DOCS] == [], name


def test_every_exit_code_is_documented() -> None:
    for code in ExitCode:
        assert f"| {code.value} | {code.name.lower().replace('_', ' ')} |" in DOCS
