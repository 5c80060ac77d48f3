"""The page of states says what the tables say."""

from controller.engine.transitions import FACTS, GATE, RUN, STEP, UNDO
from tools.states_page import PAGE, states_page

TEXT = states_page()[PAGE]


def test_every_row_stands_on_the_page() -> None:
    for table in (RUN, STEP, GATE, UNDO):
        for source, kind, target in table.edges():
            assert f"| {source} | {kind} | {target} |" in TEXT
    assert all(f"`{kind}`" in TEXT for kind in FACTS)


def test_arrows_between_the_same_states_are_one() -> None:
    assert "    Failed --> RolledBack: StepUndone\n" in TEXT
    assert "    Running --> Idle: UndoAttemptFailed, ReceiptUndone\n" in TEXT


def test_what_ends_is_drawn_as_ending() -> None:
    assert TEXT.count("    RolledBack --> [*]\n") == 2
