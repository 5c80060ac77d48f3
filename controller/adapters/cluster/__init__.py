"""Kubernetes behind the ports: runs are objects, steps are Jobs, the ledger lives in status and ConfigMaps.

May: use aiohttp and asyncio, and wait in fibers. Must not: import kopf, know another adapter, or decide anything about a
run. The official client is imported in `kubeconfig` only, for the command line. May import: ports and below.
"""
