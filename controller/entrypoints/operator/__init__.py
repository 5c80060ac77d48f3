"""The operator: kopf's events become keys in our queue, and probes, metrics and signals become calls.

May: import kopf (nowhere else), aiohttp for the probes, everything below. Must not: decide anything about a run, or use
kopf's own state: no patches, no storages, no daemons, no timers, no index.
"""
