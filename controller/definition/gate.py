"""What is a person asked after a step, and what can they answer?"""

from controller.model.graph import GraphGate
from controller.model.run import GateNeeds
from controller.model.states import Verdict
from controller.model.step import Approvers, Checkpoint, Step


def compile_gate(step: Step, checkpoint: Checkpoint) -> GraphGate:
    """Return the gate of a checkpoint.

    Without a question its reason is asked, and without either, whether the output may be used. Without options all
    three verdicts are open; with them only those that are offered, and `modify` only where its option allows to modify.
    """
    timeout = checkpoint.auto_timeout
    return GraphGate(
        question=checkpoint.question or checkpoint.reason or f'May the output of "{step.name or step.id}" be used?',
        severity=checkpoint.severity,
        required=checkpoint.required,
        timeout_ms=None if timeout is None else timeout * 1000,
        actions=_actions(checkpoint),
        needs=_needs(checkpoint.approvers),
    )


def _needs(approvers: Approvers) -> GateNeeds | None:
    if approvers == Approvers():
        return None
    return GateNeeds(
        count=approvers.count, groups=list(approvers.groups), separate_requester=approvers.separate_requester
    )


def _actions(checkpoint: Checkpoint) -> tuple[str, ...]:
    if not checkpoint.options:
        return tuple(verdict.value for verdict in Verdict)
    offered = {option.action for option in checkpoint.options}
    modifiable = any(option.action == "retry" and option.allows_modification for option in checkpoint.options)
    open_ = {Verdict.APPROVE: "continue" in offered, Verdict.REJECT: "abort" in offered, Verdict.MODIFY: modifiable}
    return tuple(verdict.value for verdict in Verdict if open_[verdict])
