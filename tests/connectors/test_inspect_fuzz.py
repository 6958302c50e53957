"""Whatever a source holds, an inspection ends with a report or one of the four errors."""

from __future__ import annotations

import io
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.oneroster.conformance import Deviations, Inspection
from connectors.oneroster.conformance_fields import SERVED, file_fields, record_fields
from connectors.oneroster.conformance_records import RecordJudge
from connectors.oneroster.conformance_references import References
from connectors.oneroster.inspect_bundle import Bundle
from connectors.oneroster.inspect_csv import inspect_csv
from connectors.oneroster.inspect_json import inspect_json
from domain.errors import SisbridgeError
from domain.oneroster import COLLECTIONS, Version, csv_files

WORD = "Zzyzx"
"""Stands for a name; it must never be shown."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([WORD, "", "true", "a,b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sourcedId", "type", "href", "org", "role"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def bundle(**files: bytes) -> Bundle:
    return Bundle(
        "b", True, {name.replace("_", "."): lambda d=data: io.BytesIO(d) for name, data in files.items()}
    )


def judged(given_bundle: Bundle, kind: str) -> Inspection | None:
    with suppress(SisbridgeError):
        look = inspect_csv if kind == "csv" else inspect_json
        return look(given_bundle, lambda where, rows: None)
    return None


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_reported_or_refused(users: bytes, manifest: bytes) -> None:
    judged(bundle(users_csv=users, manifest_csv=manifest), "csv")
    judged(bundle(users_json=users), "json")


@given(
    st.sampled_from(csv_files(Version.V1P2)), st.lists(st.lists(st.sampled_from([WORD, "", "1", '"', ","])))
)
def test_any_rows_under_a_good_header_are_counted_and_never_shown(file: str, rows: list[list[str]]) -> None:
    header = ",".join(file_fields(file, Version.V1P2))
    text = "\r\n".join([header, *(",".join(row) for row in rows)]) + "\r\n"
    report = judged(bundle(**{f"{file}_csv": text.encode()}), "csv")
    assert report is not None
    assert WORD not in str(report)


@settings(max_examples=200)
@given(st.sampled_from(SERVED), st.data())
def test_any_json_in_any_field_is_judged_and_never_shown(collection: str, data: st.DataObject) -> None:
    version = (
        Version.V1P2
        if Version.V1P1 not in COLLECTIONS[collection].columns
        else data.draw(st.sampled_from(Version))
    )
    names = st.sampled_from([*record_fields(collection, version), "metadata", "role", "orgs"])
    records = data.draw(st.lists(st.dictionaries(names, JSON) | JSON, max_size=4))
    found = Deviations(version)
    references = References(found)
    judge = RecordJudge(collection, f"/{collection}", version, found, references)
    for number, record in enumerate(records, 1):
        judge.judge(number, record)
    judge.end()
    references.end(collection, f"/{collection}")
    references.finish()
    assert WORD not in str(found.all())
