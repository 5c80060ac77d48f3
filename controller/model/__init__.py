"""Frozen nouns: what is written in files, stored in the ledger and shown to people.

May: define types, validate single values, digest values. Must not: know a clock, a file, a process or a policy.
May import: errors, pydantic, the digest libraries.
"""
