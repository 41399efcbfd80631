"""Stands in for the bindings that componentize-py generates."""
