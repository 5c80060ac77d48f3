"""What can a person do now? Commands that can be pasted, and only those that the run's state allows."""

from typing import NamedTuple

from controller.entrypoints.cli.facts import Facts
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.presenter import Ending, Tree
from controller.entrypoints.cli.wording import short
from controller.model.states import RunState
from controller.runtime.phrases import listed

MOST_NAMED = 6
"""Steps that are named in one line; more are counted."""


class NextStep(NamedTuple):
    """A command and what it does."""

    command: str
    effect: str


def next_steps(tree: Tree, facts: Facts, ending: Ending) -> list[NextStep]:
    """Return what may be done, the most useful first."""
    run = short(tree.root)
    if ending is Ending.WAITING or (ending is Ending.UNDRIVEN and facts.gates):
        if tree.session.remote is None:
            after = NextStep(command_line("resume", run), "go on afterwards")
        else:
            after = NextStep(command_line("watch", run), "look on afterwards")
        return [*_decisions(run, facts), after]
    if ending is Ending.LEFT and tree.session.remote is not None:
        return [NextStep(command_line("watch", run), "look on again"), _abort(run, facts)]
    if ending is not Ending.SETTLED:
        return [
            NextStep(command_line("resume", run), "go on"),
            _abort(run, facts),
        ]
    match tree.top.state.run:
        case RunState.SUCCEEDED:
            return _after_success(tree, run, facts)
        case RunState.FAILED:
            return _after_failure(tree, run, facts)
        case RunState.ABORTED if facts.undoable:
            return [
                NextStep(command_line("undo", run), f"take back {listed(facts.undoable, MOST_NAMED)}, in that order"),
                _again(tree, run),
            ]
        case _:
            return [_again(tree, run)]


def _decisions(run: str, facts: Facts) -> list[NextStep]:
    steps = []
    for gate in facts.gates:
        step = [gate.gate] if len(facts.gates) > 1 else []
        words = {
            "approve": NextStep(command_line("approve", run, *step), f"release what waits for {gate.gate}"),
            "reject": NextStep(command_line("reject", run, *step), "end the run"),
            "modify": NextStep(
                command_line("modify", run, *step, "--set", "KEY=VALUE"), "do the step again with a change"
            ),
        }
        steps += [words[action] for action in words if action in gate.actions]
    return steps


def _after_success(tree: Tree, run: str, facts: Facts) -> list[NextStep]:
    again = _again(tree, run)
    if facts.from_cache_again:
        again = again._replace(effect=f"{facts.from_cache_again} of {facts.steps} steps will come from the cache")
    return [
        NextStep(command_line("output", run), "what it came to"),
        NextStep(command_line("verify", run), "prove that the ledger is unbroken"),
        again,
    ]


def _after_failure(tree: Tree, run: str, facts: Facts) -> list[NextStep]:
    reason = tree.top.state.reason
    if reason == "UndoIncomplete":
        return [NextStep(command_line("resume", run), "try again to undo what remains")]
    steps = []
    if facts.failures:
        failure = facts.failures[0]
        steps.append(
            NextStep(
                command_line("retry", run, failure.step),
                "try again, keep what is done (change its input: --set KEY=VALUE)",
            )
        )
        if failure.allow_skip:
            effect = "go on without it, or with --output FILE (allowed: allowSkip)"
            steps.append(NextStep(command_line("skip", run, failure.step), effect))
    elif reason == "FinalizerFailed":
        steps.append(NextStep(command_line("retry", run), "run the final steps again"))
    else:
        steps.append(_again(tree, run))
    return [*steps, _abort(run, facts)]


def _abort(run: str, facts: Facts) -> NextStep:
    undo = ["--undo"] if facts.undoable else []
    return NextStep(command_line("abort", run, *undo), _ending_effect(facts))


def _ending_effect(facts: Facts) -> str:
    if not facts.undoable:
        return "give up; there is nothing to undo"
    order = ", in that order," if len(facts.undoable) > 1 else ""
    return f"undo {listed(facts.undoable, MOST_NAMED)}{order} then stop"


def _again(tree: Tree, run: str) -> NextStep:
    return NextStep(tree.again or command_line("rerun", run), "start the same once more")
