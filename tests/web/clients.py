"""Browsers for tests, signed in through the sign-in table as a real session is."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from auditapp.db.schema import User
from auditapp.domain.roles import Actor
from auditapp.gate.request import COOKIE
from auditapp.services.accounts.sign_ins import open_sign_in
from auditapp.services.context import Context


def signed_in(app: Flask, context: Context, actor: Actor) -> FlaskClient:
    """A client with this person's session cookie."""
    with context.write() as session:
        user = session.get_one(User, actor.user_id)
        token = open_sign_in(session, user.id, user.public_id, context.now())
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    return client
