"""The end of a run on a screen: the first line answers how it ended, then the evidence, then what to do next."""

from collections.abc import Sequence

from controller.engine.units import unit_of
from controller.entrypoints.cli.facts import Facts, Failure, everything, facts_of
from controller.entrypoints.cli.next_steps import MOST_NAMED, NextStep, next_steps
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.presenter import Ending, Tree
from controller.entrypoints.cli.wording import brief, one_line, short, span
from controller.machine.chain import check
from controller.model.states import RunState
from controller.runtime.phrases import counted, listed


def closing(tree: Tree, ending: Ending, *, resumed: bool = False) -> list[str]:
    """Return the last lines of a run's presentation. `resumed`: it was driven before, perhaps by somebody who crashed."""
    facts = facts_of(tree)
    state = tree.top.state.run if ending is Ending.SETTLED else None
    steps = next_steps(tree, facts, ending)
    match state:
        case RunState.SUCCEEDED:
            words = ["output", "verify", "again"]
            if tree.report is not None:
                words[0], steps[0] = "report", NextStep(tree.report, "steps, decisions and pictures, for any browser")
            return [_succeeded(tree, facts, resumed=resumed), "", *_commands(steps, words)]
        case RunState.FAILED:
            return [*_failed(tree, facts), *_what_you_can_do(steps)]
        case RunState.ROLLED_BACK:
            undone = counted(len(facts.undone), "change")
            return [
                f"Rolled back after {span(facts.took_ms)}: {undone} undone, nothing remains",
                *_what_you_can_do(steps),
            ]
        case RunState.ABORTED:
            said = f": {one_line(tree.top.state.message)}" if tree.top.state.message else ""
            return [f"Aborted after {span(facts.took_ms)}{said}", *_left(facts), *_what_you_can_do(steps)]
        case _:
            return [*_unfinished(tree, facts, ending), *_what_you_can_do(steps)]


def _succeeded(tree: Tree, facts: Facts, *, resumed: bool) -> str:
    state = tree.top.state
    steps = counted(facts.steps, "step")
    aside = [f"{facts.cached} cached"] if facts.cached else []
    aside += [f"{facts.reused} reused"] if facts.reused else []
    aside += [f"{facts.skipped} skipped"] if facts.skipped else []
    if aside:
        steps += f" ({', '.join(aside)})"
    if resumed:
        ran = "no step ran twice" if not facts.twice else f"started more than once: {listed(facts.twice, MOST_NAMED)}"
        sound = "unbroken" if unbroken(tree) else f"BROKEN: {command_line('verify', short(tree.root))} tells where"
        return f"Succeeded · {steps} · {ran} · ledger {counted(state.chain.next, 'record')}, {sound}"
    parts = [
        f"Succeeded in {span(facts.took_ms)}",
        ", ".join(
            filter(
                None,
                [
                    steps,
                    counted(facts.children, "child run") if facts.children else "",
                    counted(facts.approvals, "approval") if facts.approvals else "",
                    counted(facts.retries, "retry", "retries"),
                ],
            )
        ),
        f"ledger {counted(state.chain.next, 'record')}, head {brief(state.chain.head)}",
    ]
    return " · ".join(parts)


def unbroken(tree: Tree) -> bool:
    """Follow the stored chain of every run of the tree, byte by byte."""
    ledger = tree.session.local.stores.ledger
    return all(check(ledger.read(member.spec.uid)).broken is None for member in everything(tree))


def _failed(tree: Tree, facts: Facts) -> list[str]:
    state = tree.top.state
    after = f"after {span(facts.took_ms)}"
    if state.reason == "UndoIncomplete":
        remaining = counted(len(facts.remaining), "change remains", "changes remain")
        lines = [f"Failed (UndoIncomplete) {after}: {remaining}"]
        return lines + [f"  {name:<12} {reason}" for name, reason in facts.remaining]
    if not facts.failures:
        return [f"Failed ({state.reason}) {after}: {one_line(state.message)}", *_left(facts)]
    failure = facts.failures[0]
    if len(facts.failures) > 1:
        what = f"{len(facts.failures)} steps failed: {listed([one.path for one in facts.failures], MOST_NAMED)}"
    elif failure.most > 1 and failure.attempts >= failure.most:
        what = f'step "{failure.path}" used its {failure.most} attempts'
    else:
        what = f'step "{failure.path}" failed'
    reason = "" if state.reason == "StepFailed" else f" ({state.reason})"
    return [f"Failed{reason} {after}: {what}", f"  last error   {_last_error(tree, failure)}", *_left(facts)]


def _last_error(tree: Tree, failure: Failure) -> str:
    text = failure.reason.replace("exit code", "exit") + (f": {failure.log}" if failure.log else "")
    run = tree.root if failure.run == tree.root else failure.run
    return f"{one_line(text, 300)} ({command_line('logs', short(run), failure.own)})"


def _left(facts: Facts) -> list[str]:
    lines = []
    if facts.not_reached:
        lines.append(f"  not reached  {listed(facts.not_reached, MOST_NAMED)}")
    if facts.kept:
        reused = " (outputs are reused by a retry)" if facts.failures else ""
        lines.append(f"  kept         {listed(facts.kept, MOST_NAMED)}{reused}")
    return lines


def _unfinished(tree: Tree, facts: Facts, ending: Ending) -> list[str]:
    done = f"{facts.done} of {counted(facts.steps, 'step')} done"
    match ending:
        case Ending.WAITING:
            waits = listed([gate.gate for gate in facts.gates], MOST_NAMED)
            lines = [f"Waiting for approval of {waits} after {span(facts.took_ms)}, {done}"]
            for gate in facts.gates:
                lines.append(f'  {gate.gate}, severity {gate.severity}: "{one_line(gate.question)}"')
                own = gate.gate.rpartition("/")[2]
                shown = command_line("show", short(gate.run), own)
                lines.append(f"  output {brief(gate.digest)} (shown with: {shown})")
            return lines
        case Ending.SUSPENDED:
            still = sum(1 for unit in tree.top.state.frontier if unit == unit_of(unit >> 14))
            nothing = "nothing runs" if not still or not tree.top.state.holding else "its steps were left to end"
            return [f"Suspended after {span(facts.took_ms)}, {done}; {nothing}, and nothing is lost"]
        case Ending.UNDRIVEN:
            return [f"Nobody drives this run; it is {tree.top.state.run}, {done}"]
        case _:
            return [f"The run goes on without this terminal, {done}"]


def _what_you_can_do(steps: list[NextStep]) -> list[str]:
    if not steps:
        return []
    width = max(len(step.command) for step in steps)
    return ["What you can do", *(f"  {step.command:<{width}}   {step.effect}" for step in steps)]


def _commands(steps: list[NextStep], words: Sequence[str]) -> list[str]:
    width = max(len(step.command) for step in steps)
    return [
        f"  {word:<9} {step.command:<{width}}   ({step.effect})" if step.effect else f"  {word:<9} {step.command}"
        for word, step in zip(words, steps, strict=True)
    ]
