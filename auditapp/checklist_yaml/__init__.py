"""Checklist files: reading and checking them, the JSON Schema of their format, and the canonical JSON that is kept."""

from auditapp.checklist_yaml.canonical import canonical, first_difference, from_canonical
from auditapp.checklist_yaml.reading import load, loads
from auditapp.checklist_yaml.tables import json_schema

__all__ = ["canonical", "first_difference", "from_canonical", "json_schema", "load", "loads"]
