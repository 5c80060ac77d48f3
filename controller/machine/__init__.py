"""What every state machine here shares: table, chain, fold, queue.

May: define mechanisms without any policy. Must not: know what a run, step or plan is.
May import: model, errors.
"""
