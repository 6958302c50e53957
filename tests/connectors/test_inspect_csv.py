"""Packages with one fault each: the code, the place and the number of rows."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.oneroster.conformance import Inspection
from connectors.oneroster.conformance_fields import Field, file_fields
from connectors.oneroster.inspect_bundle import opened
from connectors.oneroster.inspect_csv import inspect_csv
from domain.errors import ContractBroken, StopDistrict
from domain.oneroster import COLLECTIONS, Version, csv_files
from simulators.data import SMALL
from simulators.dataset import Dataset, manifest, zip_of

Files = dict[str, bytes]
Change = Callable[[Files], object]


def clean(version: Version = Version.V1P1) -> Files:
    """Return a bulk package by the book."""
    files = Dataset.from_csv_zip(SMALL).csv_package(version, dated=False)
    files["academicSessions.csv"] = files["academicSessions.csv"].replace(b"2025-2026\r", b"2026\r")
    return files


def inspected(files: Files, folder: Path) -> Inspection:
    path = folder / "package.zip"
    path.write_bytes(zip_of(files))
    with opened(path) as bundle:
        return inspect_csv(bundle, lambda where, rows: None)


def found(report: Inspection) -> list[tuple[str, str, str, int]]:
    return [(one.code, one.where, one.field, one.rows) for one in report.deviations]


def edit(file: str, old: bytes, new: bytes, times: int = 1) -> Change:
    def change(files: Files) -> None:
        assert old in files[file]
        files[file] = files[file].replace(old, new, times)

    return change


@pytest.mark.parametrize("version", list(Version))
def test_a_package_by_the_book_has_no_deviation(version: Version, tmp_path: Path) -> None:
    report = inspected(clean(version), tmp_path)
    assert found(report) == []
    assert report.version is version
    assert report.counts["enrollments"] == 1855


ORG, MANIFEST, USERS, COURSES = "orgs.csv", "manifest.csv", "users.csv", "courses.csv"
SESSIONS, ENROLLED = "academicSessions.csv", "enrollments.csv"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda files: files.pop(MANIFEST), ("OR-F01", MANIFEST, "", 1)),
        (edit(MANIFEST, b"file.results,absent\r\n", b""), ("OR-F02", MANIFEST, "file.results", 1)),
        (edit(MANIFEST, b"file.results", b"file.Results"), ("OR-F03", MANIFEST, "file.Results", 1)),
        (edit(MANIFEST, b"results,absent", b"results,none"), ("OR-F04", MANIFEST, "file.results", 1)),
        (edit(MANIFEST, b"results,absent", b"results,bulk"), ("OR-F05", MANIFEST, "file.results", 1)),
        (edit(MANIFEST, b"file.users,bulk", b"file.users,absent"), ("OR-F06", MANIFEST, "file.users", 1)),
        (edit(MANIFEST, b"n,1.1", b"n,v1p1"), ("OR-F07", MANIFEST, "oneroster.version", 1)),
        (edit(MANIFEST, b"Name,value", b"Name,propertyValue"), ("OR-F08", MANIFEST, "", 1)),
        (lambda files: files.update({"Orgs.csv": files.pop(ORG)}), ("OR-F10", ORG, "", 1)),
        (lambda files: files.update({"readme.txt": b"x"}), ("OR-F12", "the package", "", 1)),
        (edit(ORG, b"Public", "Públic".encode("cp1252")), ("OR-F13", ORG, "", 1)),
        (lambda files: files.update({ORG: b"\xef\xbb\xbf" + files[ORG]}), ("OR-F14", ORG, "", 1)),
        (edit(ORG, b"\r\n", b"\n", 99), ("OR-F15", ORG, "", 1)),
        (edit(ORG, b",", b";", 999), ("OR-F16", ORG, "", 1)),
        (edit(ORG, b",identifier", b",number"), ("OR-F17", ORG, "identifier", 1)),
        (edit(ORG, b",identifier", b",number"), ("OR-F18", ORG, "number", 1)),
        (edit(ORG, b"name,type", b"type,name"), ("OR-F19", ORG, "", 1)),
        (edit(ORG, b"name,type", b"Name,type"), ("OR-F20", ORG, "name", 1)),
        (lambda files: files.update({ORG: files[ORG].split(b"\n")[0] + b"\n"}), ("OR-F21", ORG, "", 1)),
        (edit(ORG, b",district,", b",district,,"), ("OR-F22", ORG, "", 1)),
        (edit(ORG, b",,,Blue", b',,,"Blue\r\n"'), ("OR-F23", ORG, "", 1)),
        (edit(ORG, b",,,Blue", b",active,,Blue"), ("OR-F24", ORG, "status", 1)),
        (edit(MANIFEST, b"orgs,bulk", b"orgs,delta"), ("OR-F25", ORG, "status/dateLastModified", 4)),
        (edit(ORG, b"d", b"\0"), ("OR-F26", ORG, "", 1)),
        (edit(ORG, b",district,", b",,"), ("OR-V01", ORG, "type", 1)),
        (edit(ORG, b",district,", b",District,"), ("OR-V08", ORG, "type", 1)),
        (edit(USERS, b",teacher,", b",Lehrer,"), ("OR-V08", USERS, "role", 1)),
        (edit(SESSIONS, b"2026-06-10", b"2024-06-10"), ("OR-V18", SESSIONS, "endDate", 1)),
        (edit(ENROLLED, b",student,,", b",student,true,"), ("OR-V23", ENROLLED, "primary", 1)),
        (edit(COURSES, b",Homeroom,", b',Homeroom,"A,B"'), ("OR-V14", COURSES, "subjectCodes", 1)),
        (edit(COURSES, b",Homeroom,", b',"Home, room",'), ("OR-V12", COURSES, "subjects", 1)),
        (
            edit(ENROLLED, b"b0543d51-807f-4d54-8287-ccf4eec473ad", b"0f3b5338-96c1-49a8-a115-d551818c3aba"),
            ("OR-R14", ENROLLED, "schoolSourcedId", 1),
        ),
        (edit("demographics.csv", b"8f1ddc13", b"00000000"), ("OR-R08", "demographics.csv", "sourcedId", 1)),
        (edit(ORG, b",1001,5808c1d2", b",1001,00000000"), ("OR-R01", ORG, "parentSourcedId", 1)),
        (
            edit(ORG, b"district,1000,", b"district,1000,b0543d51-807f-4d54-8287-ccf4eec473ad"),
            ("OR-R05", ORG, "parentSourcedId", 2),
        ),
        (
            edit(COURSES, b"7aec7c18-292c-4dce-940c-def6b855914d", b"e2fb0663-7d9e-45ab-8c0e-f8ecb1f2f0b3"),
            ("OR-R06", COURSES, "schoolYearSourcedId", 1),
        ),
    ],
)  # fmt: skip
def test_a_fault_is_reported_by_code_file_and_field(
    change: Change, expected: tuple[str, str, str, int], tmp_path: Path
) -> None:
    files = clean()
    change(files)
    assert expected in found(inspected(files, tmp_path))


def test_a_doubled_id_is_reported_where_it_stands_again(tmp_path: Path) -> None:
    files = clean()
    files["enrollments.csv"] += files["enrollments.csv"].split(b"\n")[1] + b"\n"
    (one,) = inspected(files, tmp_path).deviations
    assert (one.code, one.places) == ("OR-V11", ("enrollments.csv:1857",))


def test_roles_are_judged_for_each_user_and_org(tmp_path: Path) -> None:
    files = clean(Version.V1P2)
    lines = files["roles.csv"].split(b"\r\n")
    files["roles.csv"] = b"\r\n".join([lines[0], lines[1].replace(b"primary", b"secondary"), *lines[3:]])
    assert found(inspected(files, tmp_path)) == [
        ("OR-R11", "users.csv", "roles", 1),
        ("OR-V26", "roles.csv", "roleType", 1),
    ]


def test_a_file_without_a_header_shows_nobody(tmp_path: Path) -> None:
    files = clean()
    files[USERS] = files[USERS].split(b"\r\n", 1)[1]
    report = inspected(files, tmp_path)
    assert "Pedro" not in str(report.deviations)
    assert ("OR-F17", USERS, "sourcedId", 1) in found(report)


def test_references_of_a_delta_may_lead_to_rows_sent_earlier(tmp_path: Path) -> None:
    files = {name: clean()[name] for name in (MANIFEST, "enrollments.csv")}
    files[MANIFEST] = (
        files[MANIFEST].replace(b"bulk", b"absent").replace(b"enrollments,absent", b"enrollments,delta")
    )
    assert {code for code, *_ in found(inspected(files, tmp_path))} == {"OR-F25"}


def test_files_in_a_folder_of_the_zip_are_read_all_the_same(tmp_path: Path) -> None:
    report = inspected({f"export/{name}": data for name, data in clean().items()}, tmp_path)
    assert found(report) == [("OR-F11", "the package", "", 8)]


@pytest.mark.parametrize(("data", "error"), [(b"no zip", ContractBroken), (None, StopDistrict)])
def test_what_is_no_package_is_refused(data: bytes | None, error: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(error), opened(path):
        pass


def test_a_zip_that_would_unpack_to_a_thousandfold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.csv", b"0" * 10_000_000)
    with pytest.raises(StopDistrict, match="FL03"), opened(path):
        pass


def test_a_zip_without_oneroster_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="FL60"):
        inspected({"other.csv": b"a,b\r\n1,2\r\n"}, tmp_path)


GOOD = {
    "date": "2026-01-01", "dateTime": "2026-01-01T00:00:00.000Z", "year": "2026",
    "boolean": "true", "number": "1",
    "orgType": "school", "sessionType": "term", "classType": "scheduled", "userRole": "student",
    "enrollmentRole": "student", "roleType": "primary", "scoreStatus": "exempt",
}  # fmt: skip


def one_row_each(version: Version, value: Callable[[Field], str]) -> Files:
    """Return a package with every file of a version, each with one row whose sourcedId is x."""
    files = {"manifest.csv": manifest(version, csv_files(version))}
    for file in csv_files(version):
        fields = file_fields(file, version)
        cells = ["x" if name == "sourcedId" else value(field) for name, field in fields.items()]
        files[f"{file}.csv"] = f"{','.join(fields)}\r\n{','.join(cells)}\r\n".encode()
    return files


@pytest.mark.parametrize("version", list(Version))
def test_every_file_of_a_version_is_judged_row_by_row(version: Version, tmp_path: Path) -> None:
    good = one_row_each(version, lambda f: GOOD.get(f.about, GOOD.get(f.kind, "x")) if f.needed else "")
    report = inspected(good, tmp_path)
    assert found(report) == []
    assert report.counts == dict.fromkeys(csv_files(version), 1)


@pytest.mark.parametrize("version", list(Version))
def test_every_required_column_of_every_file_is_missed(version: Version, tmp_path: Path) -> None:
    report = inspected(one_row_each(version, lambda field: ""), tmp_path)
    missed = {(where, column) for code, where, column, _ in found(report) if code == "OR-V01"}
    assert missed == {
        (f"{file}.csv", name) for file in csv_files(version) for name in COLLECTIONS[file].required[version]
    }
