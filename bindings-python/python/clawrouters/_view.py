"""Lazy views: a JSON object as a dict in, attribute and item access over it out."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView


class View:
    """A JSON object whose fields read as attributes or items.

    Fields are wrapped when they are read, so a view costs nothing for what is not looked at. A field that the
    OpenAI shape calls optional reads as `None` when it is absent; any other absent field is an `AttributeError`
    or `KeyError`. Fields that this package does not know are kept and read like the rest.
    """

    __slots__ = ("_data",)

    _children: ClassVar[dict[str, type[View]]] = {}
    """The class of each field that holds an object or a list of objects."""
    _optional: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        data = self._data
        if name in data:
            return _wrap(data[name], self._children.get(name, View))
        if name in self._optional:
            return None
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The field, or `default` where it is absent."""
        return self[name] if name in self._data else default

    def keys(self) -> KeysView[str]:
        """The names of the fields that are present."""
        return self._data.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, View):
            return self._data == other._data
        return self._data == other if isinstance(other, dict) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._data!r})"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._data, *self._optional})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data,)

    def to_dict(self) -> dict[str, Any]:
        """A deep copy as plain dicts and lists."""
        return copy.deepcopy(self._data)

    def model_dump(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """The same as `to_dict`, by the name that pydantic models have; optional fields are filled in with `None`."""
        dumped = _dump(self, fill=not exclude_none)
        if exclude_none:
            dumped = _without_none(dumped)
        assert isinstance(dumped, dict)
        return dumped

    def to_json(self, *, indent: int | None = None) -> str:
        """The object as JSON text."""
        return json.dumps(self._data, indent=indent, ensure_ascii=False)

    model_dump_json = to_json


def _wrap(value: Any, cls: type[View]) -> Any:
    if isinstance(value, dict):
        return cls(value)
    if isinstance(value, list):
        return [_wrap(item, cls) for item in value]
    return value


def wrap_list(items: list[dict[str, Any]]) -> list[View]:
    """Views of a list of objects."""
    return [View(item) for item in items]


def _dump(value: Any, *, fill: bool) -> Any:
    if isinstance(value, View):
        out = {name: _dump(value[name], fill=fill) for name in value}
        if fill:
            for name in sorted(value._optional):
                out.setdefault(name, None)
        return out
    if isinstance(value, list):
        return [_dump(item, fill=fill) for item in value]
    return value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value
