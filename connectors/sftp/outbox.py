"""Files handed over by SFTP: written as `.part`, renamed, then announced by a control file.

Placing the same file again changes nothing, at whatever moment the last attempt was cut off.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from connectors.protocol import FileBatch, FileState
from connectors.sftp.session import SftpSession
from domain.clock import utc_text
from domain.errors import ContractBroken, RetryLater
from domain.failpoints import failpoint

PART, CONTROL, ACKNOWLEDGEMENT, TAKEN_BACK = ".part", ".ctl", ".ack", ".taken-back"

_LARGEST = 64 * 1024 * 1024


def stage(session: SftpSession, batch: FileBatch) -> None:
    """Write the file as `<name>.part`, unless it is in place or was taken since; safe to repeat.

    Raises ContractBroken WB30 when another file has the name.
    """
    if _was_placed(session, batch):
        return
    failpoint("sis:file:before-part")
    session.write(batch.name + PART, batch.content)
    failpoint("sis:file:after-part")


def place(session: SftpSession, batch: FileBatch, created_at: datetime) -> FileState:
    """Give the staged file its name, then its control file, and return what is there; safe to repeat.

    The control file `<name>.ctl` comes last: JSON with batch, rows, sha256 and created_at (UTC).
    Raises ContractBroken WB30 when another file has the name: it is never overwritten. Raises
    RetryLater WB31 when no whole `.part` is there or it cannot be renamed.
    """
    if not _was_placed(session, batch):
        _rename(session, batch.name, batch.sha256)
        failpoint("sis:file:after-rename")
    if look(session, batch.name, batch.sha256) is FileState.PARTIAL:
        _announce(session, batch, created_at)
        failpoint("sis:file:after-control")
    return look(session, batch.name, batch.sha256)


def look(session: SftpSession, name: str, sha256: str) -> FileState:
    """Return what is to be seen of a file that was placed, or was being placed, earlier.

    ACKNOWLEDGED: `<name>.ack` is there. IN_PLACE: it was placed whole (its control file, written last,
    names the same sha256), whether or not someone has taken the file since. PARTIAL: placing was cut
    off; staging and placing it again completes it. ABSENT: nothing is there, taken away or never begun.
    CHANGED: it was placed whole, and the file of that name is another by now, as when somebody opened and
    saved it; an acknowledgement then says nothing of what we sent.
    Raises ContractBroken WB30 when another file has the name and ours was never placed whole.
    """
    found = _sha256(session, name)
    if found not in (None, sha256):
        if _announced(session, name, sha256):
            return FileState.CHANGED
        raise _taken(name)
    if session.read(name + ACKNOWLEDGEMENT, 1) is not None:
        return FileState.ACKNOWLEDGED
    if _announced(session, name, sha256):
        return FileState.IN_PLACE
    if found or session.read(name + PART, 1) is not None:
        return FileState.PARTIAL
    return FileState.ABSENT


def take_back(session: SftpSession, name: str, sha256: str) -> FileState:
    """Take a file that nobody loaded out of the folder, and return what is to be seen then; safe to repeat.

    The file, changed or not, is kept beside as `<name>.taken-back`; `.part` and control file go. One that is
    acknowledged is left as it is. Raises RetryLater WB31 when the server does not let us, WB30 as `look`.
    """
    if session.read(name + ACKNOWLEDGEMENT, 1) is not None:
        return FileState.ACKNOWLEDGED
    if look(session, name, sha256) is FileState.ABSENT:
        return FileState.ABSENT
    if _sha256(session, name) is not None and not _set_aside(session, name):
        raise _stuck(f"{name} could not be taken out of the folder", name)
    failpoint("sis:file:taken-back")
    # The control file last: as long as it stands, the file counts as placed.
    for rest in (name + PART, name + CONTROL):
        if session.read(rest, 1) is not None:
            session.remove(rest)
    return look(session, name, sha256)


def _set_aside(session: SftpSession, name: str) -> bool:
    if session.read(name + TAKEN_BACK, 1) is not None:
        session.remove(name + TAKEN_BACK)
    return session.rename(name, name + TAKEN_BACK)


def _was_placed(session: SftpSession, batch: FileBatch) -> bool:
    """Return whether the file has its name already, or had it and someone has taken it since."""
    whole = (FileState.IN_PLACE, FileState.ACKNOWLEDGED)
    seen = look(session, batch.name, batch.sha256)
    return seen in whole or _sha256(session, batch.name) is not None


def _sha256(session: SftpSession, name: str) -> str | None:
    """Return the fingerprint of a file, None when none has the name."""
    content = session.read(name, _LARGEST)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _taken(name: str) -> ContractBroken:
    return ContractBroken(
        "WB30",
        f"Another file is named {name} already",
        fix="Look who put it there; it is not overwritten. Move it away to have ours delivered.",
        place=name,
    )


def _rename(session: SftpSession, name: str, sha256: str) -> None:
    """Give a whole `.part` its name, or find that someone did."""
    whole = _sha256(session, name + PART) == sha256
    if (whole and session.rename(name + PART, name)) or _sha256(session, name) == sha256:
        return
    raise _stuck(f"{name} is not staged whole or could not be given its name", name)


def _stuck(message: str, name: str) -> RetryLater:
    fix = "If this stays so, let this user write and rename files in the folder."
    return RetryLater("WB31", message, fix=fix, place=name)


def _announce(session: SftpSession, batch: FileBatch, created_at: datetime) -> None:
    control = {
        "batch": batch.name,
        "created_at": utc_text(created_at),
        "rows": batch.rows,
        "sha256": batch.sha256,
    }
    name = batch.name + CONTROL
    session.write(name + PART, (json.dumps(control, indent=1) + "\n").encode())
    session.rename(name + PART, name)


def _announced(session: SftpSession, name: str, sha256: str) -> bool:
    control = session.read(name + CONTROL, _LARGEST)
    return control is not None and sha256.encode() in control
