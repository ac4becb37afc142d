"""Regions, stores and users from a table (CSV or XLSX): checked line by line, taken over whole or not at all."""

from auditapp.services.imports.exports import regions_csv, stores_csv, users_csv
from auditapp.services.imports.lines import Column, Fault, Report
from auditapp.services.imports.regions import COLUMNS as REGION_COLUMNS
from auditapp.services.imports.regions import import_regions, save_region
from auditapp.services.imports.stores import COLUMNS as STORE_COLUMNS
from auditapp.services.imports.stores import import_stores, save_store
from auditapp.services.imports.table import MOST_BYTES, MOST_ROWS, Table, read_table
from auditapp.services.imports.users import COLUMNS as USER_COLUMNS
from auditapp.services.imports.users import import_users, save_user

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "REGION_COLUMNS",
    "STORE_COLUMNS",
    "USER_COLUMNS",
    "Column",
    "Fault",
    "Report",
    "Table",
    "import_regions",
    "import_stores",
    "import_users",
    "read_table",
    "regions_csv",
    "save_region",
    "save_store",
    "save_user",
    "stores_csv",
    "users_csv",
]
