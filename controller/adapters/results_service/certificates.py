"""Who is the service, and who may say so? Certificates in files that somebody renews: nothing must be restarted for it."""

import asyncio
import logging
import ssl
from pathlib import Path

from controller.errors import ConfigurationInvalid

RENEWAL_S = 60
"""Between two looks whether a certificate was renewed: the kubelet itself takes a minute to tell of a changed Secret."""

log = logging.getLogger("libretto.results")

Stamp = tuple[int, ...]


class Certificate:
    """What the service shows to those who connect. `context` always has the newest."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises ConfigurationInvalid."""
        self._chain, self._key = chain, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            self._seen = self._load()
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationInvalid(f"no certificate with its key in {chain} and {key}: {error}") from error

    def renew(self) -> bool:
        """Read the files again if they changed; return whether they did. What cannot be read leaves the old one in use."""
        try:
            if _stamp(self._chain, self._key) == self._seen:
                return False
            self._seen = self._load()
        except (OSError, ssl.SSLError) as error:
            log.warning("the certificate in %s cannot be read, so the old one stays in use: %s", self._chain, error)
            return False
        log.info("the certificate in %s was renewed", self._chain)
        return True

    async def keep(self) -> None:
        """Follow the files, until it is cancelled."""
        while True:
            await asyncio.sleep(RENEWAL_S)
            self.renew()

    def _load(self) -> Stamp:
        seen = _stamp(self._chain, self._key)
        self.context.load_cert_chain(self._chain, self._key)
        return seen


class Authority:
    """The certificates of those who may sign for a service, as they are just now."""

    def __init__(self, file: Path) -> None:
        """Raises ConfigurationInvalid."""
        self._file = file
        try:
            self._seen = _stamp(file)
            self._text, self._context = self._read()
        except (OSError, ValueError) as error:
            raise ConfigurationInvalid(f"no certificates of an authority in {file}: {error}") from error

    def text(self) -> str:
        """Return them as PEM."""
        self._follow()
        return self._text

    def context(self) -> ssl.SSLContext:
        """Return what verifies a service with them."""
        self._follow()
        return self._context

    def _follow(self) -> None:
        try:
            found = _stamp(self._file)
            if found != self._seen:
                self._text, self._context = self._read()
                self._seen = found
        except (OSError, ValueError) as error:
            log.warning("the authorities in %s cannot be read, so the old ones stay in use: %s", self._file, error)

    def _read(self) -> tuple[str, ssl.SSLContext]:
        text = self._file.read_text(encoding="ascii")
        return text, ssl.create_default_context(cadata=text)


def _stamp(*files: Path) -> Stamp:
    """Return what is another one when one of the files is."""
    found = [file.stat() for file in files]
    return tuple(number for one in found for number in (one.st_ino, one.st_mtime_ns, one.st_size))
