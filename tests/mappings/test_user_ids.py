"""The state's number of a student, out of the further identifiers of a user."""

from __future__ import annotations

import pytest

from mappings.user_ids import identifiers, state_identifier


@pytest.mark.parametrize(
    ("user_ids", "state"),
    [
        ("{SIS:77},{State ID:123456789}", "123456789"),
        ("{stateUniqueId:123456789}", "123456789"),
        ("{STN: 123456789 }", "123456789"),
        ("{SIS:77}", ""),
        ("{state:1},{ssid:2}", ""),
        ("{state:}", ""),
        ("123456789", ""),
        (None, ""),
    ],
)
def test_the_state_identifier_is_the_one_that_a_state_gave(user_ids: str | None, state: str) -> None:
    assert state_identifier(user_ids) == state


def test_a_district_may_name_the_type_its_state_number_has() -> None:
    assert state_identifier("{ESC:5},{state:6}", ["esc"]) == "5"


def test_what_is_no_pair_is_left_out() -> None:
    assert list(identifiers("{a:1},b,{c},{d:2:3}")) == [("a", "1"), ("d", "2:3")]
