"""Bundles as zip files in exactly one form, so that equal members make equal bytes and any other byte is noticed.

A zip file has slack that its readers ignore: dates, attributes, extra fields, versions, comments, order. Here all of it
is fixed, nothing is compressed (what zlib makes changes between its versions), and `deviation` encodes the members
again and compares every byte.
"""

import errno
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from controller.errors import DiskFull, NotFound, StoreUnavailable, VerificationFailed

LAST = "manifest.json"
"""Stands behind all others, which are sorted by name: it tells about them and is written in one go with them."""

LARGEST_32 = 0xFFFFFFFF
LARGEST_16 = 0xFFFF
LARGEST_COMPRESSED = 64 * 1024 * 1024
"""Bytes of one member that other tools compressed: enough to say what they changed, too little to fill the memory."""

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_DATE = 0x0021
"""1 January 1980, the first day that the format knows."""
_PLAIN, _LARGE = 20, 45
"""Versions of the format: 2.0, and 4.5 where 64 bits are needed."""
_UNIX = 3 << 8
_ATTRIBUTES = 0o100644 << 16
_DAMAGES = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
    zlib.error,
)
"""What reading a damaged zip file raises."""


class _Placed(NamedTuple):
    name: bytes
    crc: int
    size: int
    offset: int


def encode(
    members: Iterable[tuple[str, bytes]], limit_32: int = LARGEST_32, limit_16: int = LARGEST_16
) -> Iterator[bytes]:
    """Yield the bytes of the zip file with these members, in this order. The limits are parameters for tests."""
    placed: list[_Placed] = []
    offset = 0
    for name, content in members:
        one = _Placed(name.encode(), zlib.crc32(content), len(content), offset)
        placed.append(one)
        for part in (_local(one, limit_32), content):
            offset += len(part)
            yield part
    directory = b"".join(_central(one, limit_32) for one in placed)
    yield directory
    yield _end(len(placed), len(directory), offset, limit_32, limit_16)


def _local(one: _Placed, limit: int) -> bytes:
    large = one.size >= limit
    size = LARGEST_32 if large else one.size
    extra = struct.pack("<2H2Q", 1, 16, one.size, one.size) if large else b""
    version = _LARGE if large else _PLAIN
    header = _LOCAL.pack(b"PK\3\4", version, 0x800, 0, 0, _DATE, one.crc, size, size, len(one.name), len(extra))
    return header + one.name + extra


def _central(one: _Placed, limit: int) -> bytes:
    large = [one.size, one.size] if one.size >= limit else []
    far = [one.offset] if one.offset >= limit else []
    extra = struct.pack(f"<2H{len(large + far)}Q", 1, 8 * len(large + far), *large, *far) if large or far else b""
    size, offset = (LARGEST_32 if large else one.size), (LARGEST_32 if far else one.offset)
    version = _LARGE if large or far else _PLAIN
    header = _CENTRAL.pack(
        b"PK\1\2",
        _UNIX | version,
        version,
        0x800,
        0,
        0,
        _DATE,
        one.crc,
        size,
        size,
        len(one.name),
        len(extra),
        0,
        0,
        0,
        _ATTRIBUTES,
        offset,
    )
    return header + one.name + extra


def _end(count: int, size: int, offset: int, limit_32: int, limit_16: int) -> bytes:
    many, far = count >= limit_16, offset >= limit_32 or size >= limit_32
    large = b""
    if many or far:
        large = _END_64.pack(b"PK\6\6", 44, _UNIX | _LARGE, _LARGE, 0, 0, count, count, size, offset)
        large += _LOCATOR_64.pack(b"PK\6\7", 0, offset + size, 1)
    shown = LARGEST_16 if many else count
    sizes = (LARGEST_32, LARGEST_32) if far else (size, offset)
    return large + _END.pack(b"PK\5\6", 0, 0, shown, shown, *sizes, 0)


def write(path: Path, members: Iterable[tuple[str, bytes]]) -> int:
    """Write a bundle, all or nothing, and return its size in bytes. Raises StoreUnavailable, DiskFull."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            try:
                for part in encode(members):
                    stream.write(part)
                stream.flush()
                os.fsync(stream.fileno())
                size = stream.tell()
                Path(stream.name).chmod(0o644)
                Path(stream.name).replace(path)
            finally:
                Path(stream.name).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"cannot write {path}: no space left", hint="free some space") from error
        raise StoreUnavailable(f"cannot write {path}: {error.strerror}") from error
    return size


class Container:
    """A bundle that is read. Nothing of it is believed: `deviation` says whether its form is the only one there is."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Find the members. Raises VerificationFailed where no reader of zip files could."""
        self._stream = stream
        self._infos: dict[str, zipfile.ZipInfo] = {}
        try:
            self._zip = zipfile.ZipFile(stream)
            for info in self._zip.infolist():
                self._infos[info.filename] = info
        except _DAMAGES as error:
            raise VerificationFailed(f"it cannot be read as a zip file: {error}") from error

    @classmethod
    def open(cls, path: Path) -> "Container":
        """Open a file. Raises NotFound, StoreUnavailable, VerificationFailed."""
        try:
            return cls(path.open("rb"))
        except FileNotFoundError as error:
            raise NotFound(f"{path} does not exist") from error
        except VerificationFailed as error:
            raise VerificationFailed(f"{path} is no bundle: {error.message}") from error
        except OSError as error:
            raise StoreUnavailable(f"cannot read {path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    @property
    def names(self) -> list[str]:
        """Names of the members in the order of a bundle."""
        return sorted(self._infos, key=lambda name: (name == LAST, name))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a member as they lie in the file; None where there is no such member.

        Raises VerificationFailed where they cannot be read.
        """
        info = self._infos.get(name)
        if info is None:
            return None
        try:
            if info.compress_type == zipfile.ZIP_STORED:
                return self._stored(info)
            if info.file_size > LARGEST_COMPRESSED:
                raise VerificationFailed(f"{name} is compressed, which no bundle is")
            return self._zip.read(info)
        except _DAMAGES as error:
            raise VerificationFailed(f"{name} cannot be read: {error}") from error

    def _stored(self, info: zipfile.ZipInfo) -> bytes:
        """Not through the reader of zip files, which would only say that the checksum is wrong."""
        self._stream.seek(info.header_offset)
        fields = _LOCAL.unpack(self._stream.read(_LOCAL.size))
        self._stream.seek(info.header_offset + _LOCAL.size + fields[-2] + fields[-1])
        return self._stream.read(info.file_size)

    def deviation(self) -> str | None:
        """Return where the file is not what its members make, and None where it is."""
        offset = 0
        for part in encode(self._members()):
            self._stream.seek(offset)
            found = self._stream.read(len(part))
            if found != part:
                place = next((i for i, (a, b) in enumerate(zip(found, part, strict=False)) if a != b), len(found))
                return f"byte {offset + place:,} is not what its members make: the file was changed or written by another tool"
            offset += len(part)
        self._stream.seek(0, os.SEEK_END)
        rest = self._stream.tell() - offset
        return f"{rest:,} bytes stand behind its end" if rest else None

    def _members(self) -> Iterator[tuple[str, bytes]]:
        for name in self.names:
            content = self.read(name)
            yield name, b"" if content is None else content
