"""Deterministic simulation testing: the real driver over pretended ports, with a seeded fault at any call."""
