"""What an outcomes file says about artifacts: a digest alone, or content that is stored under its digest."""

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

from controller.errors import ConfigurationInvalid
from controller.model.digest import Digest
from controller.model.outcomes import Content, Outcome
from controller.ports.blob_store import BlobStore


def artifacts_of(outcome: Outcome, blobs: BlobStore) -> Iterator[tuple[str, Digest]]:
    """Yield name and digest of each artifact; content that is given is stored. Raises ConfigurationInvalid."""
    for name, given in sorted(outcome.artifacts.items()):
        yield name, blobs.put(_bytes(name, given)) if isinstance(given, Content) else blobs.put_file(given)


def _bytes(name: str, given: Content) -> bytes:
    if given.text is not None:
        return given.text.encode()
    try:
        return b64decode(given.base64 or "", validate=True)
    except Error as error:
        raise ConfigurationInvalid(f'the content of artifact "{name}" is not base64: {error}') from error
