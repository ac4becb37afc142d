"""Failed attempts, counted in the database, so that all web processes share the count and a restart keeps it."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from auditapp.db.schema import Throttle
from auditapp.domain.errors import TooMany

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 10
MOST_PER_ADDRESS = 100
"""Higher than for an e-mail: a whole shop may stand behind one address."""


def email_key(secret: str, email: str) -> str:
    """The key under which attempts for one e-mail are counted; it does not tell the e-mail."""
    return _key(secret, "email", email)


def address_key(secret: str, address: str) -> str:
    """The key for one network address; an IPv6 network (/64) counts as one, for its owner has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6:
            address = str(ipaddress.ip_network((parsed, 64), strict=False))
    except ValueError:
        pass  # a socket path or nothing: counted as it stands
    return _key(secret, "address", address)


def take(session: Session, key: str, most: int, now: datetime) -> int:
    """Count one attempt, before it is known how it ends, so that parallel guesses can't slip through.

    Returns the attempts in this window, this one included. Raises TooMany beyond ``most``; the caller's transaction
    then rolls back, so refused attempts do not lengthen the wait.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    over = Throttle.since <= now - WINDOW
    statement = (
        insert(Throttle)
        .values(key=key, since=now, count=1)
        .on_conflict_do_update(
            index_elements=[Throttle.key],
            set_={
                "count": case((over, 1), else_=Throttle.count + 1),
                "since": case((over, now), else_=Throttle.since),
            },
        )
        .returning(Throttle.count, Throttle.since)
    )
    count, since = session.execute(statement).one()
    if count > most:
        raise TooMany(retry_after=max(1, round((since + WINDOW - now).total_seconds())))
    return int(count)


def give_back(session: Session, key: str) -> None:
    """Uncount one attempt that turned out well."""
    session.execute(update(Throttle).where(Throttle.key == key, Throttle.count > 0).values(count=Throttle.count - 1))


def clear(session: Session, key: str) -> None:
    """Forget the attempts of a key."""
    session.execute(delete(Throttle).where(Throttle.key == key))


def purge(session: Session, now: datetime) -> None:
    """Drop windows that are over. Rows that another transaction holds are left, so that two can't block each other."""
    over = select(Throttle.key).where(Throttle.since <= now - WINDOW).with_for_update(skip_locked=True)
    session.execute(delete(Throttle).where(Throttle.key.in_(over)))


def _key(secret: str, kind: str, value: str) -> str:
    text = f"throttle:{kind}:{value}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
