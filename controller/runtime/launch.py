"""What a runner is given to start an attempt."""

from controller.engine.effects import StartStep
from controller.model.attempt import AttemptKey, Launch
from controller.model.digest import canonical
from controller.model.states import Role
from controller.model.trace import trace_parent
from controller.runtime.member import Member, idempotency_key
from controller.runtime.prepare import Input
from controller.runtime.undoing import UndoInput


def launch_of(member: Member, effect: StartStep, given: Input) -> Launch:
    """Return the launch of an ordinary attempt."""
    agent = member.agent(effect.unit)
    key = member.key(effect.unit, Role.DO, effect.attempt)
    document = {**given.document, "conversationId": member.conversation(effect.unit)}
    return Launch(
        key,
        agent.spec,
        agent.files,
        canonical(document),
        effect.input_digest,
        given.staged,
        environment(member, key, effect.input_digest),
        effect.timeout_ms,
        effect.queue_timeout_ms,
        slots=tuple(name for name, _ in member.own_slots(effect.unit, Role.DO)),
        at_most_once=member.step(effect.unit).launch == "AtMostOnce",
    )


def undo_launch_of(member: Member, unit: int, attempt: int, given: UndoInput) -> Launch:
    """Return the launch of an attempt of role undo: the same agent, with the receipt among its inputs."""
    agent = member.agent(unit)
    key = member.key(unit, Role.UNDO, attempt)
    document = {**given.document, "conversationId": member.conversation(unit)}
    return Launch(
        key,
        agent.spec,
        agent.files,
        canonical(document),
        given.digest,
        given.staged,
        environment(member, key, given.digest),
        member.step(unit).attempt_timeout or agent.spec.attempt_timeout,
        argv=given.argv,
    )


def environment(member: Member, key: AttemptKey, input_digest: str) -> dict[str, str]:
    """Return the contract's variables that do not depend on where the attempt runs."""
    return {
        "LIBRETTO_RUN": member.spec.uid,
        "LIBRETTO_STEP": key.step,
        "LIBRETTO_ATTEMPT": str(key.attempt),
        "LIBRETTO_ROLE": key.role,
        "LIBRETTO_IDEMPOTENCY_KEY": idempotency_key(member.spec.uid, key.step, input_digest),
        "TRACEPARENT": trace_parent(member.spec.root, key),
    }
