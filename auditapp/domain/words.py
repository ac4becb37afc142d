"""Marking user-facing words where they are defined; `auditapp.i18n` translates them where they are shown."""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark ``message`` as a gettext id; gives it back unchanged."""
    return message


FACTOR_NAMES = {
    "RNG": N_("Assortment"),
    "CNV": N_("Selling methods"),
    "SRV": N_("Extra services"),
    "INF": N_("Information"),
    "STF": N_("Staff"),
    "RUL": N_("Trading rules"),
}
"""The labels of the six factors, by code."""
