"""What is known of the objects of one resource: the newest of each, found by name and by whatever they belong to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]

Listener = Callable[[Json | None, Json | None], None]
"""Told of every change: the object before and after; None: it was not there, or is gone."""

Index = Callable[[Json], str | None]
"""What an object is also found by."""


class Cache:
    """Objects by namespace and name. The newest resource version wins, whether a watch or our own write brought it."""

    def __init__(
        self,
        indexes: Mapping[str, Index] | None = None,
        listener: Listener | None = None,
        slim: Callable[[Json], Json] = lambda one: one,
    ) -> None:
        """`slim` returns what is to be remembered of an object."""
        self._objects: dict[tuple[str, str], Json] = {}
        self._indexes = dict(indexes or {})
        self._found: dict[str, dict[str, dict[tuple[str, str], None]]] = {name: {} for name in self._indexes}
        self._listener = listener
        self._slim = slim
        self._deleted: dict[str, int] = {}
        """Uids of objects that are gone, so that a late echo does not bring them back."""

    def get(self, namespace: str, name: str) -> Json | None:
        return self._objects.get((namespace, name))

    def all(self, namespace: str | None = None) -> Iterator[Json]:
        """Yield all objects, of one namespace if it is given."""
        for (where, _), one in list(self._objects.items()):
            if namespace is None or where == namespace:
                yield one

    def by(self, index: str, value: str) -> list[Json]:
        """Return the objects that an index finds, the oldest known first."""
        return [self._objects[place] for place in self._found[index].get(value, ())]

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, new: Json) -> None:
        """Take an object up, unless a newer state of it is known."""
        self._take(new, self.remembered)

    def moved(self, namespace: str, name: str, version: str) -> None:
        """Note that a known object is what it was, at a newer version: nobody needs to be told."""
        self._objects[namespace, name]["metadata"]["resourceVersion"] = version

    def remembered(self, given: Json) -> Json:
        """Return what is kept of an object; the object is used up."""
        given["metadata"].pop("managedFields", None)
        return self._slim(given)

    def _take(self, new: Json, remembered: Callable[[Json], Json]) -> None:
        metadata = new["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        old = self._objects.get(place)
        if metadata["uid"] in self._deleted or (old is not None and not _newer(new, old)):
            return
        if old is not None and old["metadata"]["uid"] != metadata["uid"]:
            self.remove(old)
            old = None
        new = remembered(new)
        self._objects[place] = new
        self._reindex(place, old, new)
        if self._listener is not None:
            self._listener(old, new)

    def remove(self, gone: Json) -> None:
        """Take an object as deleted."""
        metadata = gone["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        old = self._objects.get(place)
        if old is None or old["metadata"]["uid"] != metadata["uid"]:
            return
        del self._objects[place]
        self._remember(metadata["uid"])
        self._reindex(place, old, None)
        if self._listener is not None:
            self._listener(old, None)

    def replace(self, objects: Iterable[Json], version: str, namespace: str | None = None) -> None:
        """Take a whole list up, each object as `remembered` returned it: what it does not have and was known before it was
        made is gone.
        """
        there: set[str] = set()
        for one in objects:
            there.add(one["metadata"]["uid"])
            self._take(one, lambda kept: kept)
        for one in list(self.all(namespace)):
            metadata = one["metadata"]
            if metadata["uid"] not in there and _number(metadata["resourceVersion"]) <= _number(version):
                self.remove(one)

    def differences(self, there: Iterable[Json], version: str, namespace: str | None = None) -> int:
        """Return how many objects a list (the metadata of each, and its version) shows otherwise than they are known."""
        listed = {metadata["uid"]: metadata for metadata in there}
        known = {one["metadata"]["uid"]: one["metadata"] for one in self.all(namespace)}
        ghosts = sum(
            uid not in listed and _number(metadata["resourceVersion"]) <= _number(version)
            for uid, metadata in known.items()
        )
        missed = sum(
            uid not in self._deleted
            and (uid not in known or _number(known[uid]["resourceVersion"]) < _number(metadata["resourceVersion"]))
            for uid, metadata in listed.items()
        )
        return ghosts + missed

    def forget(self, namespace: str | None = None) -> None:
        """Take everything for gone, and for possible again: the past that it came from never was."""
        for one in list(self.all(namespace)):
            self.remove(one)
        self._deleted.clear()

    def _reindex(self, place: tuple[str, str], old: Json | None, new: Json | None) -> None:
        for name, index in self._indexes.items():
            before = index(old) if old is not None else None
            after = index(new) if new is not None else None
            if before == after:
                continue
            found = self._found[name]
            if before is not None:
                del found[before][place]
                if not found[before]:
                    del found[before]
            if after is not None:
                found.setdefault(after, {})[place] = None

    def _remember(self, uid: str) -> None:
        self._deleted[uid] = 1
        while len(self._deleted) > 10_000:
            del self._deleted[next(iter(self._deleted))]


def _newer(new: Json, old: Json) -> bool:
    """Versions of one resource are numbers that grow (guaranteed since Kubernetes 1.35, true before)."""
    given, known = new["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"]
    return _number(given) > _number(known)


def _number(version: str) -> int:
    return int(version) if version else 0
