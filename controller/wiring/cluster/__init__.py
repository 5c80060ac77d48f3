"""The operator's wiring: which cluster adapter stands behind which port, and which tree is driven when.

May: know adapters, runtime and everything below; use asyncio. Must not: know kopf, or read the environment.
"""
