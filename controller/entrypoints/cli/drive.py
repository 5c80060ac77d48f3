"""Driving a run tree in the foreground until it settles, waits for people, or is to stop: what all driving verbs share."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.presenter import Ending, Found, Presenter, Tree, on_terminal, presenter_for
from controller.entrypoints.cli.relay import Relay
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.signals import Signals
from controller.entrypoints.cli.wording import short
from controller.errors import Busy, DiskFull, LibrettoError

if TYPE_CHECKING:
    from controller.entrypoints.cli.prompt import Prompt
    from controller.model.run import RunSpec
    from controller.runtime.alarms import Alarms
    from controller.runtime.driver import Driver
    from controller.runtime.member import Member

KILL = 2
"""Wishes to stop after which the steps are killed."""

LEAVE = 3
"""Wishes to stop after which not even their end is awaited."""


class _Stage(NamedTuple):
    """Everything that takes part while a tree is driven."""

    driver: "Driver"
    tree: Tree
    show: Presenter
    relay: Relay
    signals: Signals
    alarms: "Alarms"


def drive(
    session: Session,
    spec: "RunSpec",
    *,
    form: str = "text",
    wait: bool = True,
    interactive: bool = True,
    again: str | None = None,
    resumed: bool = False,
    presenter: Presenter | None = None,
) -> int:
    """Drive the tree that `spec` belongs to and return the exit code.

    `spec` is a new run from `admit`, or a stored one: then pending decisions and commands are taken up first, so a
    command that was submitted before the call is carried out. `wait=False` returns (exit code 7) when only open
    checkpoints keep the run from going on. `interactive` asks at checkpoints where in- and output are terminals.
    `again` is the command that would run the same thing once more, for the summary; `resumed` says how the run was found.

    Ctrl-C and SIGTERM suspend the run and stop its steps; a second one kills them. A closed terminal only ends the
    driving. Raises Busy when another process drives the tree; DiskFull, StoreUnavailable, RunnerUnavailable.
    """
    from controller.runtime.driver import Driver

    root = spec if spec.parent is None else session.look.root(spec)
    show = presenter or presenter_for(form)
    tools = session.local.toolbox(root.uid)
    relay = Relay(show)
    driver = Driver(tools, root, on_records=relay.records, on_progress=relay.progress)
    tree = Tree(session, root.uid, driver.members, again)
    with Signals() as signals:
        _start(driver)
        try:
            with _closing(driver):
                # What runs and what has ended is looked at before the driver takes any of it up.
                show.opened(tree, _found(driver, session, resumed=resumed))
                relay.opened = True
                stage = _Stage(driver, tree, show, relay, signals, _alarms(driver, tree))
                ending = _asking(stage, _prompt(tree, form, interactive=interactive), wait=wait)
        except DiskFull as error:
            show.left()
            raise DiskFull(
                f"{error.message}\nRun {short(root.uid)} stands still; nothing is lost, and steps that run go on.",
                hint=f"free some space, then: {command_line('resume', short(root.uid))}",
            ) from error
        except BaseException:
            show.left()
            raise
        if signals.hangup:
            return exits.INTERRUPTED
        relay.durable()
        code = _code(ending, tree)
        show.closed(ending, code)
    return code


def _start(driver: "Driver") -> None:
    root = driver.root_spec.uid
    try:
        driver.start()
    except Busy as error:
        raise Busy(
            f"{error.message}, which goes on driving it. Nothing was changed.",
            hint=f"look on with: {command_line('watch', short(root))}",
        ) from error


@contextmanager
def _closing(driver: "Driver") -> Iterator[None]:
    """Let go of everything, and let the first error out, not one that follows from it."""
    try:
        yield
    except BaseException:
        with suppress(LibrettoError):
            driver.close()
        _let_go(driver)
        raise
    try:
        driver.close()
    finally:
        _let_go(driver)


def _let_go(driver: "Driver") -> None:
    from controller.adapters.process.runner import ProcessRunner

    if isinstance(driver.tools.runner, ProcessRunner):
        driver.tools.runner.close()
    driver.tools.notifier.close()


def _found(driver: "Driver", session: Session, *, resumed: bool) -> Found | None:
    """Say how the tree was left: what the ledger says, and what the runner knows. None where that is no news."""
    from controller.engine.wanted import running

    traces = {known.key: known.running for known in driver.tools.runner.known()}
    left = {}
    for spec in session.look.tree(driver.root_spec):
        member = driver.members.get(spec.uid) or session.look.member(spec)
        for unit, role, attempt in running(member.state):
            key = member.key(unit, role, attempt)
            left[spec.uid, key.step] = (attempt, traces.get(key))
    if not left and not resumed:
        return None
    state = driver.root.state
    return Found(state.succeeded + state.skipped, left, state.suspended)


def _alarms(driver: "Driver", tree: Tree) -> "Alarms":
    from controller.runtime.alarms import Alarms

    return Alarms(driver.tools, tree.root, tree.usual.of, tree.session.local.directory.free_share)


def _prompt(tree: Tree, form: str, *, interactive: bool) -> "Prompt | None":
    if not interactive or form != "text" or not (on_terminal() and sys.stdin.isatty()):
        return None
    from controller.entrypoints.cli.prompt import Prompt

    return Prompt(tree)


def _asking(stage: _Stage, ask: "Prompt | None", *, wait: bool) -> Ending:
    try:
        return _play(stage, ask, wait=wait)
    finally:
        if ask is not None:
            ask.close()


def _play(stage: _Stage, ask: "Prompt | None", *, wait: bool) -> Ending:
    driver, tree, show, relay, signals, alarms = stage
    heard = 0
    while True:
        moved = driver.turn()
        if driver.durable:
            relay.durable()
        alarms.look(driver.members.values())
        if signals.hangup or (ask is not None and ask.gone):
            signals.hangup = True
            _silence()
            return Ending.LEFT
        if signals.interrupts > heard:
            heard = signals.interrupts
            if heard >= LEAVE:
                return Ending.SUSPENDED
            _stop(driver, tree, show, kill=heard >= KILL)
            continue
        if ask is not None:
            if signals.continued:
                signals.continued = False
                ask.again()
            ask.look(show)
        show.tick(ask.text if ask is not None else None)
        ending = None if moved else _ending(driver, wait=wait)
        if ending is not None:
            return ending


def _stop(driver: "Driver", tree: Tree, show: Presenter, *, kill: bool) -> None:
    from controller.adapters.process.runner import ProcessRunner
    from controller.model.decision import Command
    from controller.model.states import Verb
    from controller.wiring.local import person

    if kill:
        show.note("killing the steps that still run")
        assert isinstance(driver.tools.runner, ProcessRunner)
        driver.tools.runner.kill()
        return
    running = sum(len(leaves(member)) for member in tree.members.values())
    show.note(
        f"stopping {running} running step{'s' if running != 1 else ''} (again: kill)"
        if running
        else "suspending the run"
    )
    driver.tools.decisions.submit(Command(0, tree.root, Verb.SUSPEND, person(), comment="interrupted", stop=True))


def leaves(member: "Member") -> list[int]:
    """Return the units of a run whose own attempt runs: children and expanded steps only wait for others."""
    from controller.engine.wanted import running

    return [unit for unit, _, _ in running(member.state)]


def _ending(driver: "Driver", *, wait: bool) -> Ending | None:
    state = driver.root.state
    if state.run.settled:
        return Ending.SETTLED
    members = [member for member in driver.members.values() if not member.state.run.settled]
    if any(leaves(member) for member in members):
        return None
    if state.suspended:
        return Ending.SUSPENDED
    if wait or not state.open_gates:
        return None
    # Retries, slots and everything that was asked for go on without a person.
    return None if any(member.state.waiting or member.state.asked for member in members) else Ending.WAITING


def _code(ending: Ending, tree: Tree) -> int:
    match ending:
        case Ending.SETTLED:
            return exits.BY_STATE[tree.top.state.run]
        case Ending.WAITING:
            return exits.WAITING
        case Ending.UNDRIVEN:
            return exits.REFUSED
        case Ending.SUSPENDED | Ending.LEFT:
            return exits.INTERRUPTED


def _silence() -> None:
    """Nobody sees what is written from now on, and writing to a closed terminal would fail."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
