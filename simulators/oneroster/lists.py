"""Which records stand behind each path: collections, their subsets, and the nested lists.

Source: OneRoster 1.1 and 1.2 REST bindings, tables of endpoints (41 rostering reads in both).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from domain.oneroster import SUBSET_COLLECTIONS, Version
from simulators.dataset import Dataset
from simulators.fields import FIELDS
from simulators.oneroster.problems import unknown_object
from simulators.shapes import Record

Select = Callable[..., list[Record]]

TERM_TYPES = ("term", "semester")
"""What /terms holds: the standard does not say whether a semester is a term; most providers think so."""


def plays(user: Record, role: str) -> bool:
    """Return whether a user has a role anywhere."""
    return any(item["role"] == role for item in user.get("roles", []))


_SUBSETS: dict[str, Callable[[Record], bool]] = {
    "terms": lambda session: session.get("type") in TERM_TYPES,
    "gradingPeriods": lambda session: session.get("type") == "gradingPeriod",
    "schools": lambda org: org.get("type") == "school",
    "students": lambda user: plays(user, "student"),
    "teachers": lambda user: plays(user, "teacher"),
}


@dataclass(frozen=True, slots=True)
class Path:
    """A path below a service root, taken apart: names and ids take turns."""

    segments: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The collection names."""
        return self.segments[0::2]

    @property
    def ids(self) -> tuple[str, ...]:
        """The sourcedIds between them."""
        return self.segments[1::2]

    @property
    def shape(self) -> str:
        """The path with `*` for every id: `classes/*/lineItems`."""
        return "/".join("*" if place % 2 else name for place, name in enumerate(self.segments))

    @property
    def collection(self) -> str:
        """The collection whose records the last name serves: `academicSessions` for `terms`."""
        return SUBSET_COLLECTIONS.get(self.names[-1], self.names[-1])

    @property
    def single(self) -> bool:
        """Whether one record is meant."""
        return len(self.segments) % 2 == 0


def belongs(name: str, record: Record) -> bool:
    """Return whether a record is in the (sub)collection of that name."""
    return name not in _SUBSETS or _SUBSETS[name](record)


def require(dataset: Dataset, name: str, sourced_id: str) -> Record:
    """Return one record of a (sub)collection; ProblemError 404 when it is not there."""
    record = dataset.get(SUBSET_COLLECTIONS.get(name, name), sourced_id)
    if record is None or not belongs(name, record):
        raise unknown_object(f"that {SUBSET_COLLECTIONS.get(name, name)} id")
    return record


def require_parents(dataset: Dataset, path: Path) -> None:
    """Raise ProblemError 404 unless the records named on the way are there, and the class in its school."""
    found = [require(dataset, name, at) for name, at in zip(path.names[:-1], path.ids, strict=True)]
    if path.shape.startswith("schools/*/classes/*/") and found[1]["school"]["sourcedId"] != path.ids[0]:
        raise unknown_object("that class in that school")


def select(dataset: Dataset, path: Path, version: Version) -> list[Record]:
    """Return the records a list path serves, in order; ProblemError 404 for no such path or parent."""
    require_parents(dataset, path)
    if len(path.names) == 1 and path.collection in FIELDS[version]:
        return [record for record in dataset.records(path.collection) if belongs(path.names[0], record)]
    nested = NESTED.get(path.shape)
    if nested is None or (version is Version.V1P1 and path.shape in ONLY_1P2):
        raise unknown_object("that path")
    return nested(dataset, *path.ids)


def _referring(collection: str, field: str, dataset: Dataset, *ids: str) -> list[Record]:
    return dataset.referring(collection, field, ids[-1])


def _live_enrollments(dataset: Dataset, field: str, sourced_id: str) -> list[Record]:
    found = dataset.referring("enrollments", field, sourced_id)
    return [enrollment for enrollment in found if enrollment["status"] == "active"]


def _pick(dataset: Dataset, collection: str, ids: list[str]) -> list[Record]:
    found = (dataset.get(collection, sourced_id) for sourced_id in dict.fromkeys(ids))
    return [record for record in found if record is not None]


def _people_of_class(role: str, dataset: Dataset, *ids: str) -> list[Record]:
    found = _live_enrollments(dataset, "class", ids[-1])
    return _pick(dataset, "users", [item["user"]["sourcedId"] for item in found if item["role"] == role])


def _classes_of_person(role: str, dataset: Dataset, person: str) -> list[Record]:
    found = _live_enrollments(dataset, "user", person)
    ids = [item["class"]["sourcedId"] for item in found if role in ("", item["role"])]
    return _pick(dataset, "classes", ids)


def _people_of_school(role: str, dataset: Dataset, school: str) -> list[Record]:
    wanted = (role, school)

    def here(user: Record) -> bool:
        return any((item["role"], item["org"]["sourcedId"]) == wanted for item in user.get("roles", []))

    return [user for user in dataset.records("users") if here(user)]


def _courses_of_school(dataset: Dataset, school: str) -> list[Record]:
    classes = dataset.referring("classes", "school", school)
    taught = [item["course"]["sourcedId"] for item in classes if "course" in item]
    owned = [course["sourcedId"] for course in dataset.referring("courses", "org", school)]
    return _pick(dataset, "courses", owned + taught)


def _terms_of_school(dataset: Dataset, school: str) -> list[Record]:
    classes = dataset.referring("classes", "school", school)
    ids = [term["sourcedId"] for item in classes for term in item.get("terms", [])]
    return [session for session in _pick(dataset, "academicSessions", ids) if belongs("terms", session)]


def _grading_periods_of_term(dataset: Dataset, term: str) -> list[Record]:
    below = dataset.referring("academicSessions", "parent", term)
    return [session for session in below if belongs("gradingPeriods", session)]


def _results_of_class(dataset: Dataset, class_id: str, student: str = "") -> list[Record]:
    items = dataset.referring("lineItems", "class", class_id)
    found = [row for item in items for row in dataset.referring("results", "lineItem", item["sourcedId"])]
    return [row for row in found if student in ("", row["student"]["sourcedId"])]


def _results_of_line_item(dataset: Dataset, class_id: str, line_item: str) -> list[Record]:
    if require(dataset, "lineItems", line_item).get("class", {}).get("sourcedId") != class_id:
        raise unknown_object("that line item in that class")
    return dataset.referring("results", "lineItem", line_item)


def _categories_of_class(dataset: Dataset, class_id: str) -> list[Record]:
    """Return what a line item of the class may be put into: all but those that name another class."""

    def is_open(category: Record) -> bool:
        return str(category.get("metadata", {}).get("classId", class_id)) == class_id

    return [category for category in dataset.records("categories") if is_open(category)]


def _score_scales_of_school(dataset: Dataset, school: str) -> list[Record]:
    ids = {item["sourcedId"] for item in dataset.referring("classes", "school", school)}
    return [scale for scale in dataset.records("scoreScales") if scale["class"]["sourcedId"] in ids]


def _resources_of(collection: str, dataset: Dataset, owner: str) -> list[Record]:
    record = require(dataset, collection, owner)
    return _pick(dataset, "resources", [item["sourcedId"] for item in record.get("resources", [])])


NESTED: dict[str, Select] = {
    "schools/*/courses": _courses_of_school,
    "schools/*/classes": partial(_referring, "classes", "school"),
    "schools/*/enrollments": partial(_referring, "enrollments", "school"),
    "schools/*/students": partial(_people_of_school, "student"),
    "schools/*/teachers": partial(_people_of_school, "teacher"),
    "schools/*/terms": _terms_of_school,
    "schools/*/classes/*/enrollments": partial(_referring, "enrollments", "class"),
    "schools/*/classes/*/students": partial(_people_of_class, "student"),
    "schools/*/classes/*/teachers": partial(_people_of_class, "teacher"),
    "schools/*/scoreScales": _score_scales_of_school,
    "terms/*/classes": partial(_referring, "classes", "terms"),
    "terms/*/gradingPeriods": _grading_periods_of_term,
    "courses/*/classes": partial(_referring, "classes", "course"),
    "students/*/classes": partial(_classes_of_person, "student"),
    "teachers/*/classes": partial(_classes_of_person, "teacher"),
    "users/*/classes": partial(_classes_of_person, ""),
    "classes/*/students": partial(_people_of_class, "student"),
    "classes/*/teachers": partial(_people_of_class, "teacher"),
    "classes/*/lineItems": partial(_referring, "lineItems", "class"),
    "classes/*/results": _results_of_class,
    "classes/*/lineItems/*/results": _results_of_line_item,
    "classes/*/students/*/results": _results_of_class,
    "classes/*/categories": _categories_of_class,
    "classes/*/scoreScales": partial(_referring, "scoreScales", "class"),
    "courses/*/resources": partial(_resources_of, "courses"),
    "classes/*/resources": partial(_resources_of, "classes"),
    "users/*/resources": partial(_resources_of, "users"),
}
"""Shape of a nested list → the function that finds its records from the ids in the path."""

ONLY_1P2 = frozenset(
    {"classes/*/categories", "classes/*/scoreScales", "schools/*/scoreScales", "users/*/resources"}
)
