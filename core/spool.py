"""Raw events on disk while PostgreSQL refuses them: sealed, durable before anyone is told "ok", replayed in order.

folder/records/<sequence>-<arrival>-<random>   one sealed event each, named in order of arrival
folder/drafts/                                 what is being written
folder/damaged/                                set aside: cannot be opened, or refused by the handler
folder/ledger                                  next sequence and bytes kept, shared by the processes of this machine
"""

import asyncio
import fcntl
import os
import re
import secrets
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import clock
from core.crypto import InstallationKey, KeyRing
from core.drafts import CLOSED_DISK, FULL_DISK, Draft, make_private_folder, sweep_drafts, sync_folder
from core.errors import AppError, Misconfigured, Refused, Tampered, Unavailable
from core.logging import get_logger
from core.texts import Text

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_KEY_SIZE: Final = 32
_LONGEST_ID: Final = 255
_PURPOSE: Final = "spool"  # a new word here, and nothing that was kept opens any more
NAME: Final = re.compile(r"([0-9a-f]{16})-([0-9a-f]{12})-[0-9a-f]{8}")
_LEDGER: Final = struct.Struct(">QQ")

log = get_logger(__name__)


class SpoolFull(Unavailable):
    """The cap is reached, or the disk is full: nothing was kept."""


class SpoolUnavailable(Unavailable):
    """The disk refused: nothing is promised to be kept."""


class Unopened(Tampered):
    """A record that does not open under its own name with any of our keys."""


class SpoolCipher(Protocol):
    """`seal` is never without a key; `open` raises `Unopened`."""

    def seal(self, data: bytes, *, aad: bytes) -> bytes: ...

    def open(self, sealed: bytes, *, aad: bytes) -> bytes: ...


class SpoolKey:
    """AES-256-GCM under one key; older keys still open what they sealed."""

    def __init__(self, key_id: str, key: bytes, *, older: Mapping[str, bytes] | None = None) -> None:
        keys = {**(older or {}), key_id: key}
        if any(len(value) != _KEY_SIZE or not 0 < len(name.encode()) <= _LONGEST_ID for name, value in keys.items()):
            raise Misconfigured(
                "Chave do spool inválida: são 32 bytes e um nome.", "Invalid spool key: 32 bytes and a name."
            )
        self._ciphers = {name.encode(): AESGCM(value) for name, value in keys.items()}
        self._id = key_id.encode()

    @classmethod
    def of(cls, ring: KeyRing) -> Self:
        """From the installation's keys as they are now: the current one seals, the others open."""
        ring.reload()
        return cls._of_keys(ring.keys)

    @classmethod
    def as_last_read(cls, ring: KeyRing) -> Self:
        return cls._of_keys(ring.keys)

    @classmethod
    def _of_keys(cls, keys: Sequence[InstallationKey]) -> Self:
        [current, *older] = keys
        return cls(current.name, current.derive(_PURPOSE), older={key.name: key.derive(_PURPOSE) for key in older})

    def seal(self, data: bytes, *, aad: bytes) -> bytes:
        header = _VERSION + bytes([len(self._id)]) + self._id
        nonce = os.urandom(_NONCE)
        return header + nonce + self._ciphers[self._id].encrypt(nonce, data, header + aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        """The data, if it was sealed with this `aad` by one of our keys."""
        size = 2 + (sealed[1] if len(sealed) > 1 else 0)
        header, nonce, data = sealed[:size], sealed[size : size + _NONCE], sealed[size + _NONCE :]
        cipher = self._ciphers.get(header[2:])
        if cipher is None or not header.startswith(_VERSION) or len(nonce) < _NONCE:
            raise _unopened()
        try:
            return cipher.decrypt(nonce, data, header + aad)
        except InvalidTag:
            raise _unopened() from None


class SpoolRing:
    """The installation's keys as they are each time: a rotation holds for a process that runs, and so does its undoing.

    While they cannot be read, those that were read last go on: an event is not refused for that.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, data: bytes, *, aad: bytes) -> bytes:
        return self._key().seal(data, aad=aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes:
        return self._key().open(sealed, aad=aad)

    def _key(self) -> SpoolKey:
        try:
            return SpoolKey.of(self._ring)
        except Misconfigured:
            log.exception("spool.keys_unreadable", source=self._ring.source)
            return SpoolKey.as_last_read(self._ring)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What one pass did. `stopped` is the failure that ended it early."""

    handled: int = 0
    set_aside: int = 0
    stopped: AppError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolStatus:
    depth: int
    size: int
    oldest_seconds: float
    damaged: int


@dataclass(kw_only=True, slots=True)
class _Ledger:
    sequence: int
    size: int

    @classmethod
    def unpack(cls, kept: bytes) -> Self:
        sequence, size = _LEDGER.unpack(kept)
        return cls(sequence=sequence, size=size)


class Spool:
    """Run `check` once before anything else."""

    def __init__(self, folder: Path, cipher: SpoolCipher, *, max_bytes: int) -> None:
        self._folder = folder
        self._cipher = cipher
        self._max_bytes = max_bytes
        self._records, self._drafts, self._damaged = (folder / name for name in ("records", "drafts", "damaged"))

    def check(self) -> None:
        """At boot: fail unless this process can keep events here, and clear what died half-written."""
        try:
            for folder in (self._records, self._drafts, self._damaged):
                make_private_folder(folder)
            sweep_drafts(self._drafts)
            with Draft(self._drafts) as draft:
                draft.write(b"probe")
                draft.commit(self._folder / "probe")
            self._settle_ledger()
        except OSError as error:
            raise _unusable(self._folder, error) from error

    async def append(self, record: bytes) -> None:
        """Returns when the record is durable. Cancelled, it may still be kept."""
        await asyncio.to_thread(self._append, record)

    async def replay(self, handle: Callable[[bytes], Awaitable[None]]) -> Replayed:
        """Hand over each record in order of arrival; one whose removal a crash prevented is handed over again.

        A record that cannot be opened, or that `handle` refuses for good, is set aside. Any other failure ends the
        pass. While another process replays, nothing is done.
        """
        handled = set_aside = 0
        with self._alone() as is_alone:
            try:
                for name in await asyncio.to_thread(self._names) if is_alone else ():
                    if await self._hand_over(name, handle):
                        handled += 1
                    else:
                        set_aside += 1
            except AppError as error:
                return Replayed(handled=handled, set_aside=set_aside, stopped=error)
            finally:
                with suppress(Unavailable):
                    await asyncio.to_thread(self._recount)
        return Replayed(handled=handled, set_aside=set_aside)

    async def restore(self) -> int:
        """Give what was set aside another chance, say after a lost key came back."""
        return await asyncio.to_thread(self._restore)

    async def status(self) -> SpoolStatus:
        return await asyncio.to_thread(self._status)

    async def _hand_over(self, name: str, handle: Callable[[bytes], Awaitable[None]]) -> bool:
        try:
            record = await asyncio.to_thread(self._read, name)
            await handle(record)
        except (Unopened, Refused) as error:
            if error.retryable:
                raise
            await asyncio.to_thread(self._set_aside, name)
            return False
        await asyncio.to_thread(self._remove, name)
        return True

    def _append(self, record: bytes) -> None:
        with self._failures(), Draft(self._drafts) as draft:
            draft.commit(self._records / self._enter(draft, record))

    def _enter(self, draft: Draft, record: bytes) -> str:
        """Take the next name and the room; the bytes are counted from here on, whatever process asks."""
        with self._ledger() as ledger:
            ledger.sequence += 1
            name = f"{ledger.sequence:016x}-{int(clock.now().timestamp() * 1000):012x}-{secrets.token_hex(4)}"
            sealed = self._cipher.seal(record, aad=name.encode())
            ledger.size += len(sealed)
            if ledger.size > self._max_bytes:
                raise _full(self._folder)
            draft.reserve(len(sealed))
            draft.write(sealed)
        return name

    def _read(self, name: str) -> bytes:
        with self._failures():
            return self._cipher.open((self._records / name).read_bytes(), aad=name.encode())

    def _remove(self, name: str) -> None:
        with self._failures():
            (self._records / name).unlink()

    def _set_aside(self, name: str) -> None:
        with self._failures():
            (self._records / name).replace(self._damaged / name)
            sync_folder(self._damaged)

    def _restore(self) -> int:
        with self._failures():
            restored = 0
            for path in [path for path in self._damaged.iterdir() if NAME.fullmatch(path.name)]:
                with suppress(FileNotFoundError):  # another process restores too
                    path.replace(self._records / path.name)
                    restored += 1
            sync_folder(self._records)
        return restored

    def _names(self) -> list[str]:
        with self._failures():
            return sorted(filter(NAME.fullmatch, (path.name for path in self._records.iterdir())))

    def _status(self) -> SpoolStatus:
        with self._failures():
            return SpoolStatus(
                depth=len(names := self._names()),
                size=self._count().size,
                oldest_seconds=age_of(names),
                damaged=sum(1 for _ in self._damaged.iterdir()),
            )

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """True while no other replay runs, in this process or another; the kernel lets go when one dies."""
        with self._failures():
            file = _open_private(self._folder / "replay.lock")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def _ledger(self) -> Iterator[_Ledger]:
        with _open_private(self._folder / "ledger") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            kept = file.read(_LEDGER.size)
            ledger = _Ledger.unpack(kept) if len(kept) == _LEDGER.size else self._count()
            yield ledger
            os.pwrite(file.fileno(), _LEDGER.pack(ledger.sequence, ledger.size), 0)

    def _recount(self) -> None:
        with self._failures():
            self._settle_ledger()

    def _settle_ledger(self) -> None:
        """What a killed process had taken and never used is given back."""
        with self._ledger() as ledger:
            counted = self._count()
            ledger.sequence, ledger.size = max(ledger.sequence, counted.sequence), counted.size

    def _count(self) -> _Ledger:
        ledger = _Ledger(sequence=0, size=0)
        # Drafts first: one that takes its name meanwhile is counted twice until the next count, never not at all.
        for folder in (self._drafts, self._damaged, self._records):
            for path in folder.iterdir():
                with suppress(FileNotFoundError):
                    ledger.size += path.stat().st_size
                if name := NAME.fullmatch(path.name):
                    ledger.sequence = max(ledger.sequence, int(name[1], 16))
        return ledger

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in FULL_DISK:
                raise _full(self._folder) from error
            pt, en = _reason(error)
            raise SpoolUnavailable(
                f"O disco recusou o spool em {self._folder}: {pt}.",
                f"The disk refused the spool in {self._folder}: {en}.",
            ) from error


def age_of(names: Sequence[str]) -> float:
    """Seconds since the first of these records arrived."""
    first = NAME.fullmatch(names[0]) if names else None
    return max(0.0, clock.now().timestamp() - int(first[2], 16) / 1000) if first else 0.0


def key_id_of(head: bytes) -> str | None:
    """The key that a record beginning like this was sealed with."""
    name = head[2 : 2 + head[1]] if len(head) > 1 else b""
    is_one = head.startswith(_VERSION) and 0 < len(name) == head[1]
    return name.decode(errors="replace") if is_one else None


def _open_private(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _full(folder: Path) -> SpoolFull:
    return SpoolFull(
        f"O spool em {folder} está cheio: o evento não foi guardado. Libere espaço ou traga o PostgreSQL de volta.",
        f"The spool in {folder} is full: the event was not kept. Free some space or bring PostgreSQL back.",
    )


def _unopened() -> Unopened:
    return Unopened(
        "O registro do spool não abre: foi alterado, trocado de lugar ou falta a chave.",
        "The spool record does not open: it was changed, moved, or its key is missing.",
    )


def _unusable(folder: Path, error: OSError) -> Misconfigured:
    pt, en = _reason(error)
    return Misconfigured(
        f"Não consigo gravar eventos em {folder} ({pt}): "
        "libere espaço, dê permissão de escrita a este usuário ou escolha outra pasta.",
        f"Cannot keep events in {folder} ({en}): free some space, let this user write, or take another folder.",
    )


def _reason(error: OSError) -> Text:
    if error.errno in FULL_DISK:
        return Text("o disco está cheio", "the disk is full")
    unnamed = error.strerror or type(error).__name__
    return CLOSED_DISK.get(error.errno or 0, Text(unnamed, unnamed))
