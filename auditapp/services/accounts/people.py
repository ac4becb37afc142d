"""The people who sign in: what they may change about themselves, and what an administrator does about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from auditapp.db.schema import Chain, Region, SignIn, Store, User, UserRegion, UserStore
from auditapp.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from auditapp.domain.roles import Actor, Do, Role, can
from auditapp.i18n import LANGUAGES, N_
from auditapp.services import audit, text
from auditapp.services.accounts import passwords, throttle
from auditapp.services.accounts.links import end_links
from auditapp.services.accounts.sign_ins import open_sign_in, revoke_all
from auditapp.services.context import Context

PAGE = 50


@dataclass(frozen=True)
class Person:
    """A user as an administrator sees them; ``stores`` and ``regions`` are codes, ``seen_at`` the last use."""

    public_id: str
    email: str
    name: str
    role: Role
    language: str
    active: bool
    has_password: bool
    stores: tuple[str, ...]
    regions: tuple[str, ...]
    seen_at: datetime | None


def list_users(
    session: Session, actor: Actor, search: str = "", role: str = "", page: int = 1
) -> tuple[Sequence[User], int]:
    """One page of users by name, and how many there are in all. ``search`` is part of a name or an e-mail."""
    _check(actor)
    query, search = select(User), text.needle(search)
    if search:
        query = query.where(
            or_(
                User.name.icontains(search, autoescape=True),
                User.email.icontains(search.lower(), autoescape=True),
            )
        )
    if role:
        query = query.where(User.role == text.needle(role))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(User.name, User.id).limit(PAGE).offset((page - 1) * PAGE)).all()
    return rows, total


def read_user(session: Session, actor: Actor, public_id: str) -> Person:
    """One user with their reach. Raises NotFound."""
    user = _user(session, actor, public_id)
    stores = session.scalars(
        select(Store.code).join(UserStore, UserStore.store_id == Store.id).where(UserStore.user_id == user.id)
    )
    regions = session.scalars(
        select(Region.code).join(UserRegion, UserRegion.region_id == Region.id).where(UserRegion.user_id == user.id)
    )
    seen_at = session.scalar(select(func.max(SignIn.seen_at)).where(SignIn.user_id == user.id))
    return Person(
        user.public_id, user.email, user.name, Role(user.role), user.language, user.active,
        user.password_hash is not None, tuple(sorted(stores)), tuple(sorted(regions)), seen_at,
    )  # fmt: skip


def set_active(session: Session, actor: Actor, public_id: str, active: bool, now: datetime) -> None:
    """Switch an account on or off; off ends all its sign-ins and links. Raises Conflict for one's own."""
    user = _user(session, actor, public_id)
    if user.id == actor.user_id:
        raise Conflict(N_("You can't switch off your own account. Ask another administrator."))
    if user.active == active:
        return
    user.active = active
    if not active:
        revoke_all(session, user.id, now)
        end_links(session, user.id, now)
    audit.note(session, actor, "user.on" if active else "user.off", f"user:{user.public_id}", now)
    session.flush()


def sign_out_everywhere(session: Session, actor: Actor, public_id: str, now: datetime) -> int:
    """End every sign-in of a user, as an administrator; returns how many there were."""
    return revoke_all(session, _user(session, actor, public_id).id, now)


def change_language(session: Session, actor: Actor, language: str) -> None:
    """Set the actor's own language. Raises InvalidInput."""
    session.execute(update(User).where(User.id == actor.user_id).values(language=known_language(language)))


def change_password(context: Context, actor: Actor, current: str, new: str) -> str:
    """Set the actor's own password; every sign-in ends and a fresh one begins, whose token is returned.

    Raises InvalidInput for either password, TooMany after too many wrong current ones.
    """
    key = throttle.email_key(context.settings.secret_key, f"user:{actor.user_id}")
    with context.write() as session:
        throttle.take(session, key, throttle.MOST_PER_EMAIL, context.now())
        user = session.scalars(select(User).where(User.id == actor.user_id)).one()
    if not passwords.matches(user.password_hash, current):
        raise InvalidInput(N_("This is not your present password. Type it again."), field="current")
    passwords.check_new(new, user.email)
    hashed = passwords.hash_of(new)
    now = context.now()
    with context.write() as session:
        session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
        throttle.clear(session, key)
        revoke_all(session, user.id, now)
        end_links(session, user.id, now)
        audit.note(session, actor, "password.changed", f"user:{user.public_id}", now)
        return open_sign_in(session, user.id, user.public_id, now)


def first_admin(
    context: Context, *, email: str, name: str, password: str, language: str, chain: str, programme: str
) -> None:
    """Begin a real install: name the chain and make its first administrator.

    Raises Conflict where there is an administrator already, InvalidInput with ``field`` for a value that is not right.
    """
    email, name = text.email(email), text.one_line(name, "name", 120)
    chain, programme = text.one_line(chain, "chain", 120), text.one_line(programme, "programme", 120)
    language = known_language(language)
    passwords.check_new(password, email)
    hashed = passwords.hash_of(password)
    with context.write() as session:
        if session.scalar(select(User.id).where(User.role == Role.ADMIN.value).limit(1)) is not None:
            raise Conflict(N_("This install has an administrator. Ask them for a link, or restore a backup."))
        if session.scalar(select(User.id).where(User.email == email)) is not None:
            raise InvalidInput(N_("Somebody has this e-mail already. Use another one."), field="email")
        if session.get(Chain, 1) is None:
            session.add(Chain(id=1, name=chain, programme=programme, language=language))
        admin = User(
            email=email, name=name, role=Role.ADMIN.value, language=language, password_hash=hashed,
            created_at=context.now(),
        )  # fmt: skip
        session.add(admin)
        session.flush()
        audit.record(session, context.now(), None, "user.first_admin", f"user:{admin.public_id}")


def known_language(language: str, field: str = "language") -> str:
    """``language`` spelled as in LANGUAGES. Raises InvalidInput."""
    spelling = {name.lower(): name for name in LANGUAGES}
    found = spelling.get(language.strip().lower().replace("-", "_"))
    if found is None:
        raise InvalidInput(
            N_("{language!r} is not a language of this product. Use one of {known}."),
            field=field,
            language=language,
            known=", ".join(LANGUAGES),
        )
    return found


def _user(session: Session, actor: Actor, public_id: str) -> User:
    _check(actor)
    user = session.scalar(select(User).where(User.public_id == text.known_id(public_id)))
    if user is None:
        raise NotFound()
    return user


def _check(actor: Actor) -> None:
    if not can(actor, Do.ACCOUNTS_RUN):
        raise Forbidden()
