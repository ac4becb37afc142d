"""Signing in and out in a browser."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from auditapp.config import Settings
from auditapp.db.schema import User
from auditapp.domain.roles import Actor
from auditapp.gate.request import COOKIE, LANGUAGE_COOKIE
from auditapp.services import accounts
from auditapp.services.accounts import passwords
from auditapp.services.context import Context
from auditapp.web.account import safe_path
from tests.conftest import Clock
from tests.factories import World, make_world
from tests.web.clients import signed_in

SECRET = "a lake with three boats"


@pytest.fixture
def world(context: Context) -> World:
    with context.write() as session:
        world = make_world(session)
        for actor in (world.shopper, world.reviewer, world.manager, world.lead, world.admin):
            session.get_one(User, actor.user_id).password_hash = passwords.hash_of(SECRET)
        return world


@pytest.fixture
def browser(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


def csrf(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    assert found, page
    return found[1]


def sign_in(client: FlaskClient, email: str, password: str = SECRET, path: str = "/sign-in") -> TestResponse:
    form = {"email": email, "password": password, "csrf_token": csrf(client, path)}
    return client.post(path, data=form)


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("sun", "/visits"),
        ("rhea", "/review"),
        ("mina", "/store"),
        ("lena", "/compare"),
        ("ada", "/admin"),
    ],
)
def test_each_role_lands_on_its_own_first_page(browser: FlaskClient, name: str, home: str) -> None:
    answer = sign_in(browser, f"{name}@example.org")

    assert (answer.status_code, answer.location) == (303, "/")
    first = browser.get("/")
    assert first.location is not None
    assert first.location.startswith(home)
    assert browser.get(first.location).status_code == 200


def test_a_page_that_needs_sign_in_is_reached_after_it(browser: FlaskClient) -> None:
    asked = browser.get("/admin/stores?search=mill")
    assert (asked.status_code, asked.location) == (302, "/sign-in?next=/admin/stores?search%3Dmill")

    assert sign_in(browser, "ada@example.org", path=asked.location or "").location == "/admin/stores?search=mill"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "///evil.example", "",
        "\\\\evil.example", "/%0d\n", "/a b", "/ü", "evil.example", "/sign-out", "/sign-in", "/link/x",
        "/\t/evil.example", "/language?to=ko", "/a\\b", "/\x00",
    ],
)  # fmt: skip
def test_next_never_leads_to_another_site_or_round_in_circles(target: str) -> None:
    assert safe_path(target) == ""


@pytest.mark.parametrize("target", ["/", "/visits", "/a/b?c=d&e=%2F#f", "/sign-ins-of-life"])
def test_next_may_be_any_other_path_of_ours(target: str) -> None:
    assert safe_path(target) == target


def test_an_outside_next_is_ignored_at_sign_in(browser: FlaskClient) -> None:
    assert sign_in(browser, "ada@example.org", path="/sign-in?next=//evil.example").location == "/"


def test_wrong_and_unknown_look_the_same(browser: FlaskClient) -> None:
    def page(email: str) -> str:
        answer = sign_in(browser, email, "wrong password")
        assert answer.status_code == 422
        return re.sub(r'value="[^"]*"', "", answer.text)

    known, unknown = page("ada@example.org"), page("nobody@example.org")

    assert known == unknown
    assert "do not fit together" in known


def test_a_refused_sign_in_keeps_the_e_mail_and_never_the_password(browser: FlaskClient) -> None:
    page = sign_in(browser, '"><script>x@example.org', "wrong password").text

    assert "&#34;&gt;&lt;script&gt;x@example.org" in page
    assert "<script>x" not in page
    assert "wrong password" not in page
    assert "<title>Error: Sign in</title>" in page


def test_too_many_attempts_are_429_with_a_time(browser: FlaskClient) -> None:
    for _ in range(10):
        sign_in(browser, "ada@example.org", "wrong password")

    answer = sign_in(browser, "ada@example.org")

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert "Wait a few minutes" in answer.text


def test_the_cookie_is_for_http_only_and_this_site(browser: FlaskClient) -> None:
    cookie = next(c for c in sign_in(browser, "ada@example.org").headers.getlist("Set-Cookie") if c.startswith(COOKIE))

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_is_secure(context: Context, world: World) -> None:
    from auditapp.app import create_app

    settings = Settings(
        data=context.settings.data, database_url=context.settings.database_url, public_url="https://visits.example.org",
        secret_key="0" * 40,
    )  # fmt: skip
    secure = Context(settings, context.database, context.storage, context.clock)
    client = create_app(context=secure).test_client()
    form = re.search(
        r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in", base_url="https://localhost").text
    )
    assert form

    answer = client.post(
        "/sign-in", base_url="https://localhost",
        data={"email": "ada@example.org", "password": SECRET, "csrf_token": form[1]},
    )  # fmt: skip

    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_without_the_form_token_nobody_signs_in(browser: FlaskClient) -> None:
    answer = browser.post("/sign-in", data={"email": "ada@example.org", "password": SECRET})

    assert answer.status_code == 400
    assert COOKIE not in str(answer.headers)


def test_signing_in_ends_the_sign_in_that_was_there(browser: FlaskClient, context: Context) -> None:
    sign_in(browser, "ada@example.org")
    cookie = browser.get_cookie(COOKIE)
    assert cookie
    before = cookie.value
    token = csrf(browser, "/account")

    browser.post("/sign-out", data={"csrf_token": token})
    browser.set_cookie(COOKIE, before)
    sign_in(browser, "mina@example.org")
    after = browser.get_cookie(COOKIE)

    assert after
    assert after.value != before
    assert accounts.actor_of_token(context, before) is None


def test_signing_out_is_explained_first_and_then_done(browser: FlaskClient, context: Context) -> None:
    sign_in(browser, "ada@example.org")
    cookie = browser.get_cookie(COOKIE)
    assert cookie
    assert "You need your password to come back" in browser.get("/sign-out").text
    assert browser.get("/admin").status_code == 200

    answer = browser.post("/sign-out", data={"csrf_token": csrf(browser, "/sign-out")})

    assert answer.location == "/sign-in"
    assert browser.get_cookie(COOKIE) is None
    assert accounts.actor_of_token(context, cookie.value) is None
    assert "You are signed out." in browser.get("/sign-in").text


def test_a_sign_in_that_is_over_says_so(browser: FlaskClient, clock: Clock) -> None:
    sign_in(browser, "ada@example.org")
    clock.forward(days=31)

    page = browser.get("/admin", follow_redirects=True)

    assert "Please sign in again" in page.text


def test_who_is_signed_in_does_not_see_the_sign_in_page(browser: FlaskClient) -> None:
    sign_in(browser, "ada@example.org")

    assert browser.get("/sign-in").location == "/"
    assert browser.get("/sign-in?next=/admin/users").location == "/admin/users"


def test_the_language_can_be_picked_before_sign_in(browser: FlaskClient) -> None:
    answer = browser.get("/language?to=ko&next=/admin")
    assert answer.location == "/sign-in?next=/admin"
    assert '<html lang="ko"' in browser.get("/sign-in").text

    browser.get("/language?to=xx")
    cookie = browser.get_cookie(LANGUAGE_COOKIE)
    assert cookie
    assert cookie.value == "ko"


def link_for(context: Context, world: World, who: Actor, purpose: str = "reset") -> str:
    make = accounts.invite if purpose == "invite" else accounts.reset_link
    with context.write() as session:
        token = make(session, world.admin, session.get_one(User, who.user_id).public_id, context.now())
    return f"/link/{token}"


def test_a_link_sets_the_password_and_goes_in(browser: FlaskClient, context: Context, world: World) -> None:
    link = link_for(context, world, world.other_shopper, "invite")
    for _ in range(2):
        page = browser.get(link)
        assert "Welcome, Otto." in page.text

    answer = browser.post(link, data={"password": "four new words here", "csrf_token": csrf(browser, link)})

    assert (answer.status_code, answer.location) == (303, "/")
    assert (browser.get("/").location or "").startswith("/visits")
    gone = browser.get(link)
    assert gone.status_code == 404
    assert "Ask your administrator for a new one" in gone.text


def test_a_bad_password_shows_the_form_again(browser: FlaskClient, context: Context, world: World) -> None:
    link = link_for(context, world, world.shopper)

    answer = browser.post(link, data={"password": "too short", "csrf_token": csrf(browser, link)})

    assert answer.status_code == 422
    assert "fewer than 10 characters" in answer.text
    assert browser.get(link).status_code == 200


def test_a_link_page_speaks_the_language_of_its_person(browser: FlaskClient, context: Context, world: World) -> None:
    with context.write() as session:
        session.get_one(User, world.shopper.user_id).language = "zh_Hant"

    assert '<html lang="zh-Hant"' in browser.get(link_for(context, world, world.shopper)).text


@pytest.mark.parametrize("token", ["x", "../etc", "%00", "a" * 3000, "한국"])
def test_an_invented_link_is_not_found(browser: FlaskClient, token: str) -> None:
    assert browser.get(f"/link/{token}").status_code == 404


@pytest.mark.parametrize("who", ["shopper", "reviewer", "manager", "lead", "admin"])
def test_everybody_has_an_account_page(app: Flask, context: Context, world: World, who: str) -> None:
    page = signed_in(app, context, getattr(world, who)).get("/account")

    assert page.status_code == 200
    assert "Change password" in page.text


def test_the_language_is_kept_with_the_person(app: Flask, context: Context, world: World) -> None:
    client = signed_in(app, context, world.shopper)

    client.post("/account/language", data={"language": "ko", "csrf_token": csrf(client, "/account")})

    assert '<html lang="ko"' in client.get("/account").text
    refused = client.post("/account/language", data={"language": "xx", "csrf_token": csrf(client, "/account")})
    assert refused.status_code == 422


def test_changing_the_password_keeps_this_browser_and_ends_the_others(
    app: Flask, context: Context, world: World
) -> None:
    here, there = signed_in(app, context, world.admin), signed_in(app, context, world.admin)
    form = {"current": SECRET, "password": "four new words here", "csrf_token": csrf(here, "/account")}

    answer = here.post("/account/password", data=form)

    assert answer.status_code == 303
    assert "Your password is changed" in here.get("/account").text
    assert there.get("/account").status_code == 302


def test_a_wrong_present_password_is_said_beside_its_field(app: Flask, context: Context, world: World) -> None:
    client = signed_in(app, context, world.admin)
    form = {"current": "wrong password", "password": "four new words here", "csrf_token": csrf(client, "/account")}

    answer = client.post("/account/password", data=form)

    assert answer.status_code == 422
    assert 'id="current-error">This is not your present password' in answer.text


def test_signing_out_everywhere_ends_every_browser(app: Flask, context: Context, world: World) -> None:
    here, there = signed_in(app, context, world.admin), signed_in(app, context, world.admin)

    here.post("/account/sign-out-everywhere", data={"csrf_token": csrf(here, "/account")})

    assert [client.get("/account").status_code for client in (here, there)] == [302, 302]
