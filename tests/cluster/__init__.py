"""A real Kubernetes for tests and for trying: etcd, API server, controller manager and scheduler, and two kinds of node.

May: start programs, write below the folder of a cluster, and as root make what a node needs. Must not: leave anything
behind, touch a cluster of somebody else, or depend on the product (the tests that use it do).
A cluster lives as long as somebody is connected to its supervisor; the kernel counts, so a killed test run leaves nothing.
"""
