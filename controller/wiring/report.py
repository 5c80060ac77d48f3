"""Where a report gets its facts: a state directory or a bundle; verified first, in both cases."""

from contextlib import closing
from pathlib import Path

from controller.adapters.bundle import Container
from controller.adapters.clock import SystemClock
from controller.model.run import RunSpec
from controller.runtime.estimate import usual_durations
from controller.runtime.proof.bundle import BundledEvidence, verify_bundle
from controller.runtime.proof.verify import verify
from controller.runtime.report.facts import Facts
from controller.runtime.report.gather import facts_of
from controller.wiring.evidence import stored
from controller.wiring.local import Local


def facts_of_run(local: Local, root: RunSpec) -> Facts:
    """Return the facts of a run tree in a state directory; steps are compared with those of earlier runs there.

    Raises VerificationFailed where nothing can be told, StateTooNew, StoreUnavailable.
    """
    evidence = stored(local, root)
    stores = local.stores
    usual = usual_durations(stores.objects, stores.ledger, root.orchestration, root.uid)
    return facts_of(evidence, verify(evidence), local.clock.now(), usual)


def facts_of_bundle(path: Path) -> Facts:
    """Return the facts of a bundle. Raises NotFound, StoreUnavailable, StateTooNew, VerificationFailed."""
    with closing(Container.open(path)) as container:
        verification = verify_bundle(container)
        return facts_of(BundledEvidence(container), verification, SystemClock().now())
