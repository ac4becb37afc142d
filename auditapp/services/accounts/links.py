"""Single-use links: an invitation (7 days) or a reset (30 minutes) with which a person sets their own password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auditapp.db.schema import AccountLink, User
from auditapp.domain.errors import Conflict, Forbidden, NotFound
from auditapp.domain.roles import Actor, Do, can
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.accounts import passwords, throttle, tokens
from auditapp.services.accounts.sign_ins import open_sign_in, revoke_all
from auditapp.services.context import Context

LASTS = {"invite": timedelta(days=7), "reset": timedelta(minutes=30)}
GONE = N_("This link was used already or is too old. Ask your administrator for a new one.")


@dataclass(frozen=True)
class LinkView:
    """What the page behind an open link shows: for whom it is, and whether it invites or resets."""

    name: str
    email: str
    purpose: str
    language: str


def invite(session: Session, actor: Actor, user_public_id: str, now: datetime) -> str:
    """A link token with which a new person sets the first password. Raises Conflict where there is a password."""
    user = _active_user(session, actor, user_public_id)
    if user.password_hash is not None:
        raise Conflict(N_("This person has a password already. Make a reset link instead."))
    return _new_link(session, actor, user, "invite", now)


def reset_link(session: Session, actor: Actor, user_public_id: str, now: datetime) -> str:
    """A link token with which a person sets a new password. The old one works until the link is used."""
    return _new_link(session, actor, _active_user(session, actor, user_public_id), "reset", now)


def open_link(session: Session, token: str, now: datetime) -> LinkView:
    """For whom this link is; looking does not use it up. Raises NotFound."""
    user, purpose = _open(session, token, now)
    return LinkView(user.name, user.email, purpose, user.language)


def use_link(context: Context, token: str, password: str) -> str:
    """Set the password and sign in; returns the token of the new sign-in. Every other sign-in and link ends.

    Raises NotFound for a link that is used or over (of two uses at once one wins), InvalidInput for the password.
    """
    with context.read() as session:
        email = open_link(session, token, context.now()).email
    passwords.check_new(password, email)
    hashed = passwords.hash_of(password)
    now = context.now()
    with context.write() as session:
        user, _ = _open(session, token, now)
        used = update(AccountLink).where(AccountLink.token_hash == tokens.hash_of(token), AccountLink.used_at.is_(None))
        if not session.execute(used.values(used_at=now).returning(AccountLink.id)).first():
            raise NotFound(GONE)
        user.password_hash = hashed
        end_links(session, user.id, now)
        revoke_all(session, user.id, now)
        throttle.clear(session, throttle.email_key(context.settings.secret_key, user.email))
        audit.record(session, now, user.id, "password.set", f"user:{user.public_id}")
        return open_sign_in(session, user.id, user.public_id, now)


def end_links(session: Session, user_id: int, now: datetime) -> None:
    """Close every unused link of a person."""
    session.execute(
        update(AccountLink)
        .where(AccountLink.user_id == user_id, AccountLink.used_at.is_(None), AccountLink.expires_at > now)
        .values(expires_at=now)
    )


def _new_link(session: Session, actor: Actor, user: User, purpose: str, now: datetime) -> str:
    end_links(session, user.id, now)  # only the newest link of a person opens
    token = tokens.new_token()
    session.add(
        AccountLink(
            token_hash=tokens.hash_of(token), user_id=user.id, purpose=purpose, created_at=now,
            expires_at=now + LASTS[purpose],
        )
    )  # fmt: skip
    audit.note(session, actor, f"link.{purpose}", f"user:{user.public_id}", now)
    session.flush()
    return token


def _active_user(session: Session, actor: Actor, public_id: str) -> User:
    if not can(actor, Do.ACCOUNTS_RUN):
        raise Forbidden()
    user = session.scalar(select(User).where(User.public_id == text.known_id(public_id)))
    if user is None:
        raise NotFound()
    if not user.active:
        raise Conflict(N_("This account is switched off. Switch it on first, then make a link."))
    return user


def _open(session: Session, token: str, now: datetime) -> tuple[User, str]:
    row = session.execute(
        select(User, AccountLink.purpose)
        .join(AccountLink, AccountLink.user_id == User.id)
        .where(
            AccountLink.token_hash == tokens.hash_of(token),
            AccountLink.used_at.is_(None),
            AccountLink.expires_at > now,
            User.active.is_(True),
        )
    ).first()
    if row is None:
        raise NotFound(GONE)
    return row[0], row[1]
