"""Running the programme: stores to visit, waves, assignments, checklist versions."""

from auditapp.services.programme.assignments import (
    Plan,
    cancel_assignment,
    create_assignments,
    list_assignments,
    list_shoppers,
)
from auditapp.services.programme.checklists import (
    Checked,
    check_source,
    list_versions,
    publish_checklist,
    read_version,
)
from auditapp.services.programme.overview import Overview, overview
from auditapp.services.programme.stores import list_regions, list_stores, read_store
from auditapp.services.programme.waves import (
    WaveRow,
    close_wave,
    create_wave,
    list_waves,
    read_wave,
    reopen_wave,
)

__all__ = [
    "Checked",
    "Overview",
    "Plan",
    "WaveRow",
    "cancel_assignment",
    "check_source",
    "close_wave",
    "create_assignments",
    "create_wave",
    "list_assignments",
    "list_regions",
    "list_shoppers",
    "list_stores",
    "list_versions",
    "list_waves",
    "overview",
    "publish_checklist",
    "read_store",
    "read_version",
    "read_wave",
    "reopen_wave",
]
