"""The pass: gather, decide, act, record. Level-triggered: it can be cut anywhere and run again.

May: call ports, drive the engine, answer its effects. Must not: do I/O of its own or know an adapter.
May import: definition, engine, ports, machine, model, errors.
"""
