"""Which step of which run of a tree does an outcomes file mean by an address, and does a definition have it?"""

from collections.abc import Iterator, Mapping

from controller.definition.findings import did_you_mean
from controller.definition.snapshot import Snapshot
from controller.errors import InvariantViolated
from controller.model.digest import Digest
from controller.model.outcomes import Outcomes
from controller.model.run import RunSpec
from controller.model.step import Step
from controller.ports.object_store import ObjectStore


class Addresses:
    """Writes steps as outcomes files do: `load[3]`, `kpi/fetch`, `kpi@2/fetch`."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._paths: dict[str, str] = {}

    def of(self, run: str, step: str) -> str:
        """Return the address of a step of a run."""
        path = self.path(run)
        return f"{path}/{step}" if path else step

    def path(self, run: str) -> str:
        """Return the path of a run inside its tree; empty for the root."""
        path = self._paths.get(run)
        if path is None:
            spec = self._objects.run(run)
            if spec is None:
                raise InvariantViolated(f"run {run} is not in the tree that is simulated")
            path = self._paths[run] = self._path(spec)
        return path

    def _path(self, spec: RunSpec) -> str:
        if spec.parent is None:
            return ""
        attempt = spec.parent_attempt or 1
        return self.of(spec.parent, spec.parent_step or "") + (f"@{attempt}" if attempt > 1 else "")


def unknown_addresses(outcomes: Outcomes, snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for every address of the file that no step of the definition has, with what may be meant."""
    named = [(f"outcomes.{address}", address) for address in outcomes.outcomes]
    named += [(f"undo.{address}", address) for address in outcomes.undo]
    named += [(f"decisions.{address}", address) for address in outcomes.decisions]
    for number, command in enumerate(outcomes.commands):
        address = "/".join(filter(None, [command.run, command.step]))
        named += [(f"commands[{number}]", address)] if address else []
    known: dict[Digest, Mapping[str, Step]] = {}
    for place, address in named:
        problem = _unknown(address, snapshot, known)
        if problem is not None:
            yield f"{place}: {problem}"


def _unknown(address: str, snapshot: Snapshot, known: dict[Digest, Mapping[str, Step]]) -> str | None:
    """`known` keeps the steps of definitions by their ids from one call to the next."""
    digest: Digest | None = snapshot.root
    for part in address.split("/"):
        if digest is None:
            return f'there is no step "{part}": what stands before it plays no orchestration'
        entry = snapshot.orchestration(digest)
        name = part.partition("@")[0].partition("[")[0]
        if digest not in known:
            known[digest] = {step.id: step for step in (*entry.spec.steps, *entry.spec.finally_)}
        steps = known[digest]
        if name not in steps:
            hint = did_you_mean(name, steps)
            return f'{entry.spec.name} has no step "{name}"' + (f" ({hint})" if hint else "")
        digest = snapshot.child(digest, name) if steps[name].orchestration is not None else None
    return None
