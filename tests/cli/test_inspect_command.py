"""`sisbridge inspect` at the terminal: tables, JSON, a page, exit codes, and nobody's values."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from domain.oneroster import Version
from simulators.data import GRAND_BEND, SMALL
from simulators.dataset import Dataset
from simulators.oneroster import RunningProvider
from sisbridge.cli.main import app
from sisbridge.cli.output import ExitCode

VOID = {"meta", "rect"}


def run(*arguments: str, secret: str = "") -> Result:
    return CliRunner().invoke(app, ["inspect", *arguments], env={"SISBRIDGE_CLIENT_SECRET": secret})


class Page(HTMLParser):
    """A page's tags, whether they nest, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.loads: list[str] = []
        self.regions: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.regions += [dict(attrs)] if dict(attrs).get("role") == "region" else []
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_package_with_errors_ends_with_3_and_says_where() -> None:
    ended = run(str(SMALL))
    assert ended.exit_code == 3
    assert "OR-V07" in ended.output
    assert "1 error, 7 warnings, 0 notes" in ended.output


def test_a_source_without_errors_ends_with_0() -> None:
    assert run(str(GRAND_BEND)).exit_code == 0


def test_json_holds_everything_the_table_shows() -> None:
    report = json.loads(run(str(SMALL), "--json").stdout)
    assert report["counts"]["users"] == 268
    assert report["levels"] == {"error": 1, "warning": 7, "note": 0}
    assert report["deviations"][0] == {
        "code": "OR-V07", "level": "error", "where": "academicSessions.csv", "field": "schoolYear", "rows": 2,
        "places": ["academicSessions.csv:2", "academicSessions.csv:3"], "sample": "9999-9999",
        "message": "A school year is not a text of four digits",
        "rule": "schoolYear is YYYY, the year in which the school year ends",
        "section": "Information model: data types",
    }  # fmt: skip


@pytest.mark.parametrize("source", [SMALL, GRAND_BEND])
def test_the_page_stands_alone_and_is_well_formed(source: Path, tmp_path: Path) -> None:
    run(str(source), "--html", str(tmp_path / "report.html"))
    page = Page((tmp_path / "report.html").read_text())
    assert not page.open
    assert not page.loads
    assert {"h1", "h2", "h3", "caption", "svg"} <= set(page.tags)
    assert "script" not in page.tags


def test_what_scrolls_is_reached_by_keyboard_and_a_cell_that_stands_alone_names_its_column(
    tmp_path: Path,
) -> None:
    run(str(SMALL), "--html", str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    regions = Page(text).regions
    assert [one["aria-label"] for one in regions][:2] == ["What was inspected", "Where OR-V07 was found"]
    assert all(one["tabindex"] == "0" for one in regions)
    assert '<td data-name="Field"><code>schoolYear</code></td><td class="n" data-name="How many">' in text


@pytest.mark.parametrize("source", [SMALL, GRAND_BEND])
def test_no_name_and_no_id_of_a_person_is_shown_anywhere(source: Path, tmp_path: Path) -> None:
    load = Dataset.from_csv_zip if source is SMALL else Dataset.from_json_zip
    people = load(source).records("users")
    shown = run(str(source), "--json", "--html", str(tmp_path / "page.html")).output
    shown += (tmp_path / "page.html").read_text()
    values = {user.get(name, "") for user in people for name in ("familyName", "email", "sourcedId")}
    assert len(values) > 200
    assert not [value for value in values if len(value) > 3 and value in shown.split()]
    assert not [value for value in values if len(value) > 6 and value in shown]


def test_a_server_is_inspected_with_the_secret_from_the_environment() -> None:
    with RunningProvider(Dataset.from_csv_zip(SMALL), Version.V1P1) as server:
        signing = ("--token-url", server.token_url, "--client-id", server.client_id)
        good = run(server.base_url, *signing, "--json", secret=server.client_secret)
        signed = run(server.base_url, *signing, "--auth", "oauth1", "--json", secret=server.client_secret)
        refused = run(server.base_url, *signing, secret="wrong")
        nowhere = run(f"{server.base_url}/v1p1", *signing, secret=server.client_secret)
    away = run(server.base_url, *signing, secret=server.client_secret)
    assert json.loads(good.stdout)["counts"] == json.loads(signed.stdout)["counts"]
    codes = [one.exit_code for one in (good, signed, refused, nowhere, away)]
    assert codes == [3, 3, 3, 6, 4]


@pytest.mark.parametrize("address", ["https://reader:hunter2@127.0.0.1:9", "https://r:hunter2@[::1"])
def test_an_address_with_a_password_is_never_shown(address: str) -> None:
    ended = run(address, "--auth", "bearer", secret="hunter3")
    assert (ended.exit_code in (3, 6), "hunter2" in ended.output + repr(ended.exception)) == (True, False)


def test_an_unexpected_failure_is_named_by_its_kind_and_shows_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sisbridge.sync.inspect.inspect_csv", lambda *_: int("Quillfeather"))
    ended = run(str(SMALL))
    assert (ended.exit_code, "CF99" in ended.output) == (6, True)
    assert "Quillfeather" not in ended.output


def test_a_page_for_a_folder_that_is_not_there_is_refused_before_the_inspection(tmp_path: Path) -> None:
    done = run(str(tmp_path / "no source"), "--html", str(tmp_path / "nowhere" / "page.html"))
    assert done.exit_code == ExitCode.USAGE
    assert "there is no folder" in done.output


def test_what_is_missing_to_sign_in_is_said(tmp_path: Path) -> None:
    ended = run("https://sis.example", "--auth", "basic")
    assert (ended.exit_code, "CF61" in ended.output, "--token-url" in ended.output) == (3, True, True)


def test_what_is_no_oneroster_ends_with_6(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert run(str(tmp_path)).exit_code == 6
