"""Comparing stores honestly: the stored comparison, how it is made from the roll-ups, and how it is read."""

from auditapp.domain.words import FACTOR_NAMES
from auditapp.services.comparison.export import as_csv
from auditapp.services.comparison.pages import ComparisonView
from auditapp.services.comparison.reading import chain, compare
from auditapp.services.comparison.refresh import LEAST_VISITS, rebuild, rebuild_everything, refresh_region
from auditapp.services.comparison.store import failed_page, store_page
from auditapp.services.comparison.views import FACTOR_SHORT

__all__ = [
    "FACTOR_NAMES",
    "FACTOR_SHORT",
    "LEAST_VISITS",
    "ComparisonView",
    "as_csv",
    "chain",
    "compare",
    "failed_page",
    "rebuild",
    "rebuild_everything",
    "refresh_region",
    "store_page",
]
