"""What every state machine here shares: table, record, chain, fold.

May: check a move against a table, chain records by digest, fold them to a state. Must not: know a run, a step or a
plan, decide anything, or touch a clock or a file. May import: model, errors.
"""
