"""The four failures, named by what the caller does next.

Every one carries sentences for people. None ever carries a student's name, number or grade, a
secret, or a response body: they are logged, mailed and shown as they stand.
"""

from __future__ import annotations


class SisbridgeError(Exception):
    """A failure that says where it happened and what a person can do about it.

    code: a stable rule code (families: RF, ID, DT, CD, GR, SZ for rows; CN connection, FL files and
    feeds, PG paging, WB write-back, CF configuration for the rest), e.g. "CN03".
    message: one plain sentence. fix: one plain sentence. place: file and line, or endpoint and page.
    """

    def __init__(self, code: str, message: str, *, fix: str = "", place: str = "") -> None:
        super().__init__(f"{code}: {message}" + (f" ({place})" if place else ""))
        self.code = code
        self.message = message
        self.fix = fix
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling between processes, which would otherwise call __init__ with one argument."""
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[SisbridgeError], state: dict[str, object]) -> SisbridgeError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = (f"{state['code']}: {state['message']}",)
    return error


class RetryLater(SisbridgeError):
    """The other side is busy or away: the same call may go through later.

    retry_after: seconds the other side asked us to wait, if it said so.
    """

    def __init__(
        self, code: str, message: str, *, fix: str = "", place: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(code, message, fix=fix, place=place)
        self.retry_after = retry_after


class StopDistrict(SisbridgeError):
    """Nothing more can be done for this district tonight without a person; the others go on."""


class RowRejected(SisbridgeError):
    """One row or one grade cannot be used; it is quarantined or held and the rest goes on.

    key: the row's sourcedId (or our item id), never a name or a student number.
    """

    def __init__(self, code: str, message: str, *, key: str, fix: str = "", place: str = "") -> None:
        super().__init__(code, message, fix=fix, place=place)
        self.key = key


class ContractBroken(SisbridgeError):
    """The other side breaks its own contract (a paging loop, a changed shape): held for a person."""
