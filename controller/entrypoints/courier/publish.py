"""The program has ended: what did it leave, and how does that get to where it is kept?"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from blake3 import blake3

from controller.entrypoints.courier import collecting
from controller.entrypoints.courier.content import Content
from controller.entrypoints.courier.folders import below, chunks, entered, opened
from controller.entrypoints.courier.message import Members, artifact_list, cut, fits
from controller.errors import LibrettoError, Refused, StoreUnavailable

if TYPE_CHECKING:
    from controller.entrypoints.courier.service import Service

LARGEST_INLINE = 1024
"""Bytes of a document that travel in the message and in the record itself, past any service and store."""

INTERRUPTED = b'{"v":1,"problems":["the courier was ended before it had handed everything over"]}'
"""Left while it is at work: what stays when it is killed."""

Reach = Callable[[], "Service"]
"""Gives the results service. What needs none does not pay for the code that speaks with it."""

Opening = Callable[[], AbstractContextManager[tuple[int, int]]]


class Document(NamedTuple):
    """`output.json` or `receipt.json`."""

    content: Content
    text: str | None
    """Itself, where it is small."""


class Parcel(NamedTuple):
    """Everything that the program left, measured."""

    documents: dict[str, Document]
    """By `output` and `receipt`."""
    artifacts: list[tuple[Content, str]]
    """With their paths below `artifacts/`."""
    problems: list[str]


class HandedOver(NamedTuple):
    """How it ended."""

    message: bytes
    complete: bool
    """Whether everything that may be handed over was: the exit status of the courier."""


def hand_over(
    directory: str, reach: Reach | None, most: int, deadline: float, begins: Callable[[], object]
) -> HandedOver:
    """Read, digest, upload what is too large for a message of `most` bytes. `begins` is called before the first upload.

    Never raises for what the program left or for what the service does: that becomes part of the message.
    """
    parent, _, name = directory.rpartition("/")
    try:
        with entered(parent) as top, below(top, [name]) as step:
            parcel = measure(step)
            members, uploads = arrange(parcel, most)
            return _upload(members, uploads, parcel, reach, most, deadline, begins)
    except OSError as error:
        problem = f"what the program left could not be read: {error.strerror or error}"
        return HandedOver(cut({"problems": [problem]}, most), False)


def measure(step: int) -> Parcel:
    """Digest everything that may be handed over. Artifacts are not, where something is wrong: nobody will take them."""
    problems: list[str] = []
    documents: dict[str, Document] = {}
    for name, most in (("output", collecting.LARGEST_OUTPUT), ("receipt", collecting.LARGEST_RECEIPT)):
        file = f"{name}.json"
        try:
            with collecting.document(step, file, most, problems) as found:
                if found is not None:
                    documents[name] = _document(step, file, *found)
        except OSError as error:
            collecting.unreadable(file, error, problems)
    left = collecting.collect(step)
    problems += left.problems
    artifacts: list[tuple[Content, str]] = []
    for path, _ in left.artifacts if not problems else ():
        opening = _artifact(step, path)
        try:
            artifacts.append((_measured(f"artifact {path}", opening), path))
        except OSError as error:
            collecting.unreadable(f"artifact {path}", error, problems)
    return Parcel(documents, artifacts if not problems else [], problems)


def arrange(parcel: Parcel, most: int) -> tuple[Members, list[tuple[str, Content]]]:
    """Return the message, and what must be uploaded for it: with the name of the member that may be said only then.

    What need not be in the message leaves it, the longest first: the list of artifacts, the receipt, the output.
    """
    entries = [(path, content.digest, content.size) for content, path in parcel.artifacts]
    outside = {name for name, document in parcel.documents.items() if document.text is None}
    listed = not entries
    for leaving in ("", "artifacts", "receipt", "output"):
        if leaving == "artifacts":
            listed = True
        elif leaving:
            outside |= {leaving} & parcel.documents.keys()
        members: Members = {}
        for name, document in parcel.documents.items():
            if name in outside:
                members[f"{name}Blob"] = document.content.digest
            else:
                members[name] = document.text
        listing = _bytes("the list of artifacts", artifact_list(entries)) if listed and entries else None
        if listing is not None:
            members["listBlob"] = listing.digest
        elif entries:
            members["artifacts"] = entries
        if parcel.problems:
            members["problems"] = parcel.problems[:1]
        if fits(members, most):
            break
    if parcel.problems:
        members["problems"] = parcel.problems
    # The receipt first: it says what was changed outside, whatever else gets lost.
    uploads = [(f"{name}Blob", parcel.documents[name].content) for name in sorted(outside, reverse=True)]
    uploads += [("artifacts", content) for content, _ in parcel.artifacts]
    uploads += [("listBlob", listing)] if listing is not None else []
    return members, uploads


def _upload(
    members: Members,
    uploads: list[tuple[str, Content]],
    parcel: Parcel,
    reach: Reach | None,
    most: int,
    deadline: float,
    begins: Callable[[], object],
) -> HandedOver:
    if uploads:
        begins()
    stored: set[str] = set()
    try:
        for member, content in uploads:
            if reach is None:
                raise Refused(
                    f"{content.what} has {content.size} bytes: that needs the results service, and the operator has none"
                    " (chart value results.enabled)"
                )
            reach().store(content, deadline)
            stored.add(member)
    except (LibrettoError, OSError) as error:
        said = error.message if isinstance(error, LibrettoError) else f"it could not be read: {error}"
        waited = " (it was tried again until the pod had to end)" if isinstance(error, StoreUnavailable) else ""
        kept = {
            name: value for name, value in members.items() if name in {"output", "receipt"} | stored - {"artifacts"}
        }
        return HandedOver(cut({**kept, "problems": [said + waited, *parcel.problems]}, most), False)
    return HandedOver(cut(members, most), True)


def _document(step: int, file: str, descriptor: int, size: int) -> Document:
    content = _measured(file, lambda: opened(step, file))
    if size > LARGEST_INLINE:
        return Document(content, None)
    try:
        return Document(content, b"".join(chunks(descriptor)).decode())
    except UnicodeDecodeError:
        # What is wrong with it says who reads it, as it does of a larger one.
        return Document(content, None)


def _artifact(step: int, path: str) -> Opening:
    return lambda: collecting.artifact(step, path)


def _measured(what: str, opening: Opening) -> Content:
    hasher, size = blake3(), 0
    for chunk in _read(opening):
        hasher.update(chunk)
        size += len(chunk)
    return Content(what, lambda: _read(opening), "blake3:" + hasher.hexdigest(), size)


def _bytes(what: str, content: bytes) -> Content:
    return Content(what, lambda: iter((content,)), "blake3:" + blake3(content).hexdigest(), len(content))


def _read(opening: Opening) -> Iterator[bytes]:
    with opening() as (descriptor, _):
        yield from chunks(descriptor)
