"""The report step: figures of the published copy → files that people read.

It knows no Dagster and no environment: a read-only connection and a folder come in as arguments,
so each report can be built and tested from any DuckDB file in the shape of the published tables.
"""
