"""Playing a run tree on a pretended machine, until nothing can happen any more."""

from controller.runtime.driver import Driver
from controller.runtime.simulation.people import ScriptedPeople

ETERNITY = 100 * 365 * 86_400_000
"""Milliseconds, longer than any timer of a run: who waits so long and hears nothing will hear nothing."""


def play(driver: Driver, people: ScriptedPeople) -> None:
    """Drive a tree whose clock jumps from one event to the next; people act when it is their time.

    Returns when the root has settled and nobody moves it on, or when it stands still: only a person who does nothing
    could end that.
    """
    driver.start()
    try:
        while True:
            acted = people.act()
            if driver.root.state.run.settled and people.done and not acted:
                return
            due = people.next_due()
            wait = ETERNITY if due is None else max(0, due - driver.tools.clock.now())
            moved = driver.turn(0 if acted else wait)
            # Memory needs no group of records to share a write, and no time to pass for it.
            driver.flush()
            timed = any(member.wake_at is not None for member in driver.members.values())
            if not (moved or acted or timed or due is not None):
                return
    finally:
        driver.close()
