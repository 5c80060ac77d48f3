"""Attempts as Jobs: how one is written, and what its Job and pods say about it.

May: compute. Must not: call anything or look at a clock. May import: names of this adapter, model and below.
"""
