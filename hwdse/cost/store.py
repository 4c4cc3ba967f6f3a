"""The store of everything computed: SQLite, keyed by content, safe under kill -9.

A key is the hash of all that a result depends on, so nothing in here is ever stale. Every entry
carries a hash of itself; one that does not match is dropped and computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError

__all__ = ["Store", "default_path"]

_SCHEMA = """
create table if not exists entry (
    kind text not null,
    key text not null,
    sha256 text not null,
    body blob not null,
    primary key (kind, key)
)
"""
_BUSY_SECONDS = 60.0
_MOVED_SECONDS = 5.0


def default_path() -> Path:
    """``$HWDSE_CACHE_DIR/store.sqlite``, or the user's cache directory."""
    base = os.environ.get("HWDSE_CACHE_DIR")
    if not base:
        import platformdirs

        base = platformdirs.user_cache_dir("hwdse", appauthor=False)
    return Path(base) / "store.sqlite"


class Store:
    """JSON documents by kind and key; each call is one transaction of its own connection.

    Args:
        path: Of the database; made with its directories where absent.

    Raises:
        HwdseError: It cannot be made or opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise HwdseError(
                f"store {self.path}: {error}; set HWDSE_CACHE_DIR to a writable directory"
            ) from None

    def _prepare(self) -> None:
        start = time.monotonic()
        while True:
            try:
                with closing(self._connect()) as connection, connection:
                    connection.execute("pragma journal_mode = wal")
                    connection.execute(_SCHEMA)
                return
            except sqlite3.OperationalError as error:
                # SQLite itself does not wait where several processes change the journal mode.
                patience = _BUSY_SECONDS if "locked" in str(error) else 0.0
                if _moved_away(error):
                    patience = _MOVED_SECONDS
                if time.monotonic() > start + patience:
                    raise
                time.sleep(0.01)
            except sqlite3.DatabaseError:
                if time.monotonic() > start + _BUSY_SECONDS:
                    raise
                self._set_aside()

    def _set_aside(self) -> None:
        """Keep a damaged database for inspection; all of it can be computed again."""
        # Another process may have done so already.
        with suppress(FileNotFoundError):
            self.path.replace(self.path.with_suffix(".damaged"))
        # SQLite would play an old log into the new database.
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS)

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """A document, or None where there is none or it is damaged."""
        query = "select sha256, body from entry where kind = ? and key = ?"
        try:
            with closing(self._connect()) as connection:
                row = connection.execute(query, (kind, key)).fetchone()
        except sqlite3.DatabaseError:
            return None
        if row is None or _digest(kind, key, row[1]) != row[0]:
            return None
        document: dict[str, Any] = json.loads(zlib.decompress(row[1]))
        return document

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Keep a document, replacing what was there.

        Raises:
            HwdseError: The store cannot be written.
        """
        body = zlib.compress(json.dumps(document).encode(), level=1)
        row = (kind, key, _digest(kind, key, body), body)
        try:
            try:
                self._insert(row)
            except sqlite3.OperationalError as error:
                if not _moved_away(error):
                    raise
                self._prepare()
                self._insert(row)
            except sqlite3.DatabaseError:
                # Damaged where opening it does not look.
                self._set_aside()
                self._prepare()
                self._insert(row)
        except (OSError, sqlite3.Error) as error:
            raise HwdseError(f"store {self.path}: cannot write ({error})") from None

    def _insert(self, row: tuple[str, str, str, bytes]) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute("insert or replace into entry values (?, ?, ?, ?)", row)


def _moved_away(error: sqlite3.Error) -> bool:
    """Whether another process may have set the file aside while it was in use here."""
    return "disk I/O" in str(error)


def _digest(kind: str, key: str, body: bytes) -> str:
    """Of the body and of what it belongs to: a damaged index may lead to another entry's body."""
    return hashlib.sha256(f"{kind}\0{key}\0".encode() + body).hexdigest()
