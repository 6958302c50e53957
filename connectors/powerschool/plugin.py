"""The plugin that lets us in: an installable ZIP with exactly the fields we ask a district for.

`plugin.xml` at the root switches OAuth on and lists every field as ViewOnly, or FullAccess where the
chosen route for grades writes it; `queries_root/` holds the named queries. There is no `permissions_root`:
it would open the queries to staff who are signed in, and we come by OAuth only. The same choice gives the
same bytes.
Source: PowerSchool developer pages, plugin ZIP, plugin XML, access request, PowerQueries.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from connectors.powerschool.grade_queries import BY_ROUTE
from connectors.powerschool.query_list import DAYS, PREFIX, QUERIES, Query
from domain.errors import StopDistrict

_FIELDS = Path(__file__).parent / "fields.csv"

VERSION = "1.0"
"""Of the plugin; to be raised whenever its fields or queries change, or PowerSchool takes it for the same."""

LONGEST_NAME = 40
"""Installing fails beyond a length that PowerSchool does not tell; names this long are known to work."""

ROSTER = "roster"
GRADE_ROUTES = {"powerschool_stored_grades": "stored_grades", "powerschool_gradebook": "gradebook"}
"""The routes for grades that write by the plugin, and what their fields are listed under."""

_FULL = "FullAccess"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Field:
    """One field we ask for: what for, and whether to look at (ViewOnly) or to write (FullAccess)."""

    table: str
    field: str
    access: str
    why: str


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """What a district's plugin is to hold.

    route: the kind of the district's route for grades; "" when none of them writes by the plugin.
    """

    publisher: str = "sisbridge"
    contact: str = "sisbridge@example.org"
    roster: bool = True
    route: str = ""

    @property
    def name(self) -> str:
        """Return the name the plugin is listed under."""
        parts = [
            *(["rosters"] if self.roster else []),
            *([GRADE_ROUTES[self.route].replace("_", " ")] if self.route in GRADE_ROUTES else []),
        ]
        return " ".join(("sisbridge", " and ".join(parts))).strip()


def queries_of(choice: PluginChoice) -> tuple[Query, ...]:
    """Return the queries a plugin brings."""
    return (*(QUERIES.values() if choice.roster else ()), *BY_ROUTE.get(choice.route, ()))


def fields_of(choice: PluginChoice) -> tuple[Field, ...]:
    """Return the fields a plugin asks for, each once, by table and field; the wider access wins."""
    wanted = {GRADE_ROUTES.get(choice.route, ""), ROSTER if choice.roster else ""} - {""}
    found: dict[tuple[str, str], Field] = {}
    with _FIELDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["route"] in wanted:
                one = Field(row["table"], row["field"], row["access"], row["why"])
                there = found.get((one.table, one.field))
                found[one.table, one.field] = _joined(there, one)
    return tuple(found[key] for key in sorted(found))


def _joined(there: Field | None, one: Field) -> Field:
    if there is None:
        return one
    why = there.why if one.why in there.why else f"{there.why}; {one.why}"
    return Field(one.table, one.field, _FULL if _FULL in (there.access, one.access) else one.access, why)


def plugin_zip(choice: PluginChoice) -> bytes:
    """Return the plugin as PowerSchool installs it; StopDistrict CF63 for a name it would stumble over."""
    for name in (choice.name, choice.publisher):
        _refuse_name(name)
    files = {"plugin.xml": plugin_xml(choice)}
    if queries_of(choice):
        files[f"queries_root/{PREFIX}.named_queries.xml"] = queries_xml(queries_of(choice))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(path, _EPOCH)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, files[path])
    return packed.getvalue()


def plugin_xml(choice: PluginChoice) -> str:
    """Return plugin.xml; its elements stand in the order that the installer's schema wants."""
    fields = "\n".join(
        f'    <field table="{one.table}" field="{one.field}" access="{one.access}"/>'
        for one in fields_of(choice)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<plugin xmlns="http://plugin.powerschool.pearson.com"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://plugin.powerschool.pearson.com plugin.xsd"
        name={quoteattr(choice.name)} version="{VERSION}"
        description="Reads rosters for shared courses; writes grades only where FullAccess says so">
  <oauth/>
  <access_request>
{fields}
  </access_request>
  <publisher name={quoteattr(choice.publisher)}>
    <contact email={quoteattr(choice.contact)}/>
  </publisher>
</plugin>
"""


def queries_xml(queries: Iterable[Query]) -> str:
    """Return the file of named queries."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<queries>\n'
        + "".join(map(_query_xml, queries))
        + "</queries>\n"
    )


def _query_xml(query: Query) -> str:
    arguments = "".join(
        f'      <arg name="{name}" required="true" type="primitive" description="{_meaning(name)}"/>\n'
        for name in query.arguments
    )
    columns = "".join(
        f'      <column column="{column}">{column.partition(".")[0].lower()}.{called}</column>\n'
        for column, called in zip(query.columns, query.names, strict=True)
    )
    core = query.columns[0].partition(".")[0]
    return f"""  <query name="{query.name}" coreTable="{core}" flattened="true">
    <summary>{escape(f"{query.area}: {query.table}")}</summary>
    <args>
{arguments}    </args>
    <columns>
{columns}    </columns>
    <sql><![CDATA[
{query.statement}
]]></sql>
  </query>
"""


def _meaning(argument: str) -> str:
    return "A day, YYYY-MM-DD" if argument in DAYS else argument.replace("_", " ")


def fields_page(choice: PluginChoice) -> str:
    """Return the list of fields and why, for the people who decide whether to install the plugin."""
    lines = [f"| {one.table} | {one.field} | {one.access} | {one.why} |" for one in fields_of(choice)]
    head = "| Table | Field | Access | What for |\n| --- | --- | --- | --- |"
    return f"# What the plugin {choice.name!r} may see and write\n\n{head}\n" + "\n".join(lines) + "\n"


def _refuse_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or set(name) & set("<>"):
        raise StopDistrict(
            "CF63",
            f"PowerSchool installs no plugin whose name or publisher is blank, has < or >, or is over "
            f"{LONGEST_NAME} characters long",
            fix="Choose another publisher",
            place="publisher",
        )
