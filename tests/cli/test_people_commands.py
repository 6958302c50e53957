"""People as a person types them."""

from __future__ import annotations

import json

from sisbridge.cli.output import ExitCode
from tests.cli.test_commands import region, run, running, toml  # noqa: F401 - fixtures
from tests.support.small_region import REST, SmallRegion, add_births, add_student


def test_two_with_one_number_are_listed_decided_and_gone_from_the_list(region: SmallRegion) -> None:  # noqa: F811
    add_student(region.provider.dataset, "u9", "900000000")
    run("sync", REST)
    listed = json.loads(run("people", "worklist", REST, "--json").stdout)
    assert [(one["sourced_id"], one["rule"], one["perhaps"]) for one in listed] == [
        ("u0", "ID20", ["u9"]),
        ("u9", "ID20", ["u0"]),
    ]
    shown = run("people", "worklist", REST).stdout
    assert "given_name" in shown
    assert "Given" not in shown
    assert "900000000" not in shown
    assert "one person" in run("people", "match", REST, "u0", "u9").stdout
    run("sync", REST)
    assert "Every student has a number" in run("people", "worklist", REST).stdout
    counts = json.loads(run("people", "list", REST, "--json").stdout)
    assert (counts["students"], counts["people"], counts["kinds"]["local id"]) == (7, 6, 7)
    assert "u0, u9" in run("people", "list", REST).stdout


def test_a_decision_about_nobody_is_refused(region: SmallRegion) -> None:  # noqa: F811
    run("sync", REST)
    done = run("people", "split", REST, "u0", "nobody")
    assert done.exit_code == ExitCode.STOPPED
    assert "CF81" in done.output


def test_why_takes_a_number_from_standard_input_and_shows_it_nowhere(region: SmallRegion) -> None:  # noqa: F811
    run("sync", REST)
    told = run("why", "--number", "--district", REST, input="900000003\n")
    assert told.exit_code == ExitCode.DONE
    assert "Student u3" in told.stdout
    assert "900000003" not in told.output
    assert "Class k" in run("why", "k", "--district", REST).stdout
    assert run("why").exit_code == ExitCode.USAGE
    assert run("why", "u0", "--number").exit_code == ExitCode.USAGE


def test_who_got_anothers_id_is_a_new_person(region: SmallRegion) -> None:  # noqa: F811
    run("sync", REST)
    assert "new person" in run("people", "renew", REST, "u0").stdout
    assert "CF81" in run("people", "renew", REST, "nobody").output


def test_whom_a_name_and_a_birth_date_propose_is_listed_without_either(region: SmallRegion) -> None:  # noqa: F811
    add_births(region.provider.dataset, {"u0": "2010-04-01", "u1": "2010-04-01"})
    file = region.folder / "births.toml"
    file.write_text(toml(region.with_births()), encoding="utf-8")
    assert run("region", "load", str(file)).exit_code == 0
    run("sync", REST)
    shown = run("people", "worklist", REST).stdout
    assert "Perhaps the same as u1: same name and birth date." in shown
    assert f"If not: sisbridge people split {REST} u0 u1" in shown
    listed = run("people", "worklist", REST, "--json").stdout
    assert [one["rule"] for one in json.loads(listed)] == ["ID27", "ID27"]
    assert not [text for text in (shown, listed) if "2010" in text or "Given" in text]
    run("people", "split", REST, "u0", "u1")
    assert "Every student has a number" in run("people", "worklist", REST).stdout
