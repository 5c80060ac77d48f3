"""Definition files: bytes and folders in, documents with positions and problems out.

YAML and JSON are read strictly: what two readers could understand differently is refused with a hint. Nothing here
knows what a definition means.
"""
