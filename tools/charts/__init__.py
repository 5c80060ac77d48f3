"""What is generated for the Helm charts: the schema of their values, the defaults, and the tables in their READMEs.

The YAML files here are the source; `make generate` writes the rest.
"""
