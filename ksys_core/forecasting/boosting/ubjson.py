"""Reads the part of Universal Binary JSON that XGBoost writes, and nothing else of it.

XGBoost's own reader trusts what it is given. This one counts every length against what is there before it believes
it, so that only bytes with one meaning get that far. Grammar: https://ubjson.org (draft 12).
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

import numpy as np

MAX_DEPTH: Final = 8
_TYPES: Final = {
    marker: np.dtype(kind)
    for marker, kind in {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}.items()
}
_NUMBERS: Final = {
    marker: Struct(form)
    for marker, form in {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}.items()
}
_LENGTH: Final = Struct(">cq")


class UbjsonError(ValueError):
    """The bytes are not what XGBoost writes."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = len(data)

    @property
    def left(self) -> int:
        return self._end - self._at

    def take(self, n: int) -> bytes:
        at, stop = self._at, self._at + n
        if not at <= stop <= self._end:
            raise UbjsonError("a length goes beyond the end")
        self._at = stop
        return self._data[at:stop]

    def marker(self) -> str:
        return chr(self.take(1)[0])

    def number(self, marker: str) -> int | float:
        form = _NUMBERS.get(marker)
        if form is None:
            raise UbjsonError(f"unknown marker {marker!r}")
        value: int | float = form.unpack(self.take(form.size))[0]
        return value

    def length(self) -> int:
        """A length, always written as int64."""
        marker, n = _LENGTH.unpack(self.take(_LENGTH.size))
        if marker != b"L":
            raise UbjsonError("a length is not an int64")
        if not 0 <= n <= self.left:
            raise UbjsonError("a length goes beyond the end")
        return int(n)

    def text(self) -> str:
        try:
            return self.take(self.length()).decode("ascii")
        except UnicodeDecodeError as error:
            raise UbjsonError("a text is not ASCII") from error

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise UbjsonError("too deep")
        marker = self.marker()
        if marker == "{":
            return self.members(depth)
        if marker == "[":
            return self.array(depth)
        return self.text() if marker == "S" else self.number(marker)

    def members(self, depth: int) -> dict[str, Any]:
        """An object up to its closing brace."""
        found: dict[str, Any] = {}
        while self._data[self._at : self._at + 1] != b"}":
            key = self.text()
            if key in found:
                raise UbjsonError("a key stands twice")
            found[key] = self.value(depth + 1)
        self.take(1)
        return found

    def array(self, depth: int) -> Any:
        """``[#n`` with n values, or ``[$t#n`` with n numbers of one type as a NumPy array."""
        marker = self.marker()
        if marker == "$":
            kind = self.marker()
            if kind not in _TYPES or self.marker() != "#":
                raise UbjsonError("an array of an unknown type")
            return np.frombuffer(self.take(self.length() * _TYPES[kind].itemsize), _TYPES[kind])
        if marker != "#":
            raise UbjsonError("an array without a length")
        return [self.value(depth + 1) for _ in range(self.length())]


def parsed(data: bytes) -> dict[str, Any]:
    """The object in `data`: dicts, lists, texts, numbers and NumPy arrays.

    Raises:
        UbjsonError: `data` is anything but one object in the form XGBoost writes.
    """
    if data[:2] != b"{L":
        raise UbjsonError("not a model")
    reader = _Reader(data)
    found: dict[str, Any] = reader.value(0)
    if reader.left:
        raise UbjsonError("something follows the model")
    return found
