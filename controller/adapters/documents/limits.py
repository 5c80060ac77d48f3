"""How large may a document be?"""

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes. A definition of 20,000 explicit steps, the most that is allowed, has about 5 MB."""

LARGEST_DEPTH = 64
"""Nested collections. The deepest useful definition needs about ten; a JSON Schema in it a few more."""

LARGEST_NODES = 1_000_000
"""Values of a document with its aliases written out. A definition of 20,000 steps has about 300,000."""
