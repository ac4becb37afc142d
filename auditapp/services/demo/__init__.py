"""A whole chain to look at: 24 stores, six waves, some 450 visits, made through the services that real visits use.

Patterns to find in it: Harbour Street declines, Mill Lane fails a critical standard in the newest wave, the Seoul
region improves from wave to wave, and one shopper is lenient. The same day and seed give the same chain.
"""

from __future__ import annotations

from sqlalchemy import select

from auditapp.db.schema import Chain
from auditapp.services.context import Context
from auditapp.services.demo.cast import MAIN_ACCOUNTS
from auditapp.services.demo.programme import found
from auditapp.services.demo.visits import Maker


def load(context: Context) -> bool:
    """Fill an empty database with the demo chain; tells whether it did (a chain that exists is left alone)."""
    with context.read() as session:
        if session.scalar(select(Chain.id)) is not None:
            return False
    with context.write() as session:
        chain = found(session, context.now())
    Maker(context, chain).make_all()
    return True


def sign_ins() -> list[tuple[str, str, str]]:
    """(role, e-mail, password) of one demo account per role."""
    return [(account.role, account.email, account.password) for account in MAIN_ACCOUNTS]
