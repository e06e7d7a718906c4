"""The ledger: questions in Python's words in, answers out; forks and the end of the program."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from . import _native
from ._errors import invalid_request
from ._view import View

if TYPE_CHECKING:
    from ._shadow import Shadow

GroupBy = str | Iterable[str] | None
Moment = str | int | float | date | None
Where = Mapping[str, Any] | None
Path = str | os.PathLike[str]

_open: WeakSet[Ledger] = WeakSet()
# How long the end of the program waits for the ledger's sinks.
_LAST_WRITE_SECONDS = 2.0


def query(group_by: GroupBy, since: Moment, until: Moment, where: Where) -> bytes:
    """The question as JSON."""
    if group_by is not None and not isinstance(group_by, str):
        group_by = list(group_by)
    asked = {"group_by": group_by, "since": _moment(since), "until": _moment(until)}
    if where is not None:
        asked["where"] = {k: v if isinstance(v, (str, bool)) or v is None else list(v) for k, v in where.items()}
    try:
        return json.dumps(asked).encode()
    except (TypeError, ValueError) as error:
        raise invalid_request("where", f"must hold texts: {error}") from None


def _moment(moment: Moment) -> Any:
    if isinstance(moment, datetime):
        return moment.astimezone(timezone.utc).isoformat()
    return moment.isoformat() if isinstance(moment, date) else moment


class Ledger:
    """What both routers have of the ledger."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router
        self._listeners: list[Shadow] = []
        _open.add(self)

    def ledger(self) -> View:
        """How the ledger and its sinks stand: what was written, what waits, what was dropped, what is wrong."""
        return View(json.loads(self._native.ledger()))

    def _listen(self, listener: Shadow) -> None:
        listener.open(self._native)
        self._listeners.append(listener)

    def _end_entries(self) -> None:
        listeners, self._listeners = self._listeners, []
        if not listeners:
            return
        self._native.end_entries()
        for listener in listeners:
            listener.join(_LAST_CALLS_SECONDS)  # type: ignore[attr-defined]
            listener.close()

    async def _finish_entries(self) -> None:
        listeners, self._listeners = self._listeners, []
        if not listeners:
            return
        self._native.end_entries()
        for listener in listeners:
            await listener.finish(_LAST_CALLS_SECONDS)  # type: ignore[attr-defined]
            listener.close()


# How long `close` waits for callbacks that are due.
_LAST_CALLS_SECONDS = 5.0


class LedgerFile:
    """A ledger's database, read without a router; `path` is what `ledger.sqlite` names."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)

    def usage(self, group_by: GroupBy = None, since: Moment = None, until: Moment = None, where: Where = None) -> View:
        """As `Router.usage`, of what is in the file."""
        return View(json.loads(_native.ledger_usage(self._path, query(group_by, since, until, where))))

    def export(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> int:
        """As `Router.export`, of what is in the file."""
        return _native.ledger_export(self._path, os.fspath(path), query(None, since, until, where))

    def report(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> None:
        """As `Router.report`, of what is in the file."""
        _native.ledger_report(self._path, os.fspath(path), query(None, since, until, where))


@atexit.register
def _end() -> None:
    for router in list(_open):
        router._native.flush_within(_LAST_WRITE_SECONDS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_native.before_fork,
        after_in_parent=lambda: _native.after_fork(False),
        after_in_child=lambda: _native.after_fork(True),
    )
