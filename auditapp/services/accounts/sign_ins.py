"""Signing in and out; who stands behind a request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from auditapp.db.schema import SignIn, User, UserRegion, UserStore
from auditapp.domain.errors import InvalidInput
from auditapp.domain.roles import Actor, Role
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.accounts import passwords, throttle, tokens
from auditapp.services.context import Context

LASTS = timedelta(days=30)
"""A sign-in ends this long after it was last used."""
TOUCH = timedelta(hours=1)
"""Use is noted this often, so that most pages write nothing."""

WRONG = N_("E-mail and password do not fit together. Check both, or ask your administrator for a new link.")

_ACTOR = (
    select(
        SignIn.id, SignIn.seen_at, User.id, User.role, User.name, User.language,
        UserStore.store_id, UserRegion.region_id,
    )
    .join(User, User.id == SignIn.user_id)
    .outerjoin(UserStore, and_(UserStore.user_id == User.id, User.role == Role.MANAGER.value))
    .outerjoin(UserRegion, and_(UserRegion.user_id == User.id, User.role == Role.LEAD.value))
    .where(
        SignIn.token_hash == bindparam("hash"),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > bindparam("now"),
        User.active.is_(True),
    )
)  # fmt: skip
"""One read for sign-in, person and reach: this runs on every page."""


def actor_of_token(context: Context, token: str) -> Actor | None:
    """The active person behind a sign-in token; None where it is unknown, revoked or over."""
    now = context.now()
    with context.read() as session:
        rows = session.execute(_ACTOR, {"hash": tokens.hash_of(token), "now": now}).all()
    if not rows:
        return None
    sign_in_id, seen_at, user_id, role, name, language, _, _ = rows[0]
    if now - seen_at >= TOUCH:
        _touch(context, sign_in_id, seen_at, now)
    stores = frozenset(row[6] for row in rows if row[6] is not None)
    regions = frozenset(row[7] for row in rows if row[7] is not None)
    return Actor(user_id, Role(role), name, language, stores, regions)


def _touch(context: Context, sign_in_id: int, seen_at: datetime, now: datetime) -> None:
    # a database that can't be written just now (a long backup) must not keep anybody from reading
    with suppress(OperationalError), context.write() as session:
        session.execute(
            update(SignIn)
            .where(SignIn.id == sign_in_id, SignIn.seen_at == seen_at)
            .values(seen_at=now, expires_at=now + LASTS)
        )


@dataclass(frozen=True)
class _Known:
    id: int
    public_id: str
    password_hash: str | None


def sign_in(context: Context, email: str, password: str, address: str) -> str:
    """Check the password and open a sign-in; returns its token, which is for the cookie only.

    Unknown, inactive and password-less people get the same answer after the same work. Raises InvalidInput for a
    wrong pair, TooMany with ``retry_after`` seconds after MOST_PER_EMAIL or MOST_PER_ADDRESS failures in 15 minutes.
    """
    passwords.warm_up()
    email = _spelling(email)
    secret = context.settings.secret_key
    keys = throttle.email_key(secret, email), throttle.address_key(secret, address)
    with context.write() as session:
        counts = (
            throttle.take(session, keys[0], throttle.MOST_PER_EMAIL, context.now()),
            throttle.take(session, keys[1], throttle.MOST_PER_ADDRESS, context.now()),
        )
        throttle.purge(session, context.now())
        known = _find(session, email)
    stored = known.password_hash if known else None
    if known is None or stored is None or not passwords.matches(stored, password):
        if stored is None:
            passwords.matches(None, password)
        last = counts[0] == throttle.MOST_PER_EMAIL or counts[1] == throttle.MOST_PER_ADDRESS
        with context.write() as session:
            audit.record(
                session, context.now(), None, "sign_in.failed", f"user:{known.public_id if known else '?'}",
                "throttled from here on" if last else "",
            )  # fmt: skip
        raise InvalidInput(WRONG)
    renewed = passwords.hash_of(password) if passwords.is_outdated(stored) else stored
    with context.write() as session:
        unchanged = (User.id == known.id, User.active.is_(True), User.password_hash == stored)
        if not session.execute(update(User).where(*unchanged).values(password_hash=renewed).returning(User.id)).first():
            raise InvalidInput(WRONG)  # the password or the account changed while this one was being checked
        throttle.clear(session, keys[0])
        throttle.give_back(session, keys[1])
        return open_sign_in(session, known.id, known.public_id, context.now())


def open_sign_in(session: Session, user_id: int, user_public_id: str, now: datetime) -> str:
    """A new sign-in for a person who has proved who they are; returns its token."""
    token = tokens.new_token()
    session.add(
        SignIn(token_hash=tokens.hash_of(token), user_id=user_id, created_at=now, seen_at=now, expires_at=now + LASTS)
    )
    audit.record(session, now, user_id, "sign_in.ok", f"user:{user_public_id}")
    session.flush()
    return token


def sign_out(context: Context, token: str) -> None:
    """End the sign-in of this token; nothing happens where there is none."""
    with context.write() as session:
        user_id = session.scalar(
            update(SignIn)
            .where(SignIn.token_hash == tokens.hash_of(token), SignIn.revoked_at.is_(None))
            .values(revoked_at=context.now())
            .returning(SignIn.user_id)
        )
        if user_id is not None:
            public_id = session.scalars(select(User.public_id).where(User.id == user_id)).one()
            audit.record(session, context.now(), user_id, "sign_out", f"user:{public_id}")


def revoke_all(session: Session, user_id: int, now: datetime) -> int:
    """End every sign-in of a person; returns how many there were. The caller has checked that this is allowed."""
    ended = session.scalars(
        update(SignIn)
        .where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None), SignIn.expires_at > now)
        .values(revoked_at=now)
        .returning(SignIn.id)
    ).all()
    public_id = session.scalars(select(User.public_id).where(User.id == user_id)).one()
    if ended:
        audit.record(session, now, None, "sign_in.revoked", f"user:{public_id}", str(len(ended)))
    return len(ended)


def _spelling(email: str) -> str:
    # what is no e-mail address can't be known either: it takes the same way as any unknown one
    try:
        return text.email(email)
    except InvalidInput:
        return f"? {tokens.hash_of(email)}"


def _find(session: Session, email: str) -> _Known | None:
    query = select(User.id, User.public_id, User.password_hash).where(User.email == email, User.active.is_(True))
    row = session.execute(query).first()
    return _Known(*row) if row else None
