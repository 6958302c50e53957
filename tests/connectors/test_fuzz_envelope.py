"""Whatever a OneRoster server answers: one of the four errors, or every record read or reported."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.http_errors import decode_json, wait_asked
from connectors.oneroster.envelope import minor_code, more_told, record_of, records_of, total_told
from connectors.oneroster.fields import SOURCE_TABLES
from connectors.oneroster.flatten import flatten
from domain.errors import SisbridgeError
from domain.oneroster import Version
from domain.tables import PLACE

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
KNOWN = ["sourcedId", "status", "users", "orgs", "user", "role", "roles", "org", "grades", "identifier"]
NAMES = st.sampled_from(KNOWN) | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
BYTES = st.binary(max_size=60) | st.text('{}[]",: usersnl0e\\u\ufeff', max_size=40).map(str.encode)
TABLES = st.sampled_from(sorted(SOURCE_TABLES))


def accounted(body: bytes, table: str, version: Version) -> None:
    """Read one answer as a pull does; every record must come out as a row or as a notice."""
    records = records_of(decode_json(body, "GET", "https://sis.example/x"), table, f"/{table}")
    flat = flatten(table, version, records, f"/{table}?offset=0")
    places = [*flat.batches[table].column(PLACE).to_pylist(), *(notice.place for notice in flat.notices)]
    assert sorted(places) == sorted(f"/{table}?offset=0#{number}" for number in range(1, len(records) + 1))


def _fix(body: bytes, table: str, version: Version) -> str:
    try:
        accounted(body, table, version)
    except SisbridgeError as error:
        return error.fix
    return "nothing to mend"


def survives(body: bytes, table: str, version: Version) -> None:
    assert _fix(body, table, version)


@settings(deadline=None, max_examples=300)
@given(JSON, TABLES, st.sampled_from(Version))
def test_any_json_is_read_or_one_of_the_four_errors(answer: object, table: str, version: Version) -> None:
    survives(orjson.dumps(answer), table, version)


@settings(deadline=None, max_examples=300)
@given(st.lists(JSON, max_size=6), TABLES, st.sampled_from(Version))
def test_every_record_of_any_list_is_read_or_reported(
    records: list[object], table: str, version: Version
) -> None:
    accounted(orjson.dumps({table: records}), table, version)


@settings(deadline=None, max_examples=300)
@given(BYTES)
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"users":[{"sourcedId":"\\ud800"}]}')
@example(b"[" * 5000)
def test_any_bytes_are_read_or_one_of_the_four_errors(body: bytes) -> None:
    survives(body, "users", Version.V1P2)


@pytest.mark.parametrize("depth", [10, 900, 1010])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"org":', "}"), ('{"identifier":', "}")])
def test_values_nested_to_any_depth_do_not_break_the_pull(depth: int, left: str, right: str) -> None:
    value = left * depth + '"x"' + right * depth
    survives(f'{{"users":[{{"sourcedId":"u","grades":{value}}}]}}'.encode(), "users", Version.V1P2)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=40), st.binary(max_size=60))
def test_any_header_is_a_number_a_moment_or_nothing(text: str, body: bytes) -> None:
    headers = {"Retry-After": text, "Date": text, "X-Total-Count": text, "Link": text}
    wait, total = wait_asked(headers, body), total_told(headers)
    assert wait is None or wait >= 0
    assert total is None or total >= 0
    assert more_told(headers) in (True, False, None)
    minor_code(body)


@settings(deadline=None, max_examples=150)
@given(JSON)
def test_any_single_answer_is_a_record_with_an_id_or_none(answer: object) -> None:
    record = record_of(answer, "users")
    assert record is None or record["sourcedId"]
