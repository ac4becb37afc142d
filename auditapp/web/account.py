"""The way in and out: sign-in, sign-out, links that set a password, and one's own settings."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from auditapp.domain.errors import SignInNeeded
from auditapp.domain.roles import Role
from auditapp.gate.errors import answer, wants_json
from auditapp.gate.guards import open_to_all, signed_in
from auditapp.gate.request import COOKIE, LANGUAGE_COOKIE, actor, context, gettext, maybe_actor
from auditapp.i18n import LANGUAGES, N_
from auditapp.services import accounts
from auditapp.web.entered import FIELD, Entered, entered, unpacked
from auditapp.web.forms import ChangePasswordForm, LanguageForm, NewPasswordForm, SignInForm

blueprint = Blueprint("account", __name__)

HOME = {
    Role.SHOPPER: "visits.my_visits",
    Role.REVIEWER: "review.queue",
    Role.MANAGER: "scorecards.home",
    Role.LEAD: "comparison.overview",
    Role.ADMIN: "admin.home",
}
COOKIE_LASTS = timedelta(days=400)
"""The server decides when a sign-in ends; the cookie outlives it, so that the page can say "again"."""

_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def safe_path(target: str) -> str:
    """``target`` if it is a path on this site that makes sense after sign-in, else empty."""
    if not _PATH.fullmatch(target) or re.match(r"/(sign-in|sign-out|link|language)\b", target):
        return ""
    return target


@blueprint.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Each role's first page."""
    return redirect(url_for(HOME[actor().role]))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@open_to_all
def sign_in() -> ResponseReturnValue:
    """E-mail and password, then on to where the person wanted to go."""
    onward = safe_path(request.args.get("next", ""))
    if request.method == "GET" and maybe_actor():
        return redirect(onward or url_for("account.index"))
    form, kept = SignInForm(), unpacked(request.form.get(FIELD, ""))
    if form.validate_on_submit():
        with form.refusals():
            token = accounts.sign_in(context(), form.email.data, form.password.data, request.remote_addr or "")
            return _enter(token, onward, kept)
    return _sign_in(form, onward, kept), form.status


@blueprint.app_errorhandler(SignInNeeded)
def sign_in_first(error: SignInNeeded) -> ResponseReturnValue:
    """Whoever has no sign-in, or no longer, gets the sign-in page, and goes on from there with all that was entered."""
    if wants_json():
        return answer(error)
    kept = entered() if request.blueprint != blueprint.name else None  # those are passwords
    if kept and safe_path(request.path):
        return _sign_in(SignInForm(formdata=None), request.path, kept), 401
    asked = request.full_path.rstrip("?") if request.method == "GET" else urlsplit(request.referrer or "").path
    return redirect(url_for("account.sign_in", next=asked or request.path))


def _sign_in(form: SignInForm, onward: str, kept: Entered | None) -> str:
    again = COOKIE in request.cookies
    return render_template("account/sign_in.html", form=form, again=again, onward=onward, kept=kept)


@blueprint.route("/sign-out", methods=["GET", "POST"])
@signed_in
def sign_out() -> ResponseReturnValue:
    """Says what signing out does; the button does it."""
    if request.method == "GET":
        return render_template("account/sign_out.html")
    accounts.sign_out(context(), request.cookies[COOKIE])
    return _leave(N_("You are signed out."))


@blueprint.get("/language")
@open_to_all
def pick_language() -> ResponseReturnValue:
    """Choose the language of the pages before sign-in."""
    response = redirect(url_for("account.sign_in", next=safe_path(request.args.get("next", "")) or None))
    if (language := request.args.get("to", "")) in LANGUAGES:
        _set_cookie(response, LANGUAGE_COOKIE, language)
    return response


@blueprint.route("/link/<token>", methods=["GET", "POST"])
@open_to_all
def link(token: str) -> ResponseReturnValue:
    """Set a password by an invitation or reset link. Only a sent form uses the link up."""
    with context().read() as db:
        view = accounts.open_link(db, token, context().now())
    g.language = view.language
    form = NewPasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            return _enter(accounts.use_link(context(), token, form.password.data), "")
    return render_template("account/link.html", form=form, view=view), form.status


@blueprint.get("/account")
@signed_in
def settings() -> ResponseReturnValue:
    """One's own language, password and sign-ins."""
    return _settings(LanguageForm(data={"language": actor().language}), ChangePasswordForm(formdata=None))


@blueprint.post("/account/language")
@signed_in
def change_language() -> ResponseReturnValue:
    """Set one's own language."""
    form = LanguageForm()
    if form.validate_on_submit():
        with form.refusals():
            with context().write() as db:
                accounts.change_language(db, actor(), form.language.data or "")
            return redirect(url_for("account.settings"), 303)
    return _settings(form, ChangePasswordForm(formdata=None))


@blueprint.post("/account/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Set one's own password; every other sign-in ends."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        with form.refusals():
            token = accounts.change_password(context(), actor(), form.current.data, form.password.data)
            response = _enter(token, url_for("account.settings"))
            flash(gettext(N_("Your password is changed. Everywhere else you are signed out.")))
            return response
    return _settings(LanguageForm(formdata=None, data={"language": actor().language}), form)


@blueprint.post("/account/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End every sign-in of one's own, this one included."""
    with context().write() as db:
        accounts.revoke_all(db, actor().user_id, context().now())
    return _leave(N_("You are signed out everywhere."))


def _settings(language_form: LanguageForm, password_form: ChangePasswordForm) -> ResponseReturnValue:
    page = render_template("account/settings.html", language_form=language_form, password_form=password_form)
    return page, max(language_form.status, password_form.status)


def _enter(token: str, onward: str, kept: Entered | None = None) -> ResponseReturnValue:
    """Begin with a fresh cookie and a fresh form secret; a sign-in that this browser had before ends. What was entered
    before is sent by the person's own press of a button."""
    before = request.cookies.get(COOKIE, "")
    if before:
        accounts.sign_out(context(), before)
    session.clear()
    g.pop("csrf_token", None)  # of the secret before
    if kept and onward:
        response = make_response(render_template("account/entered.html", kept=kept, onward=onward))
    else:
        response = make_response(redirect(onward or url_for("account.index"), 303))
    _set_cookie(response, COOKIE, token)
    return response


def _leave(words: str) -> ResponseReturnValue:
    session.clear()
    flash(gettext(words))
    response = redirect(url_for("account.sign_in"), 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=context().settings.secure)
    return response


def _set_cookie(response: ResponseReturnValue, name: str, value: str) -> None:
    response.set_cookie(  # type: ignore[union-attr]
        name,
        value,
        max_age=COOKIE_LASTS,
        httponly=True,
        samesite="Lax",
        secure=context().settings.secure,
    )
