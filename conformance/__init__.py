"""Schemathesis over every served operation of the published files: `make conformance`, see CONTRIBUTING.md."""
