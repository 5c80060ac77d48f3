"""What does the operator cost on a real control plane? Beside a bare watch loop, which makes the same Jobs and nothing else.

Pods end at once, by a node that plays them without a process, so what is left is the operator, the API server and the
cluster's own controllers. Requests and reactions are read from the audit log; nothing is measured inside of the operator.
May: use the harness of `tests/cluster`. Must not: be run by pytest.
"""
