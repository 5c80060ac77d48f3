"""Which adapter stands behind which port: local mode and simulation are functions here, not programs.

May: construct adapters and hand them to the runtime. Must not: decide anything. May import: everything below.
"""
