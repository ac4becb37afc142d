"""The administrator's pages: stores, people, imports, waves, assignments, checklists, the audit log."""

from auditapp.web.admin import checklists, home, imports, stores, users, waves
from auditapp.web.admin.parts import blueprint

__all__ = ["blueprint", "checklists", "home", "imports", "stores", "users", "waves"]
