"""A re-key as a person types about it."""

from __future__ import annotations

import json

from sisbridge.cli.output import ExitCode
from tests.cli.test_commands import region, run, running  # noqa: F401 - fixtures
from tests.support.rekeyed import rekeyed
from tests.support.small_region import REST, SmallRegion


def test_a_re_key_is_shown_accepted_and_followed_by_the_history(region: SmallRegion) -> None:  # noqa: F811
    run("sync", REST)
    assert run("rekey", "show", REST).exit_code == ExitCode.STOPPED
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    run("sync", REST)
    shown = run("rekey", "show", REST).stdout
    assert "n-u0" in shown
    assert "100%" in shown
    assert not any(word in shown for word in ("900000000", "Given", "Family"))
    assert len(json.loads(run("rekey", "show", REST, "--json").stdout)["pairs"]["users"]) == 6
    assert "6 persons, 6 seats" in run("rekey", "accept", REST).stdout
    told = json.loads(run("history", REST, "n-u0", "--json").stdout)
    assert [(one["sourced_id"], one["what"]) for one in told] == [
        ("n-u0", "came"),
        ("u0", "was removed"),
        ("u0", "came"),
    ]
    assert ", re-key" in told[0]["decided_by"]
    assert "was removed" in run("history", REST, "n-u0").stdout
    assert "Nothing with the sourcedId" in run("history", REST, "nobody").stdout


def test_a_refused_re_key_is_gone(region: SmallRegion) -> None:  # noqa: F811
    run("sync", REST)
    region.provider.dataset = rekeyed(region.provider.dataset, "users")
    run("sync", REST)
    assert "pairs are refused" in run("rekey", "refuse", REST).stdout
    assert run("rekey", "accept", REST).exit_code == ExitCode.STOPPED
