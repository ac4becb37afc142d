"""Assignments: which shopper goes to which store, when, for how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, is_currency
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auditapp.db.schema import Assignment, AssignmentShopper, Store, User, Visit
from auditapp.domain.errors import Conflict, InvalidInput, NotFound
from auditapp.domain.roles import Actor, Role
from auditapp.i18n import N_
from auditapp.services import audit, text
from auditapp.services.programme.access import check
from auditapp.services.programme.waves import read_wave
from auditapp.services.visits.access import standing

REST = timedelta(days=90)
"""Within this time the same shopper should not be seen in the same store again."""
MOST_FEE = 10_000_000
YEARS = range(2000, 2200)
"""A visit in any other year is a slip of the finger, and its time may not exist in UTC."""


@dataclass(frozen=True)
class Plan:
    """Assignments to be made: one per store, all for one shopper.

    ``stores`` and ``shopper`` are public ids. ``opens`` and ``due`` are wall-clock times without a zone, in each
    store's own. ``fee`` is an amount as typed, such as "18.00"; ``currency`` an ISO 4217 code, empty where no fee is.
    ``again`` says that a shopper may return within REST.
    """

    stores: tuple[str, ...]
    shopper: str
    opens: datetime
    due: datetime
    fee: str = ""
    currency: str = ""
    task: str = ""
    again: bool = False


@dataclass(frozen=True)
class AssignmentRow:
    """One assignment as an administrator sees it; ``state`` is the visit's if one has begun, else cancelled or new."""

    assignment: Assignment
    shopper: str
    state: str


def create_assignments(session: Session, actor: Actor, wave: str, plan: Plan, now: datetime) -> Sequence[Assignment]:
    """Assign each store of ``plan`` to its shopper in the wave with this public id.

    Raises Conflict for a closed wave, InvalidInput with ``field`` for anything else, among it a shopper who had one
    of these stores within REST, unless ``plan.again``.
    """
    check(actor)
    into = read_wave(session, actor, wave)
    if into.closed:
        raise Conflict(N_("This wave is closed. Open it again, or choose another wave."))
    fee = _minor_units(plan.fee, plan.currency.strip().upper())
    task = text.one_line(plan.task, "task", 500, needed=False)
    for field, moment in (("opens", plan.opens), ("due", plan.due)):
        if moment.year not in YEARS:
            raise InvalidInput(N_("Not a valid datetime value."), field=field)
    if plan.due <= plan.opens:
        raise InvalidInput(N_("The visit is due before it opens. Set a later time."), field="due")
    stores = _stores(session, plan.stores)
    shopper = session.scalar(
        select(User)
        .where(User.public_id == text.known_id(plan.shopper), User.role == Role.SHOPPER.value, User.active.is_(True))
        .with_for_update()  # list numbers are counted per shopper
    )
    if shopper is None:
        raise InvalidInput(N_("Choose a shopper whose account is switched on."), field="shopper")
    windows = [_window(store, plan) for store in stores]
    if not plan.again:
        _refuse_return(session, shopper, stores, min(opens for opens, _ in windows))
    number = _last_number(session, shopper)
    made = []
    for store, (opens_at, due_at) in zip(stores, windows, strict=True):
        number += 1
        made.append(
            Assignment(
                wave_id=into.id, store_id=store.id, list_number=number, opens_at=opens_at, due_at=due_at,
                task=task, fee=fee, currency=plan.currency.strip().upper() if fee else "",
            )
        )  # fmt: skip
    session.add_all(made)
    session.flush()
    session.add_all(AssignmentShopper(assignment_id=one.id, user_id=shopper.id) for one in made)
    for one in made:
        audit.note(session, actor, "assignment.created", f"assignment:{one.public_id}", now)
    session.flush()
    return made


def list_assignments(session: Session, actor: Actor, wave: str) -> Sequence[AssignmentRow]:
    """The assignments of a wave by store and due time, cancelled ones included."""
    into = read_wave(session, actor, wave)
    rows = session.execute(
        select(Assignment, User.name, Visit.state, Visit.begun_at)
        .join(Store, Store.id == Assignment.store_id)
        .join(AssignmentShopper, AssignmentShopper.assignment_id == Assignment.id)
        .join(User, User.id == AssignmentShopper.user_id)
        .outerjoin(Visit, Visit.assignment_id == Assignment.id)
        .where(Assignment.wave_id == into.id)
        .order_by(Store.code, Assignment.due_at, Assignment.id)
    )
    return [
        AssignmentRow(assignment, name, state if begun_at else "cancelled" if assignment.cancelled_at else "new")
        for assignment, name, state, begun_at in rows
    ]


def list_shoppers(session: Session, actor: Actor) -> Sequence[User]:
    """Everybody who can be assigned, by name."""
    check(actor)
    return session.scalars(
        select(User).where(User.role == Role.SHOPPER.value, User.active.is_(True)).order_by(User.name, User.id)
    ).all()


def cancel_assignment(session: Session, actor: Actor, public_id: str, now: datetime) -> Assignment:
    """Take back an assignment that nobody has started; raises Conflict where a visit has begun, NotFound.

    A phone without signal may know nothing of it, and begin: that visit is taken in, and flagged to the reviewer.
    """
    check(actor)
    assignment = session.scalar(
        select(Assignment).where(Assignment.public_id == text.known_id(public_id)).with_for_update(of=Assignment)
    )
    if assignment is None:
        raise NotFound()
    if assignment.cancelled_at is not None:
        return assignment
    if session.scalar(select(Visit.begun_at).where(Visit.assignment_id == assignment.id)) is not None:
        raise Conflict(N_("The shopper has started this visit. Ask them to send it, or to say why it can't be done."))
    assignment.cancelled_at = now
    session.flush()
    audit.note(session, actor, "assignment.cancelled", f"assignment:{public_id}", now)
    return assignment


def _stores(session: Session, public_ids: tuple[str, ...]) -> list[Store]:
    wanted = dict.fromkeys(text.known_id(public_id) for public_id in public_ids)
    found = {s.public_id: s for s in session.scalars(select(Store).where(Store.public_id.in_(wanted)))}
    if not wanted or len(found) != len(wanted):
        raise InvalidInput(N_("Choose one store or more from the list."), field="stores")
    return [found[public_id] for public_id in wanted]


def _window(store: Store, plan: Plan) -> tuple[datetime, datetime]:
    zone = ZoneInfo(store.time_zone)
    return plan.opens.replace(tzinfo=zone).astimezone(UTC), plan.due.replace(tzinfo=zone).astimezone(UTC)


def _refuse_return(session: Session, shopper: User, stores: list[Store], opens_at: datetime) -> None:
    """A shopper who comes back too soon is recognised, and grows used to the shop."""
    last = func.coalesce(Visit.arrived_at, Assignment.due_at)
    row = session.execute(
        select(Store.code, Store.name)
        .join(Assignment, Assignment.store_id == Store.id)
        .join(AssignmentShopper, AssignmentShopper.assignment_id == Assignment.id)
        .outerjoin(Visit, Visit.assignment_id == Assignment.id)
        .where(
            AssignmentShopper.user_id == shopper.id,
            Assignment.store_id.in_([store.id for store in stores]),
            standing(),
            last > opens_at - REST,
        )
        .order_by(Store.code)
        .limit(1)
    ).first()
    if row is not None:
        raise InvalidInput(
            N_(
                "{shopper} has or had a visit to {code} {store} within {days} days. Choose another shopper, or tick "
                "the box below."
            ),
            field="again",
            shopper=shopper.name,
            code=row[0],
            store=row[1],
            days=REST.days,
        )


def _last_number(session: Session, shopper: User) -> int:
    query = (
        select(func.max(Assignment.list_number))
        .join(AssignmentShopper, AssignmentShopper.assignment_id == Assignment.id)
        .where(AssignmentShopper.user_id == shopper.id)
    )
    return session.scalar(query) or 0


def _minor_units(amount: str, currency: str) -> int:
    amount = amount.strip()
    if not amount:
        return 0
    if not is_currency(currency):
        raise InvalidInput(N_("Name the currency of the fee by its three letters, such as GBP."), field="currency")
    try:
        units = Decimal(amount).scaleb(get_currency_precision(currency))
    except ArithmeticError:
        units = Decimal("NaN")
    if not units.is_finite() or units != units.to_integral_value() or not 0 <= units <= MOST_FEE:
        raise InvalidInput(
            N_("{amount!r} is not an amount in {currency}. Write it like 18 or 18.50."),
            field="fee",
            amount=amount,
            currency=currency,
        )
    return int(units)
