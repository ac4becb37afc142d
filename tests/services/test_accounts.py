"""Accounts through the services: passwords, sign-ins, throttling, links."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import process_time

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, func, select

from auditapp.db.schema import AccountLink, AuditEvent, Chain, SignIn, Throttle, User, UserStore
from auditapp.domain.errors import AuditAppError, Conflict, Forbidden, InvalidInput, NotFound, TooMany
from auditapp.domain.roles import Actor, Role
from auditapp.services import accounts, audit
from auditapp.services.accounts import passwords, throttle
from auditapp.services.context import Context
from tests.conftest import Clock
from tests.factories import World, make_user, make_world

SECRET = "a lake with three boats"
HOME = "192.0.2.7"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        return make_world(session)


@pytest.fixture
def mina(context: Context, world: World) -> Actor:
    """The manager, with a password."""
    with context.write() as session:
        session.get_one(User, world.manager.user_id).password_hash = passwords.hash_of(SECRET)
    return world.manager


def public_id(context: Context, actor: Actor) -> str:
    with context.read() as session:
        return session.get_one(User, actor.user_id).public_id


def kinds(context: Context) -> list[str]:
    with context.read() as session:
        return list(session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)))


def invited(context: Context, world: World, who: Actor) -> str:
    with context.write() as session:
        return accounts.invite(session, world.admin, session.get_one(User, who.user_id).public_id, context.now())


def test_a_password_opens_a_sign_in_that_knows_role_and_stores(context: Context, mina: Actor, world: World) -> None:
    token = accounts.sign_in(context, "  Mina@Example.org ", SECRET, HOME)

    actor = accounts.actor_of_token(context, token)

    assert actor is not None
    assert (actor.user_id, actor.role, actor.stores) == (mina.user_id, Role.MANAGER, frozenset({world.store}))
    assert actor.regions == frozenset()
    assert "sign_in.ok" in kinds(context)


def test_a_lead_is_known_by_regions_and_left_over_store_rights_do_not_count(context: Context, world: World) -> None:
    with context.write() as session:
        session.add(UserStore(user_id=world.lead.user_id, store_id=world.other_store))
        session.get_one(User, world.lead.user_id).password_hash = passwords.hash_of(SECRET)

    actor = accounts.actor_of_token(context, accounts.sign_in(context, "lena@example.org", SECRET, HOME))

    assert actor is not None
    assert (actor.stores, actor.regions) == (frozenset(), frozenset({world.region}))


def test_who_is_asking_costs_one_statement(context: Context, mina: Actor) -> None:
    token = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    statements: list[str] = []
    event.listen(
        context.database.reader, "before_cursor_execute", lambda *args: statements.append(str(args[2])), named=False
    )

    accounts.actor_of_token(context, token)

    assert len([s for s in statements if s.startswith("SELECT")]) == 1


def test_the_database_holds_no_token_and_no_password(context: Context, mina: Actor) -> None:
    token = accounts.sign_in(context, "mina@example.org", SECRET, HOME)

    with context.read() as session:
        assert session.scalar(select(func.count()).where(SignIn.token_hash.contains(token))) == 0
        stored = session.get_one(User, mina.user_id).password_hash
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(token) >= 43


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("mina@example.org", "wrong password"),
        ("nobody@example.org", SECRET),
        ("max@example.org", SECRET),
        ("no e-mail at all", SECRET),
        ("mina@example.org", "x" * 1025),
        ("mina@example.org\x00", SECRET),
        ("\ud800@example.org", "\ud800"),
        ("", ""),
    ],
    ids=["wrong", "unknown", "no password yet", "no e-mail", "too long", "NUL", "surrogate", "empty"],
)
def test_every_wrong_pair_gets_the_same_answer(context: Context, mina: Actor, email: str, password: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.sign_in(context, email, password, HOME)

    assert (str(caught.value), caught.value.field) == (
        "E-mail and password do not fit together. Check both, or ask your administrator for a new link.",
        "",
    )
    assert "sign_in.failed" in kinds(context)


def test_a_switched_off_person_gets_the_same_answer_too(context: Context, mina: Actor) -> None:
    with context.write() as session:
        session.get_one(User, mina.user_id).active = False

    with pytest.raises(InvalidInput, match="do not fit together"):
        accounts.sign_in(context, "mina@example.org", SECRET, HOME)


def test_an_unknown_person_costs_as_much_work_as_a_known_one(context: Context, mina: Actor) -> None:
    def time_of(email: str) -> float:
        best = 10.0
        for _ in range(4):
            begun = process_time()
            with pytest.raises(InvalidInput):
                accounts.sign_in(context, email, "wrong password", HOME)
            best = min(best, process_time() - begun)
        return best

    known, unknown = time_of("mina@example.org"), time_of("nobody@example.org")

    assert unknown > known * 0.3, "hashing dominates; without it the answer costs a hundredth"
    assert known > unknown * 0.3


def test_the_eleventh_attempt_in_a_quarter_of_an_hour_waits(context: Context, mina: Actor, clock: Clock) -> None:
    for _ in range(10):
        with pytest.raises(InvalidInput):
            accounts.sign_in(context, "mina@example.org", "wrong password", HOME)
    clock.forward(minutes=5)

    with pytest.raises(TooMany) as caught:
        accounts.sign_in(context, "MINA@example.org", SECRET, "198.51.100.1")

    assert caught.value.retry_after == 600
    clock.forward(minutes=10)
    assert accounts.sign_in(context, "mina@example.org", SECRET, HOME)


def test_an_address_is_throttled_over_all_e_mails_and_an_ipv6_network_is_one_address(
    context: Context, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST_PER_ADDRESS", 3)
    for i in range(3):
        with pytest.raises(InvalidInput):
            accounts.sign_in(context, f"guess{i}@example.org", SECRET, f"2001:db8::{i}")

    with pytest.raises(TooMany):
        accounts.sign_in(context, "guess9@example.org", SECRET, "2001:db8::ffff")
    with pytest.raises(InvalidInput):
        accounts.sign_in(context, "guess9@example.org", SECRET, "2001:db8:1::1")


def test_signing_in_forgets_the_failures_before_it(context: Context, mina: Actor) -> None:
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(InvalidInput):
                accounts.sign_in(context, "mina@example.org", "wrong password", HOME)
        accounts.sign_in(context, "mina@example.org", SECRET, HOME)

    with context.read() as session:
        assert session.scalars(select(Throttle.count)).all() == [27]


def test_the_throttle_tells_neither_e_mail_nor_address_and_forgets_old_windows(
    context: Context, mina: Actor, clock: Clock
) -> None:
    for name in ("a", "b", "c"):
        with pytest.raises(InvalidInput):
            accounts.sign_in(context, f"{name}@example.org", SECRET, HOME)
    with context.read() as session:
        keys = session.scalars(select(Throttle.key)).all()
    assert len(keys) == 4
    assert not [key for key in keys if "example" in key or "192" in key]

    clock.forward(minutes=16)
    accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    with context.read() as session:
        assert len(session.scalars(select(Throttle.key)).all()) == 1


def test_parallel_guesses_can_not_slip_through(context: Context, mina: Actor) -> None:
    def guess(_: int) -> str:
        try:
            accounts.sign_in(context, "mina@example.org", "wrong password", HOME)
        except AuditAppError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(24)))

    assert (answers.count("invalid"), answers.count("too_many")) == (10, 14)


def test_an_old_hash_is_renewed_at_sign_in(context: Context, mina: Actor) -> None:
    with context.write() as session:
        session.get_one(User, mina.user_id).password_hash = PasswordHasher(1, 8192, 1).hash(SECRET)

    accounts.sign_in(context, "mina@example.org", SECRET, HOME)

    with context.read() as session:
        assert "m=19456,t=2,p=1" in (session.get_one(User, mina.user_id).password_hash or "")


def test_the_same_letters_composed_or_not_are_the_same_password(context: Context, mina: Actor) -> None:
    with context.write() as session:
        session.get_one(User, mina.user_id).password_hash = passwords.hash_of("caf\u00e9 latte macchiato")

    assert accounts.sign_in(context, "mina@example.org", "cafe\u0301 latte macchiato", HOME)


def test_a_sign_in_ends_30_days_after_its_last_use(context: Context, mina: Actor, clock: Clock) -> None:
    token = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    for _ in range(3):
        clock.forward(days=29)
        assert accounts.actor_of_token(context, token) is not None

    clock.forward(days=30)

    assert accounts.actor_of_token(context, token) is None


def test_use_is_noted_at_most_once_an_hour(context: Context, mina: Actor, clock: Clock) -> None:
    token = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    begun = context.now()

    clock.forward(minutes=59)
    accounts.actor_of_token(context, token)
    with context.read() as session:
        assert session.scalars(select(SignIn.seen_at)).one() == begun

    clock.forward(minutes=1)
    accounts.actor_of_token(context, token)
    with context.read() as session:
        assert session.scalars(select(SignIn.seen_at)).one() == context.now()


def test_signing_out_ends_this_sign_in_and_no_other(context: Context, mina: Actor) -> None:
    phone, desk = (accounts.sign_in(context, "mina@example.org", SECRET, HOME) for _ in range(2))

    accounts.sign_out(context, phone)
    accounts.sign_out(context, "no such token")

    assert accounts.actor_of_token(context, phone) is None
    assert accounts.actor_of_token(context, desk) is not None
    assert kinds(context).count("sign_out") == 1


def test_revoking_all_ends_every_sign_in_of_one_person(context: Context, mina: Actor, world: World) -> None:
    tokens = [accounts.sign_in(context, "mina@example.org", SECRET, HOME) for _ in range(2)]

    with context.write() as session:
        assert accounts.revoke_all(session, mina.user_id, context.now()) == 2

    assert [accounts.actor_of_token(context, token) for token in tokens] == [None, None]


def test_switching_off_signs_out_and_switching_on_does_not_sign_in_again(
    context: Context, mina: Actor, world: World
) -> None:
    token = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    who = public_id(context, mina)

    with context.write() as session:
        accounts.set_active(session, world.admin, who, False, context.now())
    assert accounts.actor_of_token(context, token) is None
    with context.write() as session:
        accounts.set_active(session, world.admin, who, True, context.now())

    assert accounts.actor_of_token(context, token) is None


def test_an_administrator_can_not_switch_off_themselves(context: Context, world: World) -> None:
    who = public_id(context, world.admin)

    with context.write() as session, pytest.raises(Conflict):
        accounts.set_active(session, world.admin, who, False, context.now())


def test_an_invitation_sets_the_first_password_and_signs_in(context: Context, world: World) -> None:
    token = invited(context, world, world.shopper)
    with context.read() as session:
        view = accounts.open_link(session, token, context.now())
    assert (view.name, view.email, view.purpose) == ("Sun", "sun@example.org", "invite")

    session_token = accounts.use_link(context, token, SECRET)

    actor = accounts.actor_of_token(context, session_token)
    assert actor is not None
    assert actor.user_id == world.shopper.user_id
    assert accounts.sign_in(context, "sun@example.org", SECRET, HOME)
    assert {"link.invite", "password.set"} <= set(kinds(context))


def test_a_link_works_once_and_its_hash_alone_is_kept(context: Context, world: World) -> None:
    token = invited(context, world, world.shopper)
    with context.read() as session:
        assert session.scalars(select(AccountLink.token_hash)).one() != token
    accounts.use_link(context, token, SECRET)

    with pytest.raises(NotFound):
        accounts.use_link(context, token, "another password")
    with context.read() as session, pytest.raises(NotFound):
        accounts.open_link(session, token, context.now())


def test_of_two_uses_at_once_one_wins(context: Context, world: World) -> None:
    token = invited(context, world, world.shopper)

    def use(password: str) -> str:
        try:
            accounts.use_link(context, token, password)
        except NotFound:
            return "gone"
        return password

    choices = [f"password number {i}" for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(use, choices))

    winners = [a for a in answers if a != "gone"]
    assert len(winners) == 1
    assert accounts.sign_in(context, "sun@example.org", winners[0], HOME)


def test_a_refused_password_leaves_the_link_open(context: Context, world: World) -> None:
    token = invited(context, world, world.shopper)

    with pytest.raises(InvalidInput):
        accounts.use_link(context, token, "short")

    assert accounts.use_link(context, token, SECRET)


@pytest.mark.parametrize(("purpose", "minutes"), [("invite", 7 * 24 * 60), ("reset", 30)])
def test_links_end_in_time(context: Context, world: World, clock: Clock, purpose: str, minutes: int) -> None:
    make = accounts.invite if purpose == "invite" else accounts.reset_link
    who = public_id(context, world.shopper)
    with context.write() as session:
        token = make(session, world.admin, who, context.now())

    clock.forward(minutes=minutes - 1)
    with context.read() as session:
        assert accounts.open_link(session, token, context.now()).purpose == purpose
    clock.forward(minutes=1)
    with pytest.raises(NotFound):
        accounts.use_link(context, token, SECRET)


def test_a_reset_ends_every_other_sign_in_and_the_old_password(context: Context, mina: Actor, world: World) -> None:
    before = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    with context.write() as session:
        token = accounts.reset_link(session, world.admin, session.get_one(User, mina.user_id).public_id, context.now())
    assert accounts.actor_of_token(context, before) is not None

    after = accounts.use_link(context, token, "four new words here")

    assert accounts.actor_of_token(context, before) is None
    assert accounts.actor_of_token(context, after) is not None
    with pytest.raises(InvalidInput):
        accounts.sign_in(context, "mina@example.org", SECRET, HOME)


def test_only_the_newest_link_opens(context: Context, world: World) -> None:
    first, second = (invited(context, world, world.shopper) for _ in range(2))

    with pytest.raises(NotFound):
        accounts.use_link(context, first, SECRET)
    assert accounts.use_link(context, second, SECRET)


def test_a_link_of_a_switched_off_person_is_gone(context: Context, world: World) -> None:
    token = invited(context, world, world.shopper)
    with context.write() as session:
        accounts.set_active(session, world.admin, public_id(context, world.shopper), False, context.now())

    with pytest.raises(NotFound):
        accounts.use_link(context, token, SECRET)


def test_who_has_a_password_is_not_invited_again(context: Context, mina: Actor, world: World) -> None:
    with pytest.raises(Conflict):
        invited(context, world, mina)


@pytest.mark.parametrize("who", ["shopper", "reviewer", "manager", "lead"])
def test_only_an_administrator_makes_links_and_sees_people(context: Context, world: World, who: str) -> None:
    actor, target = getattr(world, who), public_id(context, world.shopper)
    with context.write() as session:
        for forbidden in (
            lambda: accounts.invite(session, actor, target, context.now()),
            lambda: accounts.reset_link(session, actor, target, context.now()),
            lambda: accounts.set_active(session, actor, target, False, context.now()),
            lambda: accounts.sign_out_everywhere(session, actor, target, context.now()),
            lambda: accounts.read_user(session, actor, target),
            lambda: accounts.list_users(session, actor),
            lambda: audit.entries(session, actor),
        ):
            with pytest.raises(Forbidden):
                forbidden()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("9 letters", "fewer than 10"),
        ("한" * 400, "longer than 1024 bytes"),
        ("Sun@Example.org", "your e-mail"),
    ],
)
def test_a_new_password_has_few_rules(password: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        passwords.check_new(password, "sun@example.org")


@pytest.mark.parametrize("password", ["aaaaaaaaaa", "1234567890", "열 글자 이상의 암호입니다", "🚲" * 10])
def test_any_ten_characters_will_do(password: str) -> None:
    passwords.check_new(password, "sun@example.org")


def test_one_changes_the_own_password_with_the_present_one(context: Context, mina: Actor) -> None:
    before = accounts.sign_in(context, "mina@example.org", SECRET, HOME)
    with pytest.raises(InvalidInput) as caught:
        accounts.change_password(context, mina, "wrong password", "four new words here")
    assert caught.value.field == "current"

    after = accounts.change_password(context, mina, SECRET, "four new words here")

    assert accounts.actor_of_token(context, before) is None
    assert accounts.actor_of_token(context, after) is not None
    assert accounts.sign_in(context, "mina@example.org", "four new words here", HOME)


def test_guessing_the_present_password_is_throttled(context: Context, mina: Actor) -> None:
    for _ in range(10):
        with pytest.raises(InvalidInput):
            accounts.change_password(context, mina, "wrong password", "four new words here")

    with pytest.raises(TooMany):
        accounts.change_password(context, mina, SECRET, "four new words here")


def test_one_changes_the_own_language(context: Context, mina: Actor) -> None:
    with context.write() as session:
        accounts.change_language(session, mina, "zh-hant")
        with pytest.raises(InvalidInput):
            accounts.change_language(session, mina, "fr")

    with context.read() as session:
        assert session.get_one(User, mina.user_id).language == "zh_Hant"


def first(context: Context, **changed: str) -> None:
    given = {"email": "ada@example.org", "name": "Ada", "password": SECRET, "language": "en",
             "chain": "Northgate", "programme": "Standards", **changed}  # fmt: skip
    accounts.first_admin(context, **given)


def test_a_real_install_begins_with_one_administrator(context: Context) -> None:
    first(context)

    actor = accounts.actor_of_token(context, accounts.sign_in(context, "ada@example.org", SECRET, HOME))
    assert actor is not None
    assert actor.role is Role.ADMIN
    with context.read() as session:
        assert session.get_one(Chain, 1).name == "Northgate"
    with pytest.raises(Conflict):
        first(context, email="eve@example.org")


def test_setup_refuses_an_e_mail_that_somebody_has(context: Context) -> None:
    with context.write() as session:
        make_user(session, "Ada", Role.SHOPPER)

    with pytest.raises(InvalidInput) as caught:
        first(context)

    assert caught.value.field == "email"


def test_people_are_found_by_parts_of_name_and_e_mail_taken_literally(context: Context, world: World) -> None:
    with context.write() as session:
        make_user(session, "Per%Cent", Role.SHOPPER)
        found, total = accounts.list_users(session, world.admin, search="%")
        managers, _ = accounts.list_users(session, world.admin, role="manager")

    assert ([u.name for u in found], total) == (["Per%Cent"], 1)
    assert [u.name for u in managers] == ["Max", "Mina"]


def test_the_audit_log_pages_backwards_and_filters(context: Context, world: World) -> None:
    with context.write() as session:
        for i in range(audit.PAGE + 5):
            audit.note(session, world.admin, "wave.created", f"wave:{i}", context.now(), "x" * 900)
        audit.record(session, context.now(), None, "sign_in.failed", "user:?")
        session.flush()
        newest = audit.entries(session, world.admin)
        older = audit.entries(session, world.admin, before=newest[-1].id)
        failed = audit.entries(session, world.admin, kind="sign_in")

    assert (newest[0].kind, newest[0].who, newest[1].who) == ("sign_in.failed", "", "Ada")
    assert len(newest) + len(older) == audit.PAGE + 6
    assert len(newest[1].detail) == 500
    assert [e.kind for e in failed] == ["sign_in.failed"]
