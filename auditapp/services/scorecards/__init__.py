"""The scorecard of a published visit, for the store's side: a page, a PDF, its photos, and what came before.

The store knows a visit by its ``store_public_id`` alone. Nothing here reads who the shopper was.
"""

from __future__ import annotations

from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.services.context import Context
from auditapp.services.scorecards.access import readable_store, readable_visit
from auditapp.services.scorecards.build import build
from auditapp.services.scorecards.facts import read_facts, shown_photos, stores_of
from auditapp.services.scorecards.paper import pdf_given_up, pdf_of, render_scorecard
from auditapp.services.scorecards.past import latest_visit, store_history
from auditapp.services.scorecards.view import History, Home, Scorecard, StoreLink
from auditapp.services.visits.evidence import photo_key, thumb_key

__all__ = ["history", "home", "pdf_given_up", "pdf_of", "photo_of", "render_scorecard", "show"]


def show(context: Context, actor: Actor, public_id: str) -> Scorecard:
    """The scorecard in the reader's language. Raises NotFound for whoever may not read it."""
    with context.read() as session:
        visit = readable_visit(session, actor, public_id)
        return build(read_facts(session, visit, context.now()), actor.language, context.settings.public_url)


def photo_of(context: Context, actor: Actor, public_id: str, photo_id: str, small: bool = False) -> bytes:
    """The cleaned JPEG of a photo that the scorecard shows, 1600 px or (``small``) 320 px. Raises NotFound."""
    with context.read() as session:
        photos = shown_photos(session, readable_visit(session, actor, public_id))
    found = next((photo for photo in photos if photo.public_id == photo_id), None)
    if found is None:
        raise NotFound()
    return context.storage.read(thumb_key(found.sha256) if small else photo_key(found.sha256))


def home(context: Context, actor: Actor, store_id: str = "") -> Home:
    """A manager's first page, about the store with the public id given (the first by name without one).

    Raises NotFound where the actor has no such store.
    """
    with context.read() as session:
        links = {
            store.id: StoreLink(store.public_id, store.name, store.code) for store in stores_of(session, actor.stores)
        }
        chosen = next((id_ for id_, link in links.items() if store_id in ("", link.public_id)), None)
        if chosen is None:
            raise NotFound()
        visit = latest_visit(session, chosen)
        url = context.settings.public_url
        card = build(read_facts(session, visit, context.now()), actor.language, url) if visit else None
        return Home(links[chosen], card, tuple(link for id_, link in links.items() if id_ != chosen))


def history(context: Context, actor: Actor, store_id: str) -> History:
    """All published visits of a store, by what can be compared. Raises NotFound for whoever may not read them."""
    with context.read() as session:
        return store_history(session, readable_store(session, actor, store_id), actor.language)
