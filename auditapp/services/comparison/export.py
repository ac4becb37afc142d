"""The comparison as a spreadsheet: the rows shown, with the ends of their likely ranges."""

from __future__ import annotations

import csv
import io

from auditapp.domain.checklist import Factor
from auditapp.services.comparison.pages import ComparisonView
from auditapp.services.comparison.views import StoreRow
from auditapp.services.imports.formulas import defuse

COLUMNS = (
    "band", "store", "store_code", "format", "n", "score", "estimate", "lo", "hi", "region_line", "change", "changed",
    *(factor.value for factor in Factor), "open_criticals",
)  # fmt: skip


def as_csv(view: ComparisonView) -> str:
    """The rows of ``view`` as CSV with a byte order mark, so that spreadsheets read names in any script."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_line(row) for row in (view.table.rows if view.table else ()))
    return out.getvalue()


def _line(row: StoreRow) -> list[str | float | None]:
    texts = [row.band, defuse(row.name), defuse(row.code), defuse(row.format)]
    figures = [row.visits, row.mean, row.estimate, row.low, row.high, row.line, row.change]
    changed = "yes" if row.changed else "no"
    return [*texts, *figures, changed, *(one.score for one in row.cells), row.criticals]
