"""The outside, one technology per module, each behind a port.

May: do I/O and name a technology. Must not: know another adapter, decide anything about a run, or let a foreign error
out (each is chained into one of ours). May import: ports, definition, machine, model, errors, and its own technology.
"""
