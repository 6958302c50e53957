"""A flattened page comes back from its bytes as it was, notices and all."""

from __future__ import annotations

import pytest

from connectors.flat_form import packed, unpacked
from connectors.oneroster.flatten import flatten
from domain.oneroster import Version

ROLE = {"roleType": "primary", "role": "student", "org": {"sourcedId": "s1"}}
USERS = [{"sourcedId": "ü1", "givenName": "", "mascot": "owl", "roles": [ROLE]}, {"sourcedId": "u2"}, 5]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("records", [USERS, []], ids=["users", "nobody"])
def test_a_flattened_page_comes_back_as_it_was(version: Version, records: list[object]) -> None:
    flat = flatten("users", version, records, "/users?offset=0")
    assert unpacked(packed(flat)) == flat


def test_what_was_noticed_comes_back_too() -> None:
    back = unpacked(packed(flatten("users", Version.V1P2, USERS, "/users?offset=0")))
    assert [note.place for note in back.notices] == ["/users?offset=0#3"]
    assert (back.unknown, back.other_shape) == ({"mascot"}, 1)
