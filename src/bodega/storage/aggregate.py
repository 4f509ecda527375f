"""What a resource declares about its rows: a table, and all rules that run for it."""

from __future__ import annotations

from bodega.storage import model, rules
from bodega.storage.unit import Unit


class Aggregate(rules.Rules[Unit]):
    """Declared once for each table, in the file that owns it, or where the rules of several files meet."""


DataModel = model.DataModel[Unit]
BeforeValidate = rules.BeforeValidate[Unit]
BeforeWrite = rules.BeforeWrite[Unit]
ExtraStatements = rules.ExtraStatements[Unit]
Conflicts = rules.Conflicts
AfterWrite = rules.AfterWrite[Unit]
Cascade = rules.Cascade[Unit]
BeforeDelete = rules.BeforeDelete[Unit]
AfterDelete = rules.AfterDelete[Unit]
