"""The keys of a scenario: steps in, calls of `router.keys` and the secrets by the scenario's own names out."""

from __future__ import annotations

from typing import Any

NAMES = ("create", "rotate", "update", "disable", "enable", "delete")


class Ring:
    """Keys by the names that a scenario gives them."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    def steps(self, scenario: dict[str, Any], call: int) -> list[tuple[str, dict[str, Any]]]:
        """The steps that come before a call, each with the name of the method it calls."""
        due = [step for step in scenario.get("keys", []) if step.get("before_call", 0) == call]
        return [(next(name for name in NAMES if name in step), step) for step in due]

    def filled(self, name: str, step: dict[str, Any]) -> dict[str, Any]:
        """The keywords of the method."""
        if name == "create":
            return dict(step["create"])
        key: dict[str, Any] = {"id": self.ids[step[name]]}
        if name == "rotate":
            key["grace_s"] = step.get("grace_s", 0)
        return {**key, **step.get("change", {})}

    def keep(self, name: str, step: dict[str, Any], key: Any) -> None:
        """Remembers what was made."""
        if name in ("create", "rotate"):
            self.ids[step["as"]] = key.id
            self.secrets[step["as"]] = key.secret

    def key_of(self, scenario: dict[str, Any], call: int) -> dict[str, str]:
        """The `api_key` keyword of a call."""
        wanted = scenario.get("api_key")
        if isinstance(wanted, list):
            wanted = wanted[min(call, len(wanted) - 1)]
        return {} if wanted is None else {"api_key": self.secrets.get(wanted, wanted)}

    def entry(self, router: Any) -> dict[str, Any] | None:
        """The newest entry of the ledger, with the scenario's name in place of the id of its caller."""
        entries = router.entries() if router else []
        if not entries:
            return None
        entry: dict[str, Any] = entries[-1].to_dict()
        names = {id: name for name, id in self.ids.items()}
        return {**entry, "caller": names.get(entry["caller"], entry["caller"])}
