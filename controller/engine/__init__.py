"""What a run does next: a pure function of state, event and time.

May: decide, and return effects and records as values. Must not: perform an effect, ask for the time, draw a random
number, or log. May import: machine, model, errors; never definition, planning or ports.
"""
