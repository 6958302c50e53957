"""Which connector serves which kind of SIS: one line for each.

A connector is `Class(district, settings, *, clock)`; its settings model is the one its constructor
names. Classes are imported when they are first asked for, so a kind's libraries load only where used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ValidationError

from connectors.grade_rows import GradeSource
from connectors.protocol import GradeSink, RosterSource
from domain.clock import Clock, system_clock
from domain.errors import StopDistrict
from domain.model import ConnectorConfig

ROSTER_SOURCES: dict[str, str] = {
    "oneroster_rest": "connectors.oneroster.rest:OneRosterRestSource",
    "oneroster_csv": "connectors.oneroster.csv:OneRosterCsvSource",
    "oneroster_csv_sftp": "connectors.sftp.source:SftpRosterSource",
    "infinite_campus_oneroster": "connectors.infinite_campus.source:InfiniteCampusSource",
    "infinite_campus_files_sftp": "connectors.infinite_campus.files:InfiniteCampusFilesSource",
    "csv_sftp": "connectors.flat.plain:PlainCsvSource",
    "powerschool_oneroster": "connectors.powerschool.source:PowerSchoolOneRosterSource",
    "powerschool_files_sftp": "connectors.powerschool.files:PowerSchoolFilesSource",
    "powerschool_powerquery": "connectors.powerschool.powerquery:PowerQuerySource",
}
"""Kinds of roster source."""

GRADE_ROUTES: dict[str, str] = {
    "oneroster_gradebook": "connectors.oneroster.gradebook:OneRosterGradebookSink",
    "infinite_campus_gradebook": "connectors.infinite_campus.gradebook:InfiniteCampusGradebookSink",
    "infinite_campus_import_file": "connectors.infinite_campus.import_file:InfiniteCampusImportSink",
    "powerschool_gradebook": "connectors.powerschool.gradebook:PowerSchoolGradebookSink",
    "powerschool_stored_grades": "connectors.powerschool.stored_grades:PowerSchoolStoredGradesSink",
    "registrar_file": "connectors.sftp.registrar_file:RegistrarFileSink",
    "powerschool_quick_import": "connectors.powerschool.quick_import:QuickImportSink",
}
"""Routes by which grades go back into a SIS."""

GRADE_SOURCES: dict[str, str] = {"grade_csv": "connectors.grade_csv:CsvGradeSource"}
"""Kinds of source for the shared courses' grades."""

Secret = Callable[[str], str]
"""Returns the value of a secret by its name."""


def roster_source(config: ConnectorConfig, secret: Secret, *, clock: Clock = system_clock) -> RosterSource:
    """Return the roster source a district's configuration names; StopDistrict CF50, CF51, CF52."""
    return cast(RosterSource, _build(ROSTER_SOURCES, config, secret, clock))


def grade_sink(config: ConnectorConfig, secret: Secret, *, clock: Clock = system_clock) -> GradeSink:
    """Return the grade route a district's configuration names; StopDistrict CF50, CF51, CF52."""
    return cast(GradeSink, _build(GRADE_ROUTES, config, secret, clock))


def grade_source(config: ConnectorConfig, secret: Secret, *, clock: Clock = system_clock) -> GradeSource:
    """Return the grade source a configuration names; StopDistrict CF50, CF51, CF52."""
    return cast(GradeSource, _build(GRADE_SOURCES, config, secret, clock))


def settings_class(kind: str) -> type[BaseModel]:
    """Return the settings model of a kind, of whatever purpose; StopDistrict CF50 for an unknown one."""
    return _settings_of(_connector(ROSTER_SOURCES | GRADE_ROUTES | GRADE_SOURCES, kind))


def has_setting(kind: str, name: str) -> bool:
    """Return whether a kind, of whatever purpose, has a setting of this name; an unknown kind has none."""
    kinds = ROSTER_SOURCES | GRADE_ROUTES | GRADE_SOURCES
    return kind in kinds and name in settings_class(kind).model_fields


def _build(kinds: Mapping[str, str], config: ConnectorConfig, secret: Secret, clock: Clock) -> object:
    connector = _connector(kinds, config.kind)
    model = _settings_of(connector)
    _refuse_clear_secrets(model, config)
    values = _with_secrets(config, secret)
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        raise _bad_settings(config, error) from None
    return connector(config.district, settings, clock=clock)


def _connector(kinds: Mapping[str, str], kind: str) -> Callable[..., object]:
    if kind not in kinds:
        raise StopDistrict(
            "CF50",
            f"There is no connector of the kind {kind!r}",
            fix=f"Set kind to one of: {', '.join(sorted(kinds))}",
            place="kind",
        )
    module, _, name = kinds[kind].partition(":")
    return cast(Callable[..., object], getattr(import_module(module), name))


def _settings_of(connector: Callable[..., object]) -> type[BaseModel]:
    return cast(type[BaseModel], get_type_hints(cast(Any, connector).__init__)["settings"])


def _refuse_clear_secrets(model: type[BaseModel], config: ConnectorConfig) -> None:
    for name, field in model.model_fields.items():
        if "Secret" in repr(field.annotation) and name in config.settings:
            raise StopDistrict(
                "CF52",
                f"The secret {name} of {config.kind} stands in clear in the settings",
                fix=f"Remove {name} from the settings, store it as a secret, and renew it in the SIS",
                place=name,
            )


def _with_secrets(config: ConnectorConfig, secret: Secret) -> dict[str, object]:
    """Fill each secret in under its setting's name; `secret_headers.X-Key` fills an entry of a mapping."""
    values = dict(config.settings)
    for setting, name in config.secrets.items():
        top, _, entry = setting.partition(".")
        if entry:
            inner = values.get(top)
            values[top] = {**(inner if isinstance(inner, Mapping) else {}), entry: secret(name)}
        else:
            values[top] = secret(name)
    return values


def _bad_settings(config: ConnectorConfig, error: ValidationError) -> StopDistrict:
    """Return CF51 naming each setting and what is wrong with it, never its value."""
    faults = [
        (".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, "))
        for fault in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    said = "; ".join(f"{name}: {message}" if name else message for name, message in faults)
    names = ", ".join(name for name, _ in faults if name) or "what is named"
    return StopDistrict(
        "CF51",
        f"The settings of {config.kind} cannot be used: {said}",
        fix=f"Correct {names} in the settings of {config.district}",
        place=config.kind,
    )
