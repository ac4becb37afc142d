"""The composition root of the web program: settings in, a Flask app out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import structlog
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from auditapp import config, log
from auditapp.gate import errors, guards, headers, request
from auditapp.i18n import sentences
from auditapp.services.context import Context, make_context

ROOT = Path(__file__).parent
MOST_BYTES = 32 * 2**20


def create_app(settings: config.Settings | None = None, context: Context | None = None) -> Flask:
    """Make the app. Raises ConfigError on a wrong setting, RuntimeError on a route without a guard."""
    context = context or make_context(settings or config.load())
    settings = context.settings
    log.configure(settings.log_json)
    app = Flask(
        "auditapp",
        root_path=str(ROOT),
        static_url_path=_static_path(),
        template_folder=str(ROOT.parent / "templates"),
    )
    app.extensions["auditapp"] = context
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=4 * 2**20,
        MAX_FORM_PARTS=headers.MOST_FIELDS,
        SESSION_COOKIE_NAME="auditapp_form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _configure_templates(app)
    headers.install(app)
    errors.install(app)
    _register(app, CSRFProtect(app))
    guards.check_all_guarded(app)
    return app


def check_start(settings: config.Settings | None = None) -> None:
    """What a server looks at once, before its processes begin. Raises ConfigError on a wrong setting, or where the
    database has not the tables of this version; warns of what is probably a mistake.

    A database that is out of reach is no reason to stop: it may come back, and /readyz tells of it.
    """
    from sqlalchemy.exc import OperationalError

    from auditapp.db import migrate  # heavy, and no web process needs it
    from auditapp.db.session import Database

    settings = settings or config.load()
    log.configure(settings.log_json)
    logger = structlog.get_logger()
    if settings.secure and not settings.trusted_proxies:
        logger.warning(
            "PUBLIC_URL is https but TRUSTED_PROXIES is 0: behind a proxy all visitors seem to have its address and "
            "share one limit of failed sign-ins. Set TRUSTED_PROXIES to the number of proxies."
        )
    database = Database(settings.database_url)
    try:
        migrate.check_current(database)
    except OperationalError as error:
        logger.warning("the database is out of reach at the start", error=type(error.orig).__name__)
    finally:
        database.dispose()


def _register(app: Flask, csrf: CSRFProtect) -> None:
    from auditapp import api, cli, web

    for blueprint in web.blueprints():
        app.register_blueprint(blueprint)
    for blueprint in api.blueprints():
        app.register_blueprint(blueprint)
        csrf.exempt(blueprint)  # the API has its own rule: a header of ours and our own origin
    cli.install(app)


def _configure_templates(app: Flask) -> None:
    env = app.jinja_env
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.autoescape = True
    env.add_extension("jinja2.ext.i18n")
    env.filters["sentences"] = sentences
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: request.translations().gettext(text),
        lambda one, many, n: request.translations().ngettext(one, many, n),
        newstyle=True,
    )
    env.globals.update(
        _=request.markup,
        asset=lambda name: f"{app.static_url_path}/{name}",
        language=request.language,
        actor=request.maybe_actor,
        languages=config.LANGUAGES,
        show_date=request.show_date,
        show_time=request.show_time,
        show_moment=request.show_moment,
        show_day=request.show_day,
    )


def _static_path() -> str:
    """The address of the static files, with a hash of them all: browsers may keep each for ever, and the modules
    that one page loads always belong together."""
    digest = hashlib.sha256()
    for path in sorted(path for path in (ROOT / "static").rglob("*") if path.is_file()):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"
