"""Accounts: signing in and out, links to set a password, and the people themselves."""

from auditapp.services.accounts.links import LinkView, invite, open_link, reset_link, use_link
from auditapp.services.accounts.people import (
    Person,
    change_language,
    change_password,
    first_admin,
    known_language,
    list_users,
    read_user,
    set_active,
    sign_out_everywhere,
)
from auditapp.services.accounts.sign_ins import actor_of_token, revoke_all, sign_in, sign_out

__all__ = [
    "LinkView",
    "Person",
    "actor_of_token",
    "change_language",
    "change_password",
    "first_admin",
    "invite",
    "known_language",
    "list_users",
    "open_link",
    "read_user",
    "reset_link",
    "revoke_all",
    "set_active",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "use_link",
]
