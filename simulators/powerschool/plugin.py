"""What a district has installed: a plugin's access list and its PowerQueries.

Read from the plugin's ZIP as PowerSchool reads it: `plugin.xml` at the root, and
`queries_root/*.named_queries.xml` (vendor pages "Plugin XML" and "PowerQueries").
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

FULL, VIEW = "FullAccess", "ViewOnly"
_LONGEST = 40
_LEAST_PARTS = 5


class NotInstallableError(Exception):
    """A plugin that PowerSchool would not install, and why."""


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One PowerQuery: columns are (TABLE.FIELD that must be granted, name in the answer), by position."""

    name: str
    core_table: str
    columns: tuple[tuple[str, str], ...]
    sql: str
    arguments: tuple[str, ...] = ()
    flattened: bool = False


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin.

    access: lower-case table → field → ViewOnly or FullAccess; None grants everything. queries: by name.
    """

    name: str = "everything"
    access: Mapping[str, Mapping[str, str]] | None = None
    queries: Mapping[str, NamedQuery] = field(default_factory=dict)

    @classmethod
    def from_zip(cls, data: bytes) -> Plugin:
        """Return the plugin in a ZIP; NotInstallableError for what the installer stumbles over."""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        if "plugin.xml" not in files:
            raise NotInstallableError("plugin.xml is not at the root of the ZIP")
        root = ElementTree.fromstring(files["plugin.xml"])
        name = _checked_name(root)
        if _one(root, "oauth") is None:
            raise NotInstallableError("there is no oauth element, so no client id is made")
        queries = {
            query.name: query
            for path, content in files.items()
            if path.startswith("queries_root/") and path.endswith(".named_queries.xml")
            for query in _queries(content)
        }
        return cls(name, _access(root), queries)

    def may(self, table: str, name: str, wanted: str = VIEW) -> bool:
        """Return whether a field is granted; FullAccess includes viewing."""
        if self.access is None:
            return True
        granted = self.access.get(table.lower(), {}).get(name.lower(), "")
        return granted == FULL or (granted == VIEW and wanted == VIEW)


def _checked_name(root: ElementTree.Element) -> str:
    """Names with angle brackets or beyond a hidden length do not install (ClassLink's activation page)."""
    publisher = _one(root, "publisher")
    names = [root.get("name", ""), "" if publisher is None else publisher.get("name", "")]
    for name in names:
        if not name or set(name) & set("<>") or len(name) > _LONGEST:
            raise NotInstallableError("the plugin's or the publisher's name is missing, too long or has < >")
    return names[0]


def _access(root: ElementTree.Element) -> dict[str, dict[str, str]]:
    granted: dict[str, dict[str, str]] = {}
    for one in _every(root, "field"):
        table, name = one.get("table", "").lower(), one.get("field", "").lower()
        granted.setdefault(table, {})[name] = one.get("access", VIEW)
    return granted


def _queries(content: bytes) -> Iterator[NamedQuery]:
    for one in _every(ElementTree.fromstring(content), "query"):
        name = one.get("name", "")
        if len(name.split(".")) < _LEAST_PARTS:
            raise NotInstallableError(f"the query {name} has fewer than {_LEAST_PARTS} parts in its name")
        columns = [(each.get("column", ""), (each.text or "").strip()) for each in _every(one, "column")]
        sql = _one(one, "sql")
        yield NamedQuery(
            name,
            one.get("coreTable", ""),
            tuple((place, alias or place) for place, alias in columns),
            "" if sql is None else (sql.text or "").strip().rstrip(";"),
            tuple(each.get("name", "") for each in _every(one, "arg")),
            one.get("flattened", "false") == "true",
        )


def _every(root: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    """Return the elements of a tag, whatever namespace they are in."""
    return [one for one in root.iter() if one.tag.rpartition("}")[2] == tag]


def _one(root: ElementTree.Element, tag: str) -> ElementTree.Element | None:
    return next(iter(_every(root, tag)), None)
