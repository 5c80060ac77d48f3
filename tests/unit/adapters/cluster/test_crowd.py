"""The more runs have only starts to record, the longer a start may wait; it does not wait for ever, and nobody else does."""

from controller.adapters.cluster.crowd import LONGEST_PATIENCE_MS, PATIENCE_ALONE_MS, PATIENCE_EACH_MS, Crowd


class Ledger:
    """Anything that can be told apart."""


def test_one_alone_waits_for_the_end_of_a_short_step() -> None:
    crowd, one = Crowd(), Ledger()
    assert [crowd.join(one), crowd.join(one)] == [PATIENCE_ALONE_MS] * 2


def test_each_that_waits_already_adds_to_it_up_to_a_limit() -> None:
    crowd = Crowd()
    ledgers = [Ledger() for _ in range(2_000)]
    waits = [crowd.join(one) for one in ledgers]
    assert waits[:3] == [
        PATIENCE_ALONE_MS,
        PATIENCE_ALONE_MS + PATIENCE_EACH_MS,
        PATIENCE_ALONE_MS + 2 * PATIENCE_EACH_MS,
    ]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_PATIENCE_MS


def test_who_has_recorded_or_is_gone_counts_no_more() -> None:
    crowd = Crowd()
    one, other, third = Ledger(), Ledger(), Ledger()
    assert [crowd.join(one), crowd.join(other), crowd.join(third)][-1] == PATIENCE_ALONE_MS + 2 * PATIENCE_EACH_MS
    crowd.leave(other)
    crowd.leave(other)
    del third
    assert crowd.join(other) == PATIENCE_ALONE_MS + PATIENCE_EACH_MS


def test_who_waits_already_is_not_delayed_by_who_comes_later_nor_hurried_by_who_leaves() -> None:
    crowd = Crowd()
    ledgers = [Ledger() for _ in range(5)]
    first = [crowd.join(one) for one in ledgers]
    for one in ledgers[:3]:
        crowd.leave(one)
    assert [crowd.join(one) for one in ledgers[3:]] == first[3:]
