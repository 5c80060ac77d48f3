"""Every error that Libretto raises on purpose, grouped by what must follow.

    LibrettoError
    ├── Stalled              a person must change something
    │   ├── DefinitionInvalid      files do not say what may be run (all problems at once)
    │   ├── ConfigurationInvalid   a setting, option or environment value is wrong
    │   ├── ParametersInvalid      the values given for a run do not fit its parameters
    │   ├── NotFound               no run, step, definition, agent or blob of that name
    │   ├── Ambiguous              a prefix fits more than one run
    │   ├── Refused                not allowed in the state that the thing is in
    │   ├── AlreadyDecided         a checkpoint was decided before
    │   ├── StateTooNew            the state directory was written by a newer Libretto
    │   ├── Held                   what was done is not known: nothing more is done before a person decides
    │   │   ├── OutcomeUnknown         nobody led for so long that the traces of what was started are gone
    │   │   └── Restored               the run comes from a backup, and what happened since is in no ledger
    │   ├── VerificationFailed     a ledger, bundle or blob is not what its digest says
    │   ├── Forbidden              the API server does not let this account do it
    │   ├── AgentUnfit             the agent can never run in a pod
    │   ├── ObjectInvalid          the API server refuses an object as it is
    │   └── TooLarge               an object or blob is larger than its store takes
    ├── Waiting              nothing is wrong; look again after `retry_after` seconds
    │   ├── Busy                   another process drives this run
    │   ├── Fenced                 another leader took over: this one writes nothing any more
    │   └── Throttled              the API server asks for patience
    ├── Transient            the outside failed; the same call may succeed later
    │   ├── StoreUnavailable       disk or database did not take or give what it should
    │   ├── DiskFull               no space: runs are suspended, nothing is lost
    │   ├── RunnerUnavailable      the supervisor of the steps cannot be started or reached
    │   ├── ServerUnavailable      the API server cannot be reached, or failed
    │   ├── Unauthorized           the API server does not know who asks
    │   ├── Conflict               somebody else wrote the object since it was read
    │   ├── AlreadyExists          an object of that name is there
    │   └── Gone                   a watch or list continues from a point that is forgotten
    └── InvariantViolated    our bug: stop this object loudly, never the others
        ├── IllegalTransition      the table has no row for this move
        └── LedgerInconsistent     records do not fold (a gap, a foreign run, an unknown kind)

The class name is the reason word: the same in conditions, logs, JSON output and documentation, hence no `Error`
suffix below the root.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.model.problem import Problem


class LibrettoError(Exception):
    """Root of all errors that Libretto raises on purpose.

    `hint` says what a person can do; it is shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def reason(self) -> str:
        """The class name, used as the one word for this error everywhere."""
        return type(self).__name__


class Stalled(LibrettoError):
    """A person must change something before a retry can help."""


class DefinitionInvalid(Stalled):
    """Files do not say what may be run. Carries every problem, not only the first."""

    def __init__(self, problems: Sequence["Problem"]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the definition")
        self.problems = tuple(problems)


class ConfigurationInvalid(Stalled):
    """A setting, option or environment value is wrong."""


class ParametersInvalid(Stalled):
    """The values given for a run do not fit the parameters of its orchestration."""


class NotFound(Stalled):
    """No run, step, definition, agent or blob of that name."""


class Ambiguous(Stalled):
    """A prefix fits more than one run."""


class Refused(Stalled):
    """The command is not allowed in the state that the thing is in. Nothing was changed."""


class AlreadyDecided(Refused):
    """A checkpoint was decided before; the first recorded decision wins."""


class StateTooNew(Stalled):
    """The state directory or ledger was written by a newer Libretto."""


class Held(Stalled):
    """What was done for a run is not known: nothing more is done before a person decides. `runs`: uids of the runs concerned."""

    def __init__(self, message: str, *, runs: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.runs = tuple(runs)


class OutcomeUnknown(Held):
    """Nobody led for so long that the traces of what was started are gone: it may have happened, or not."""


class Restored(Held):
    """The run comes from a backup: what happened after that was made is in no ledger."""


class VerificationFailed(Stalled):
    """A ledger, bundle or blob is not what its digest says."""


class Forbidden(Stalled):
    """The API server does not let this account do it. `quota`: a quota is used up, which may pass by itself."""

    def __init__(self, message: str, *, quota: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.quota = quota


class AgentUnfit(Stalled):
    """The agent can never run in a pod as it is."""


class ObjectInvalid(Stalled):
    """The API server refuses an object as it is: its schema, or one of its rules."""


class TooLarge(Stalled):
    """An object or blob is larger than its store takes."""


class Waiting(LibrettoError):
    """A wait that was chosen; not a failure, so it raises no alarm."""

    def __init__(self, message: str, *, retry_after: int = 1, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Busy(Waiting):
    """Another process drives this run."""


class Fenced(Waiting):
    """Another leader took over: this one writes nothing any more."""


class Throttled(Waiting):
    """The API server asks for patience."""


class Transient(LibrettoError):
    """The outside failed; the same call may succeed later."""


class StoreUnavailable(Transient):
    """Disk or database did not take or give what it should."""


class DiskFull(Transient):
    """No space is left: the run is suspended and nothing is lost."""


class RunnerUnavailable(Transient):
    """The supervisor of the steps cannot be started or reached."""


class ServerUnavailable(Transient):
    """The API server cannot be reached, or failed."""


class Unauthorized(Transient):
    """The API server does not know who asks: a token has expired or was revoked. It is read anew with the next call."""


class Conflict(Transient):
    """Somebody else wrote the object since it was read: read it again."""


class AlreadyExists(Transient):
    """An object of that name is there: look whether it is ours."""


class Gone(Transient):
    """A watch or list continues from a point that the API server has forgotten: list again."""


class InvariantViolated(LibrettoError):
    """A promise of the code itself was broken: our bug."""


class IllegalTransition(InvariantViolated):
    """The transition table has no row for this move; the state is untouched."""


class LedgerInconsistent(InvariantViolated):
    """Records do not fold: a gap, a foreign run, or a kind that nobody knows."""
