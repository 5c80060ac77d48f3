"""Libretto: a declarative orchestration controller with a ledger that anyone can verify.

Layers, imports only point down (the contract in `pyproject.toml` holds the code to this picture):

    entrypoints         cli/                             words of the outside <-> calls
    wiring                                               which adapter behind which port
    adapters | runtime                                   technology | the loop
    definition | engine | ports                          resolve and check | decide | what we need
    machine                                              table, record, chain, fold: shared by every state machine
    model                                                frozen nouns
    errors                                               four families, by what must follow
"""

__version__ = "0.1.0"
