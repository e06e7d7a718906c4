"""Where telemetry goes, as the package's face has it; what does the work is imported when it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._open import Opened


def instrument(router: Opened, tracer_provider: Any = None, meter_provider: Any = None) -> None:
    """Sends spans and measurements of every request of `router` that closes from now on to OpenTelemetry.

    Without providers they are the application's global ones, as they are now. A request belongs to the span that is
    current where it is made, or to the one that `route.traceparent` or the drop-in's header `traceparent` names. The
    names are those of the conventions for generative AI. `flush` and `close` wait for spans that are due; sending
    them on is the provider's part. Needs the package `opentelemetry-api`.
    """
    from ._telemetry import connect

    connect(router, tracer_provider, meter_provider)


def forward_logs(level: int = 30) -> None:
    """Passes what the native half logs at `level` (`logging.WARNING`) and above on to the logger `clawrouters`.

    It is done from a daemon thread, for all routers of the process, and not in forked children, which call it again.
    Calling it again sets another level.
    """
    from ._telemetry import forward

    forward(level)
