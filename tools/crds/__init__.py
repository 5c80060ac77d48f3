"""Custom resource definitions, made from the models: what the API server stores, explains, shows and refuses.

May: read models and transition tables, return texts. Must not: write files, ask a cluster. May import: controller.model,
controller.engine, pydantic, yaml.
"""
