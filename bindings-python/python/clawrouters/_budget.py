"""Limits and budgets: how a subject stands, and budgets that run out as calls of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ._shadow import LoopShadow, Shadow, ThreadShadow
from ._view import View

if TYPE_CHECKING:
    from . import _native
    from ._native import Feed


class BudgetEvent(View):
    """A budget that has reached its soft limit, or refused a request for the first time in its window."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"began_ms", "ends_ms", "strategy"})

    if TYPE_CHECKING:
        level: Literal["soft", "hard"]
        subject: str
        window: Literal["hour", "day", "week", "month", "total"]
        began_ms: int | None
        ends_ms: int | None
        usd: float
        spent_usd: float
        strategy: str | None


class LimitState(View):
    """How one limit stands."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"reset_ms"})

    if TYPE_CHECKING:
        name: str
        limit: int
        used: int
        remaining: int
        reset_ms: int | None


class BudgetState(View):
    """How one budget stands, in its present window; money in US dollars."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"began_ms", "ends_ms"})

    if TYPE_CHECKING:
        usd: float
        window: Literal["hour", "day", "week", "month", "total"]
        time_zone: str
        began_ms: int | None
        ends_ms: int | None
        spent_usd: float
        held_usd: float
        remaining_usd: float
        soft_reached: bool


class QuotaState(View):
    """How the limits and budgets of a subject stand."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"limits": LimitState, "budgets": BudgetState}

    if TYPE_CHECKING:
        subject: str
        limits: list[LimitState]
        budgets: list[BudgetState]


class _Budgets(Shadow):
    """Budgets that run out in place of the replies of a shadow."""

    _name = "on_budget"
    _what = "budgets that ran out"
    _view = BudgetEvent

    def _ask(self, router: _native.Router) -> Feed:
        return router.budget_events(self.open)

    def end(self, router: _native.Router) -> None:
        """Asks for no more of them."""
        router.end_budget()


class ThreadBudgets(_Budgets, ThreadShadow):
    """The callback runs on a daemon thread."""


class LoopBudgets(_Budgets, LoopShadow):
    """The callback runs on the event loop that was running when it was set."""
