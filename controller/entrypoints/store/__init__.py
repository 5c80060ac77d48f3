"""libretto-store: the results service over a directory, for clusters that keep blobs on a PersistentVolume.

May: read its environment, serve, show metrics. Must not: know anything of runs; it keeps bytes under their digests, each
namespace apart from the others. May import: everything below, and of the operator its form of logs and its probes.
"""
