"""What can be wrong with a definition whose shape is right: one group of checks per module.

Each check takes the specification (or the order made of it) and adds what it finds to the findings, by canonical path.
May: look at one document. Must not: stop at the first problem, or report what the shape or another check reports.
"""
