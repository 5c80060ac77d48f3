"""What is said of a run that was driven before: how it was found, and what became of steps that nobody watched."""

from controller.entrypoints.cli.news import News, news_of
from controller.entrypoints.cli.presenter import Found, Tree
from controller.entrypoints.cli.wording import short
from controller.machine.chain import Link
from controller.runtime.member import Member
from controller.runtime.phrases import counted

MOST_NAMED = 5
"""Running steps that are named; more are counted."""


def found_lines(tree: Tree, found: Found) -> list[str]:
    """Return how the run was found. What a crash left is told step by step, for nobody saw it."""
    names = [
        f'"{_name(tree, run, step)}" was running (attempt {attempt})'
        for (run, step), (attempt, _) in found.running.items()
    ]
    more = len(names) - MOST_NAMED
    if more > 0:
        names = [*names[:MOST_NAMED], f"{counted(more, 'more step')} were running"]
    what = ", ".join([f"{counted(found.done, 'step')} done", *names])
    how = "paused" if found.suspended else "as it was left"
    lines = [f"run {short(tree.root)} found {how}: {what}"]
    lines += [
        f"  {_name(tree, run, step)}: its process still runs, it is watched again"
        for (run, step), (_, runs) in found.running.items()
        if runs
    ]
    return lines


def took_over(tree: Tree, found: Found | None, member: Member, link: Link) -> News | None:
    """Return what became of a step whose process ended while nobody watched; None for any other record."""
    record = link.record
    known = None if found is None or record.step is None else found.running.get((member.spec.uid, record.step))
    if known is None or known[0] != record.attempt or known[1]:
        return None
    told = news_of(tree, member, link)
    if told is None:
        return None
    data = record.data or {}
    if record.kind in ("StepSucceeded", "GateOpened"):
        how = "its process finished while nobody watched: exit 0, output taken over"
    elif data.get("class") == "Lost":
        how = f"nobody can tell how its process ended; {told.detail}"
    else:
        how = f"its process ended while nobody watched: {told.detail}"
    return told._replace(detail=how)


def _name(tree: Tree, run: str, step: str) -> str:
    member = tree.members.get(run)
    return step if member is None else tree.path(member, step)
