"""The custom resources as the API server stores them: what a person may ask for, and what Libretto answers in `status`.

May: define types with the bounds that the server enforces; their docstrings are what `kubectl explain` prints. Must not:
know a client, a policy, or how a view is made. May import: errors, model, pydantic.

Bounds are generous where Libretto writes: the writer cuts texts to the LONGEST_* of `scalars`, the server only guards.
"""
