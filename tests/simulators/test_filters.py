"""The filter language: against a plain Python filter, and at its edges."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.oneroster import RunningProvider
from simulators.oneroster.filters import parse_filter
from simulators.oneroster.problems import ProblemError
from tests.simulators.talk import get, ids

FIELDS = ("title", "code", "class")
texts = st.text(alphabet="ab'Z09 -é", max_size=3)
references = st.fixed_dictionaries({"sourcedId": texts})
records = st.fixed_dictionaries({"title": texts, "code": texts, "class": references})
clauses = st.tuples(
    st.sampled_from(["title", "code", "class.sourcedId"]),
    st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~"]),
    texts,
)


def plainly(record: dict[str, Any], clause: tuple[str, str, str]) -> bool:
    path, operator, value = clause
    have = record["class"]["sourcedId"] if "." in path else record[path]
    return {
        "=": have == value, "!=": have != value, ">": have > value, ">=": have >= value,
        "<": have < value, "<=": have <= value, "~": value in have,
    }[operator]  # fmt: skip


def written(clause: tuple[str, str, str]) -> str:
    path, operator, value = clause
    quoted = value.replace("'", "''")
    return f"{path}{operator}'{quoted}'"


@given(clauses, clauses, st.sampled_from(["AND", "OR"]), st.lists(records, max_size=8))
def test_two_clauses_choose_what_plain_python_chooses(
    one: tuple[str, str, str], two: tuple[str, str, str], joint: str, rows: list[dict[str, Any]]
) -> None:
    wanted = parse_filter(f"{written(one)} {joint} {written(two)}", FIELDS)
    both = all if joint == "AND" else any
    assert [row for row in rows if wanted.matches(row)] == [
        row for row in rows if both((plainly(row, one), plainly(row, two)))
    ]


@given(st.lists(clauses, min_size=3, max_size=3), records)
def test_and_binds_tighter_than_or(three: list[tuple[str, str, str]], row: dict[str, Any]) -> None:
    one, two, three_ = (plainly(row, clause) for clause in three)
    text = "{} OR {} AND {}".format(*map(written, three))
    assert parse_filter(text, FIELDS).matches(row) == (one or (two and three_))


RECORD: dict[str, Any] = {
    "score": 9.5, "subjects": ["Maths", "Physics"], "orgs": [{"sourcedId": "a"}, {"sourcedId": "b"}],
    "roles": [{"role": "student", "org": {"sourcedId": "a"}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("score>'10'", False),
        ("score<'10'", True),
        ("score='9.50'", True),
        ("subjects='Maths'", True),
        ("subjects='Physics,Maths'", True),
        ("subjects='Maths,Art'", False),
        ("subjects~'Maths,Art'", True),
        ("subjects!='Art'", True),
        ("orgs='b'", True),
        ("orgs.sourcedId='b'", True),
        ("roles.role='student'", True),
        ("roles.org.sourcedId='a'", True),
        ("missing='x'", False),
        ("missing!='x'", True),
        ("missing.deeper='x'", False),
    ],
)
def test_numbers_lists_and_missing_fields(text: str, matches: bool) -> None:
    assert parse_filter(text, (*RECORD, "missing")).matches(RECORD) is matches


@pytest.mark.parametrize(
    "text",
    ["title", "title=x", "title='x", "shoeSize='9'", "title='a' XOR code='b'", "title='a' AND ",
     "(title='a')", "title='a'code='b'", "", "title=='a'"],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        parse_filter(text, FIELDS)
    assert (refused.value.http_status, refused.value.code_minor) == (400, "invalid_filter_field")


def test_comparing_a_number_with_a_word_is_refused() -> None:
    with pytest.raises(ProblemError):
        parse_filter("score>'many'", ("score",)).matches({"score": 1})


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("users", "givenName='Gu1'", ["u1"]),
        ("students", "familyName>='Fu2'", ["u2", "u3"]),
        ("enrollments", "class.sourcedId='c1' AND role='teacher'", ["e4"]),
        ("enrollments", "user.sourcedId='u3' OR user='u1'", ["e1", "e3"]),
        ("users", "dateLastModified>'2026-02-03T04:05:05.999Z' AND sourcedId~'2'", ["u2"]),
    ],
)
def test_filter_comes_through_the_url(
    provider: RunningProvider, path: str, text: str, wanted: list[str]
) -> None:
    answer = get(provider, f"{path}?filter={quote(text)}")
    assert (ids(answer), answer.headers["X-Total-Count"]) == (wanted, str(len(wanted)))


def test_filter_sees_its_versions_fields(provider_1p1: RunningProvider, provider: RunningProvider) -> None:
    by_role = quote("role='teacher'")
    assert ids(get(provider_1p1, f"users?filter={by_role}")) == ["teach"]
    assert get(provider, f"users?filter={by_role}").code_minor == "invalid_filter_field"
