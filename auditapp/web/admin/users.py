"""People: who they are, what they reach, and the links that let them in."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from auditapp.domain.roles import Do, Role
from auditapp.gate.guards import guard
from auditapp.gate.request import actor, context, gettext
from auditapp.i18n import N_
from auditapp.services import accounts, imports
from auditapp.services.accounts.people import PAGE, Person
from auditapp.web.admin.parts import blueprint, csv_file, done, page_number
from auditapp.web.forms import ROLE_WORDS, UserForm

FIELDS = ("email", "name", "role", "language", "stores", "regions")


@blueprint.get("/users")
@guard(Do.ACCOUNTS_RUN)
def users() -> ResponseReturnValue:
    """All people, searchable."""
    search, role, page = request.args.get("search", ""), request.args.get("role", ""), page_number()
    with context().read() as session:
        found, total = accounts.list_users(session, actor(), search, role, page)
    return render_template(
        "admin/users.html", users=found, total=total, roles=_role_words(), search=search, role=role,
        page=page, pages=-(-total // PAGE),
    )  # fmt: skip


@blueprint.get("/users.csv")
@guard(Do.ACCOUNTS_RUN)
def users_csv() -> ResponseReturnValue:
    """All people as a file that can be imported again."""
    with context().read() as session:
        return csv_file(imports.users_csv(session, actor()), "users")


@blueprint.route("/users/new", methods=["GET", "POST"])
@guard(Do.ACCOUNTS_RUN)
def new_user() -> ResponseReturnValue:
    """Add one person."""
    return _user_page(UserForm(), None)


@blueprint.route("/users/<user_id>", methods=["GET", "POST"])
@guard(Do.ACCOUNTS_RUN)
def user(user_id: str) -> ResponseReturnValue:
    """Change one person, make links for them, switch them off."""
    person = _person(user_id)
    form = UserForm(
        data={
            "email": person.email, "name": person.name, "role": person.role.value, "language": person.language,
            "stores": " ".join(person.stores), "regions": " ".join(person.regions),
        }
    )  # fmt: skip
    form.email.data = person.email
    return _user_page(form, person)


def _user_page(form: UserForm, person: Person | None) -> ResponseReturnValue:
    if form.validate_on_submit():
        with form.refusals():
            fields = {name: form[name].data or "" for name in FIELDS}
            with context().write() as session:
                saved = imports.save_user(session, actor(), fields, context().now())
            return done(gettext(N_("The person is saved.")), "admin.user", user_id=saved.public_id)
    return render_template("admin/user.html", form=form, person=person), form.status


@blueprint.post("/users/<user_id>/invitation")
@guard(Do.ACCOUNTS_RUN)
def invite(user_id: str) -> ResponseReturnValue:
    """A link for the first password, shown once."""
    with context().write() as session:
        token = accounts.invite(session, actor(), user_id, context().now())
    return _link_page(user_id, token, "invite")


@blueprint.post("/users/<user_id>/reset")
@guard(Do.ACCOUNTS_RUN)
def reset(user_id: str) -> ResponseReturnValue:
    """A link for a new password, shown once."""
    with context().write() as session:
        token = accounts.reset_link(session, actor(), user_id, context().now())
    return _link_page(user_id, token, "reset")


@blueprint.post("/users/<user_id>/active")
@guard(Do.ACCOUNTS_RUN)
def set_active(user_id: str) -> ResponseReturnValue:
    """Switch an account on or off."""
    active = request.form.get("active") == "yes"
    with context().write() as session:
        accounts.set_active(session, actor(), user_id, active, context().now())
    words = N_("The account is switched on.") if active else N_("The account is switched off and signed out.")
    return done(gettext(words), "admin.user", user_id=user_id)


@blueprint.post("/users/<user_id>/sign-out")
@guard(Do.ACCOUNTS_RUN)
def sign_out_user(user_id: str) -> ResponseReturnValue:
    """End all sign-ins of a person, say when a phone is lost."""
    with context().write() as session:
        accounts.sign_out_everywhere(session, actor(), user_id, context().now())
    return done(gettext(N_("This person is signed out everywhere.")), "admin.user", user_id=user_id)


def _link_page(user_id: str, token: str, purpose: str) -> ResponseReturnValue:
    address = context().settings.public_url + url_for("account.link", token=token)
    return render_template("admin/link.html", person=_person(user_id), address=address, purpose=purpose)


def _person(user_id: str) -> Person:
    with context().read() as session:
        return accounts.read_user(session, actor(), user_id)


def _role_words() -> dict[str, str]:
    return {role.value: gettext(ROLE_WORDS[role]) for role in Role}
