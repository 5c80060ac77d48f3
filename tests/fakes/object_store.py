"""Runs and definitions in memory; every write is durable at once."""

from collections.abc import Sequence

from controller.errors import NotFound
from controller.model.run import RunSpec, RunStatus
from controller.ports.object_store import Published
from tests.fakes.disk import Disk


class InMemoryObjectStore:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def create_run(self, spec: RunSpec) -> bool:
        self._disk.commit()
        return self._disk.runs.setdefault(spec.uid, spec) is spec

    def run(self, uid: str) -> RunSpec | None:
        return self._disk.runs.get(uid)

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        ledgers = self._disk.ledgers
        latest_first = list(self._disk.runs.values())
        latest_first.reverse()
        newest_first = sorted(latest_first, key=lambda spec: -spec.created_at)
        return [(spec, ledgers[spec.uid].status if spec.uid in ledgers else None) for spec in newest_first]

    def children(self, uid: str) -> Sequence[RunSpec]:
        return [spec for spec in self._disk.runs.values() if spec.parent == uid]

    def delete_run(self, uid: str) -> None:
        disk = self._disk
        disk.flush()
        disk.commit()
        disk.runs.pop(uid, None)
        disk.ledgers.pop(uid, None)
        for decision in [id_ for id_, decision in disk.decisions.items() if decision.run == uid]:
            del disk.decisions[decision]
            disk.answers.pop(decision, None)
        for queue in disk.places.values():
            queue[:] = [holder for holder in queue if holder.run != uid]

    def publish(self, definition: Published) -> bool:
        self._disk.commit()
        known = self._disk.definitions.get(definition[:5])
        created_at = known.created_at if known else definition.created_at
        self._disk.definitions[definition[:5]] = definition._replace(created_at=created_at)
        return known is None

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        found = [published for published in self._disk.definitions.values() if kind in {None, published.kind}]
        return sorted(found, key=lambda one: (one.kind, one.name, one.version, one.owner, one.organization))

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        self._disk.commit()
        known = self._disk.definitions.get(definition[:5])
        if known is None:
            raise NotFound(f"{definition.kind} {definition.name} {definition.version} is not published")
        self._disk.definitions[definition[:5]] = known._replace(lifecycle=lifecycle, updated_at=now)
