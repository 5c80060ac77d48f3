"""What must lie somewhere before a Job is made, so that its courier finds it there?"""

from collections.abc import Callable

import orjson

from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.render import LARGEST_INLINE, LARGEST_PLAN, plan_of
from controller.errors import AgentUnfit, NotFound
from controller.model.attempt import Launch
from controller.model.digest import Digest
from controller.ports.blob_store import BlobStore

FEW_FILES = 30
"""So many files, with their contents if they are small, fit into a Job in any case."""


class Staging:
    """Puts what is too large for a Job, and what couriers could not reach, where they look."""

    def __init__(
        self, place_of: Callable[[Launch], Place], blobs: BlobStore, offer: Callable[[Digest], None] = lambda _: None
    ) -> None:
        """`offer` makes sure that couriers find a file of an agent; it raises NotFound where nobody published it."""
        self._place_of = place_of
        self._blobs = blobs
        self._offer = offer

    def place(self, launch: Launch) -> Place:
        """Return the place of an attempt, with everything laid out. Raises AgentUnfit."""
        place = self._place_of(launch)
        for path, digest in launch.agent_files.items():
            if place.inline(digest) is None:
                self._offered(path, digest)
        if len(launch.input) > LARGEST_INLINE:
            place = place._replace(input_blob=self._blobs.put(launch.input))
        if len(launch.staged) + len(launch.agent_files) > FEW_FILES:
            plan = orjson.dumps(plan_of(launch, place))
            if len(plan) > LARGEST_PLAN:
                place = place._replace(staged_blob=self._blobs.put(plan))
        return place

    def _offered(self, path: str, digest: Digest) -> None:
        try:
            self._offer(digest)
        except NotFound as error:
            raise AgentUnfit(
                f"{path} was not published with its agent: {error.message}", hint="kubectl libretto definitions publish"
            ) from error
