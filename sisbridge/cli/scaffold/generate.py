"""Fill the templates of a connector in and put them into a source tree."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".txt"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
REGISTRY = Path("connectors/registry.py")


class CannotGenerate(ValueError):
    """A name or a folder of which no connector can be made; says why in one sentence."""


def lines_of(name: str) -> Mapping[str, str]:
    """Return the registry's lines of a connector: the mapping they belong in → the line."""
    sis = class_name(name)
    return {
        "ROSTER_SOURCES": f'    "{name}_files_sftp": "connectors.{name}.source:{sis}FilesSource",\n',
        "GRADE_ROUTES": f'    "{name}_grade_file": "connectors.{name}.grade_file:{sis}GradeFileSink",\n',
    }


def class_name(name: str) -> str:
    """Return a SIS's name as classes begin with it: `e_school` is `ESchool`."""
    return "".join(part.capitalize() for part in name.split("_"))


def generate(name: str, root: Path) -> list[Path]:
    """Write a connector's files below the root of a source tree and register it; return what was written.

    Raises CannotGenerate, before anything is written, when the name is none, the root is no source tree,
    or something of that name is there.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CannotGenerate(f"{name!r} is no name for a connector; use small letters, digits and _")
    registry = root / REGISTRY
    if not registry.is_file():
        raise CannotGenerate(f"{root} has no {REGISTRY}; name the folder of a source tree of sisbridge")
    files = dict(_filled(name))
    taken = [path for path in files if (root / path).exists()]
    if taken or (root / "connectors" / name).exists() or (root / "mappings" / name).exists():
        raise CannotGenerate(f"there is something of the name {name} already; choose another name")
    text = registered(registry.read_text(encoding="utf-8"), name)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    registry.write_text(text, encoding="utf-8")
    return [*files, REGISTRY]


def registered(text: str, name: str) -> str:
    """Return the registry's text with a connector's lines at the end of their mappings."""
    for mapping, line in lines_of(name).items():
        found = re.search(rf"^{mapping}: dict\[str, str\] = {{\n(?:    .*\n)*", text, re.MULTILINE)
        if found is None:
            raise CannotGenerate(f"{REGISTRY} has no {mapping} to add the connector to")
        text = text[: found.end()] + line + text[found.end() :]
    return text


def _filled(name: str) -> Iterator[tuple[Path, str]]:
    words = {"sis": name, "Sis": class_name(name)}
    for template in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        path = str(template.relative_to(_TEMPLATES)).replace("__sis__", name).removesuffix(_SUFFIX)
        yield Path(path), Template(template.read_text(encoding="utf-8")).substitute(words)
