"""The command line: one module per verb, and the rendering that verbs share.

May: parse options, call wiring and runtime, print. Must not: hold logic that another entry would need too; that
belongs to runtime. Heavy imports stay inside the functions that need them, so that `--help` answers at once.
"""
