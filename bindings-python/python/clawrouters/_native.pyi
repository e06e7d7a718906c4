"""The native half: JSON bytes in, feeds of JSON bytes out."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from typing import Any, final

__all__ = [
    "Ask",
    "Feed",
    "Port",
    "Router",
    "after_fork",
    "before_fork",
    "instruments",
    "ledger_export",
    "ledger_report",
    "ledger_usage",
    "logs",
]

def instruments() -> bytes:
    """The instruments that records measure, as JSON."""

def logs(level: str) -> Feed:
    """The log lines of this process's routers at this level and above; the last feed asked for counts."""

@final
class Ask:
    """A hook that waits to be called."""

    @property
    def hook(self) -> Any:
        """What `add_hook` was given."""
    def body(self) -> bytes:
        """The request or the answer, as JSON."""
    def context(self) -> bytes:
        """What is known beside it, as JSON."""
    def waiting(self) -> bool:
        """Whether the router still waits."""
    def decide(self, returned: bytes) -> None:
        """What the function returned, as JSON."""
    def fail(self, what: str) -> None:
        """That the function failed, in words without what it was called with."""

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
    def chat(self, request: bytes, api_key: str | None = None) -> Feed:
        """Starts a whole chat: a feed of one reply."""
    def stream(self, request: bytes, api_key: str | None = None) -> Feed:
        """Starts a streamed chat: a feed of an empty item once the stream is open, then chunks."""
    def embed(self, request: bytes, api_key: str | None = None) -> Feed:
        """Starts a call for embeddings: a feed of one reply."""
    def learning(self, name: str, arguments: bytes) -> Feed:
        """Makes a call of the router's learning: a feed of one JSON value."""
    def keys(self, name: str, arguments: bytes) -> Feed:
        """Makes a call of the router's keys: a feed of one JSON value."""
    def door(self, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Feed:
        """Sends an HTTP request through the door: a feed of one head, then body bytes."""
    def explain(self, request: bytes, api_key: str | None = None) -> bytes:
        """The plan for a request, as JSON; nothing is sent."""
    def classify(self, request: bytes) -> bytes:
        """The task of a request, as JSON; nothing is sent."""
    def models(self, api_key: str | None = None) -> bytes:
        """The models that can be asked for, by the holder of a key where one is given, as a JSON list."""
    def entries(self) -> bytes:
        """The ledger's entries, as a JSON list."""
    def health(self) -> bytes:
        """How every target stands that was asked so far, as a JSON list."""
    def cache_stats(self) -> bytes:
        """How the cache stands, as JSON."""
    def clear_cache(self) -> None:
        """Forgets every answer that this process keeps."""
    def shadow_replies(self, reopen: Callable[[Router], None]) -> Feed:
        """The replies of the shadow from now on; `reopen` is called in a forked child, which needs a new feed."""
    def end_shadow(self) -> None:
        """Forgets who wants the replies of the shadow."""
    def add_hook(
        self, stage: str, callable: Any, name: str, on_failure: str | None = None, timeout_ms: int | None = None
    ) -> None:
        """Adds a function that is asked `before` requests are sent or `after` they are answered."""
    def records(self, reopen: Callable[[Router], None], within: Callable[[], tuple[str, str | None] | None]) -> Feed:
        """The records of requests that close from now on; `within` gives the current span of a call."""
    def records_told(self) -> int:
        """How many records were handed over."""
    def metrics(self) -> str:
        """Everything counted so far, as OpenMetrics text."""
    def clear_hooks(self) -> None:
        """Forgets all hooks."""
    def entry_feed(self, reopen: Callable[[Router], None]) -> Feed:
        """Entries that are closed from now on; `reopen` is called in a forked child, which needs a new feed."""
    def end_entries(self) -> None:
        """Ends the feeds of entries: what was handed over to them can still be read."""
    def usage(self, query: bytes) -> Feed:
        """What requests used and cost: a feed of one JSON object."""
    def export(self, path: str, query: bytes) -> Feed:
        """Writes requests to a file: a feed of their number."""
    def report(self, path: str, query: bytes) -> Feed:
        """Writes a report: a feed of null."""
    def what_if(self, strategy: str, entries: str | None, query: bytes) -> Feed:
        """What another strategy would have made of past requests: a feed of one JSON object."""
    def ledger(self) -> bytes:
        """How the ledger stands, as JSON."""
    def quota(self, subject: str) -> Feed:
        """How the limits and budgets of a subject stand: a feed of one JSON object."""
    def budget_events(self, reopen: Callable[[Router], None]) -> Feed:
        """The budgets that run out from now on; `reopen` is called in a forked child, which needs a new feed."""
    def end_budget(self) -> None:
        """Forgets who wants to know of budgets."""
    def flush(self) -> Feed:
        """Waits until the books are written: a feed without items."""
    def flush_within(self, seconds: float) -> bool:
        """The same at the end of the program, without looking for signals; true when all arrived."""
    def close(self) -> Feed:
        """Closes the books: a feed without items."""

def ledger_usage(db: str, query: bytes) -> bytes:
    """What a ledger's database used and cost, as JSON."""

def ledger_export(db: str, path: str, query: bytes) -> int:
    """Writes the requests of a ledger's database to a file; returns their number."""

def ledger_report(db: str, path: str, query: bytes) -> None:
    """Writes a report of a ledger's database."""

def before_fork() -> None:
    """Closes connections to databases, which no fork may meet open."""

def after_fork(child: bool) -> None:
    """Lets them be opened again."""
