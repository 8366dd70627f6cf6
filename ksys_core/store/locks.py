"""Locks on a folder that the operating system releases when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Self

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 30  # beyond the text, which others must be able to read

    def _lock(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """An exclusive lock named `name` in `folder`, held by at most one process (or object) at a time.

    The file keeps the holder's process id for messages; the lock itself is the operating system's.
    """

    def __init__(self, folder: Path, name: str = "demo.lock") -> None:
        self.path = folder / name
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        return self._handle is not None

    def try_acquire(self) -> bool:
        """Take the lock; False when someone else holds it."""
        if self._handle is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle
        return True

    def acquire(self) -> None:
        """Take the lock, waiting until it is free."""
        while not self.try_acquire():
            time.sleep(0.05)

    def release(self) -> None:
        """Give the lock back; nothing happens when it isn't held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def holder(self) -> int | None:
        """The process id that last took the lock."""
        with contextlib.suppress(OSError, ValueError):
            return int(self.path.read_text("ascii"))
        return None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Owners:
    """Who uses a folder's server: each process holds one numbered lock, so a killed one stops counting by itself."""

    def __init__(self, folder: Path, slots: int = 64) -> None:
        self._locks = [FolderLock(folder, f"owner-{n}.lock") for n in range(slots)]
        self._mine: FolderLock | None = None

    def join(self) -> None:
        if self._mine is None:
            self._mine = next((lock for lock in self._locks if lock.try_acquire()), None)

    def leave(self) -> bool:
        """Stop counting this process; True when nobody else is left."""
        if self._mine is not None:
            self._mine.release()
            self._mine = None
        return not any(self._taken(lock) for lock in self._locks if lock.path.exists())

    @staticmethod
    def _taken(lock: FolderLock) -> bool:
        if not lock.try_acquire():
            return True
        lock.release()
        return False
