"""The native half: JSON bytes in, feeds of JSON bytes out."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from typing import Any, final

__all__ = ["Feed", "Port", "Router"]

@final
class Feed:
    """One running call; dropping or closing it cancels the call."""

    def take(self, timeout: float | None = None) -> list[Any] | None:
        """Blocks until something is ready and takes all of it; `None` at the end."""
    def wait(self) -> list[Any] | None:
        """Blocks as `take` does without looking for signals: for a thread that gets none."""
    def poll(self) -> list[Any] | None:
        """Takes what is ready: `[]` when nothing is there yet, `None` at the end."""
    def notify(self, port: Port, future: Future[None]) -> bool:
        """Sets `future` on `port`'s loop once there is something to read; false when there is already."""
    def close(self) -> None:
        """Cancels the call if it is still running and forgets what was not read."""

@final
class Port:
    """The way into an asyncio event loop."""

    def __new__(cls, event_loop: AbstractEventLoop) -> Port: ...
    @staticmethod
    def socket() -> Port:
        """A port that rings through a socket, for loops with `add_reader`."""
    def fileno(self) -> int:
        """The file descriptor that the loop watches."""
    def drain(self) -> None:
        """Sets the results of all ready futures; runs on the loop's thread."""

@final
class Router:
    """The native router."""

    @staticmethod
    def from_json(config: bytes) -> Router:
        """A router configured by a JSON object."""
    @staticmethod
    def from_toml_file(path: str) -> Router:
        """A router configured by a TOML file."""
    @staticmethod
    def from_env() -> Router:
        """A router configured by the environment."""
    def chat(self, request: bytes) -> Feed:
        """Starts a whole chat: a feed of one reply."""
    def stream(self, request: bytes) -> Feed:
        """Starts a streamed chat: a feed of an empty item once the stream is open, then chunks."""
    def embed(self, request: bytes) -> Feed:
        """Starts a call for embeddings: a feed of one reply."""
    def door(self, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Feed:
        """Sends an HTTP request through the door: a feed of one head, then body bytes."""
    def explain(self, request: bytes) -> bytes:
        """The plan for a request, as JSON; nothing is sent."""
    def classify(self, request: bytes) -> bytes:
        """The task of a request, as JSON; nothing is sent."""
    def models(self) -> bytes:
        """The models that can be asked for, as a JSON list."""
    def entries(self) -> bytes:
        """The ledger's entries, as a JSON list."""
    def health(self) -> bytes:
        """How every target stands that was asked so far, as a JSON list."""
    def shadow_replies(self, reopen: Callable[[Router], None]) -> Feed:
        """The replies of the shadow from now on; `reopen` is called in a forked child, which needs a new feed."""
    def end_shadow(self) -> None:
        """Forgets who wants the replies of the shadow."""
    def quota(self, subject: str) -> Feed:
        """How the limits and budgets of a subject stand: a feed of one JSON object."""
    def budget_events(self, reopen: Callable[[Router], None]) -> Feed:
        """The budgets that run out from now on; `reopen` is called in a forked child, which needs a new feed."""
    def end_budget(self) -> None:
        """Forgets who wants to know of budgets."""
    def flush(self) -> Feed:
        """Waits until the books are written: a feed without items."""
    def close(self) -> Feed:
        """Closes the books: a feed without items."""
