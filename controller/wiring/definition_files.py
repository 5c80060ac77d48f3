"""Which documents must be looked at together when a person asks about some files?"""

import os
from collections.abc import Sequence
from pathlib import Path

from controller.adapters.documents.definition_files import definitions_folder, load, load_together, renamed
from controller.model.document import Document


def gather(asked: Sequence[Path]) -> tuple[list[Document], set[str]]:
    """Return all documents that belong together with the asked paths, and the names of the asked files.

    Asked files keep the names that the user gave them. The order is that of the real paths, so that it does not depend
    on the way in which a file was named.
    """
    named: dict[str, str] = {}
    documents: dict[str, list[Document]] = {}
    for path in asked:
        for place, held in _by_place(load(path)).items():
            named.setdefault(place, held[0].file)
            documents.setdefault(place, [renamed(document, named[place]) for document in held])
    # Of files in one folder the first asks for all of them.
    for path in {definitions_folder(path): path for path in reversed(asked)}.values():
        if definitions_folder(path) not in asked:
            for place, held in _by_place(load_together(path)).items():
                documents.setdefault(place, held)
    return [document for place in sorted(documents) for document in documents[place]], set(named.values())


def _by_place(documents: Sequence[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(os.path.realpath(document.file), []).append(document)
    return found
