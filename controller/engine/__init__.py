"""Decides: `reduce(state, event, now) -> Decision(state, effects, records)`. Pure.

Every machine (run, step, gate, undo) is a table in `transitions`, a fold in `evolve` and a ledger. `decide` holds all
policy and writes records; `evolve` holds none, so folding the ledger gives the state.
Must not: do I/O, read a clock, use randomness, log. May import: machine, model, errors. Does not know the definition,
only the Graph that was compiled of it.
"""
