"""From text to something that can be run: parse, normalise, check, compile to a Graph.

May: read bytes that it is given, collect problems with their place. Must not: open a file, know the state of a run, or
stop at the first problem. May import: machine, model, errors; never engine, planning or ports.
"""
