"""Refusals, and the standard's words for them in both versions."""

from __future__ import annotations

from typing import Literal

from domain.oneroster import Version
from simulators.shapes import Record


class ProblemError(Exception):
    """A request the provider refuses, with the HTTP status and the standard's code minor."""

    def __init__(self, http_status: int, code_minor: str, description: str) -> None:
        super().__init__(description)
        self.http_status = http_status
        self.code_minor = code_minor
        self.description = description


CODE_MINORS = {
    400: "invaliddata",
    401: "unauthorisedrequest",
    403: "forbidden",
    404: "unknownobject",
    405: "unsupported",
    422: "invaliddata",
    429: "server_busy",
}


def unknown_object(what: str) -> ProblemError:
    """Return the refusal for an id or a path that is not there."""
    return ProblemError(404, "unknownobject", f"{what} is not known here")


def of_status(http_status: int) -> ProblemError:
    """Return the refusal that fits an HTTP status."""
    minor = CODE_MINORS.get(http_status, "internal_server_error")
    return ProblemError(http_status, minor, f"answered {http_status}")


def status_info(major: str, severity: str, minor: str, description: str) -> Record:
    """Return one entry of 1.1's `statusInfoSet`, as field servers write it."""
    return {
        "imsx_codeMajor": major,
        "imsx_severity": severity,
        "imsx_codeMinor": minor,
        "imsx_description": description,
        "imsx_messageRefIdentifier": "00000000-0000-0000-0000-000000000000",
        "imsx_operationRefIdentifier": "",
    }


def problem_body(problem: ProblemError, version: Version, errors: Literal["list", "root"]) -> Record:
    """Return the error body: keys at the root, or a `statusInfoSet` where 1.1 is set to a list."""
    if version is Version.V1P1 and errors == "list":
        return {"statusInfoSet": [status_info("failure", "error", problem.code_minor, problem.description)]}
    minor = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": problem.code_minor}
    body: Record = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": problem.description,
        "imsx_CodeMinor": {"imsx_codeMinorField": [minor]},
    }
    if version is Version.V1P1:
        body["imsx_messageRefIdentifier"] = "00000000-0000-0000-0000-000000000000"
    return body
