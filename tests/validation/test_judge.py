"""Judging a batch of a roster table."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ContractBroken
from domain.model import Severity
from domain.tables import PLACE, RosterTable
from tests.validation.building import context, key_set, roster_batch
from validation.codes import CODE_SETS
from validation.context import KeySet
from validation.frames import usual_width
from validation.judge import judge

USERS, ENROLLMENTS, CLASSES, ORGS = (
    RosterTable.USERS,
    RosterTable.ENROLLMENTS,
    RosterTable.CLASSES,
    RosterTable.ORGS,
)

WRONG = st.fixed_dictionaries(
    {},
    optional={
        "sourced_id": st.sampled_from([None, "twice", "ok", "1E+05"]),
        "status": st.sampled_from(["active", "tobedeleted", "gone", None]),
        "class_sourced_id": st.sampled_from(["class-1", "class-9", "class-held", None]),
        "role": st.sampled_from(["student", "STU"]),
        "begin_date": st.sampled_from(["2026-08-17", "soon", None]),
        "primary": st.sampled_from(["true", "maybe"]),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WRONG, max_size=12))
def test_every_row_comes_out_once_and_in_order(rows: list[dict[str, str | None]]) -> None:
    batch = roster_batch(ENROLLMENTS, rows)
    outcome = judge(ENROLLMENTS, batch, context(contested=pa.array(["twice"])))
    clean, held = (part.column(PLACE).to_pylist() for part in (outcome.clean, outcome.quarantined))
    places = batch.column(PLACE).to_pylist()
    assert sorted(clean + held) == sorted(places)
    assert clean == [place for place in places if place in set(clean)]
    assert held == [place for place in places if place in set(held)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WRONG, max_size=12))
def test_a_row_is_quarantined_exactly_when_a_finding_holds_it(rows: list[dict[str, str | None]]) -> None:
    outcome = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context(contested=pa.array(["twice"])))
    holding = {finding.place for finding in outcome.findings if finding.severity is Severity.HOLD_ROW}
    assert set(outcome.quarantined.column(PLACE).to_pylist()) == holding


def test_clean_rows_judged_again_have_nothing_more_to_say() -> None:
    rows = [{"begin_date": "soon"}, {"role": "STU"}, {"primary": "Y"}, {}]
    first = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context())
    again = judge(ENROLLMENTS, first.clean, context())
    assert again.findings == ()
    assert again.clean.equals(first.clean)


def test_all_of_many_failing_rows_are_found() -> None:
    rows = [{"class_sourced_id": "class-9" if number % 2 else "class-1"} for number in range(1000)]
    outcome = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context())
    assert (outcome.clean.num_rows, outcome.quarantined.num_rows, len(outcome.findings)) == (500, 500, 500)


def test_rows_that_share_an_id_are_told_apart_by_position() -> None:
    rows = [{"sourced_id": "same"}, {"sourced_id": "same", "role": "STU"}, {"sourced_id": "same"}]
    outcome = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context())
    assert outcome.clean.column(PLACE).to_pylist() == ["file:1", "file:3"]
    assert outcome.quarantined.column(PLACE).to_pylist() == ["file:2"]


def test_a_hold_wins_and_the_quarantined_row_is_untouched() -> None:
    rows = [{"begin_date": "soon", "class_sourced_id": "class-9", "role": "STU"}]
    outcome = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context())
    assert [finding.rule for finding in outcome.findings] == ["RF01", "CD01", "DT02"]
    held = outcome.quarantined.to_pylist()[0]
    assert (held["begin_date"], held["role"], held["_rule"]) == ("soon", "STU", "RF01")


def test_blank_usernames_and_class_titles_are_no_findings() -> None:
    users = judge(USERS, roster_batch(USERS, [{"username": None}] * 2888), context())
    classes = judge(CLASSES, roster_batch(CLASSES, [{"title": None}] * 10), context())
    assert users.findings == classes.findings == ()
    assert users.clean.num_rows == 2888


def test_two_drops_thin_the_same_list() -> None:
    rows = [{"term_sourced_ids": "term-1,term-7,term-held,term-2"}, {"term_sourced_ids": "term-7,term-held"}]
    outcome = judge(CLASSES, roster_batch(CLASSES, rows), context())
    assert outcome.clean.column("term_sourced_ids").to_pylist() == ["term-1,term-2", None]
    assert [(finding.rule, finding.masked) for finding in outcome.findings[:2]] == [
        ("RF02", "xxxx-9"),
        ("RF04", "xxxx-xxxx"),
    ]


def test_a_table_that_refers_to_itself_is_resolved_in_its_own_keys() -> None:
    rows = [{"parent_sourced_id": "school-1"}, {"parent_sourced_id": "school-9"}]
    outcome = judge(ORGS, roster_batch(ORGS, rows), context())
    assert outcome.clean.column("parent_sourced_id").to_pylist() == ["school-1", None]


def test_a_held_parent_in_the_same_table_is_left_out() -> None:
    outcome = judge(ORGS, roster_batch(ORGS, [{"parent_sourced_id": "school-held"}]), context())
    assert [(finding.rule, finding.group) for finding in outcome.findings] == [("RF04", "orgs")]
    assert outcome.clean.column("parent_sourced_id").to_pylist() == [None]


def test_a_row_on_its_way_out_may_be_blank_but_not_of_doubtful_identity() -> None:
    leaving = {"status": "tobedeleted", "given_name": None, "family_name": None, "grades": "9th"}
    unmapped = {"sourced_id": "here", "grades": "9th"}
    rows = [leaving | {"sourced_id": "gone"}, unmapped, leaving | {"sourced_id": "twice"}]
    outcome = judge(USERS, roster_batch(USERS, rows), context(contested=pa.array(["twice"])))
    assert outcome.clean.column("sourced_id").to_pylist() == ["gone"]
    assert [(finding.rule, finding.key) for finding in outcome.findings] == [
        ("CD02", "here"),
        ("ID02", "twice"),
    ]


def test_a_district_may_know_more_codes() -> None:
    codes = dict(CODE_SETS) | {"grade_levels": CODE_SETS["grade_levels"] | {"HS"}}
    outcome = judge(USERS, roster_batch(USERS, [{"grades": "HS"}]), context(codes=codes))
    assert outcome.findings == ()


def test_the_student_concerned_is_named_by_id_and_only_if_one_is() -> None:
    rows = [{"user_sourced_id": "user-1", "role": "STU"}, {"user_sourced_id": "user-2", "role": "TEA"}]
    outcome = judge(ENROLLMENTS, roster_batch(ENROLLMENTS, rows), context(students=pa.array(["user-1"])))
    assert [finding.student for finding in outcome.findings] == ["user-1", None]


def test_no_personal_value_is_in_any_finding() -> None:
    secret = dict.fromkeys(("given_name", "family_name", "email", "username"), "Zyx")
    rows = [secret | {"identifier": "7654321.0", "grades": "9th", "primary_org_sourced_id": "school-9"}]
    outcome = judge(USERS, roster_batch(USERS, rows), context())
    assert [finding.rule for finding in outcome.findings] == ["ID04", "CD02", "RF02"]
    said = repr(outcome.findings)
    assert not [value for value in ("Zyx", "765", "school-9") if value in said]


def test_an_unmapped_code_is_one_group_however_many_rows_have_it() -> None:
    rows = [{"grades": "9th"}] * 3 + [{"grades": "9th,HS"}]
    outcome = judge(USERS, roster_batch(USERS, rows), context())
    assert [finding.group for finding in outcome.findings] == ["9th"] * 4 + ["HS"]


def test_an_empty_batch_is_clean() -> None:
    outcome = judge(USERS, roster_batch(USERS, []), context())
    assert (outcome.clean.num_rows, outcome.quarantined.num_rows, outcome.findings) == (0, 0, ())
    assert outcome.quarantined.schema.names[-1] == "_rule"


def test_keys_may_be_chunked_and_text_may_be_large() -> None:
    names = ("class", "school", "user")
    chunked = [pa.chunked_array([[f"{name}-1"], [f"{name}-2"]], pa.large_string()) for name in names]
    tables = (CLASSES, ORGS, USERS)
    feed = replace(context(), references={t: KeySet(k, k) for t, k in zip(tables, chunked, strict=True)})
    batch = roster_batch(
        ENROLLMENTS, [{}, {"class_sourced_id": "class-9", "begin_date": "soon"}, {"end_date": "x"}]
    )
    large = batch.cast(pa.schema([(name, pa.large_string()) for name in batch.schema.names]))
    outcome = judge(ENROLLMENTS, large, feed)
    assert outcome.clean.column(PLACE).to_pylist() == ["file:1", "file:3"]
    assert outcome.clean.schema == large.schema


def test_judging_without_the_parents_keys_fails_loudly() -> None:
    feed = replace(context(), references={USERS: key_set(["user-1"])})
    with pytest.raises(ContractBroken, match="classes"):
        judge(ENROLLMENTS, roster_batch(ENROLLMENTS, [{}]), feed)


def test_judging_without_a_column_fails_loudly() -> None:
    batch = roster_batch(ENROLLMENTS, [{}]).drop_columns(["role"])
    with pytest.raises(ContractBroken, match="role"):
        judge(ENROLLMENTS, batch, context())


@pytest.mark.parametrize(
    ("widths", "usual"),
    [
        ({6: 99, 5: 1}, 6),
        ({6: 98, 5: 2}, None),
        ({6: 99}, None),
        ({6: 9900, 5: 100}, 6),
    ],
)
def test_a_width_is_usual_when_99_of_100_share_it(widths: dict[int, int], usual: int | None) -> None:
    identifiers = ["9" * width for width, rows in widths.items() for _ in range(rows)]
    assert usual_width(pa.array([*identifiers, None])) == usual


def test_an_unset_width_is_taken_from_the_students_of_the_batch() -> None:
    rows = [{"sourced_id": f"s{number}", "identifier": f"{100000 + number}"} for number in range(99)]
    rows += [{"sourced_id": "short", "identifier": "1234"}, {"sourced_id": "teacher", "identifier": "7"}]
    students = pa.array([f"s{number}" for number in range(99)] + ["short"])
    outcome = judge(USERS, roster_batch(USERS, rows), context(students=students))
    assert [(finding.rule, finding.key) for finding in outcome.findings] == [("ID03", "short")]
