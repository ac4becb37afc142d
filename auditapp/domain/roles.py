"""Who may do what: five roles, each with the stores and regions it reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The five kinds of people who sign in."""

    SHOPPER = "shopper"
    REVIEWER = "reviewer"
    MANAGER = "manager"
    LEAD = "lead"
    ADMIN = "admin"


class Do(StrEnum):
    """Everything an actor can ask for, named subject.verb."""

    VISIT_FILL = "visit.fill"
    VISIT_REVIEW = "visit.review"
    EVIDENCE_SEE = "evidence.see"
    SCORECARD_READ = "scorecard.read"
    COMPARE = "comparison.read"
    PROGRAMME_RUN = "programme.run"
    ACCOUNTS_RUN = "accounts.run"


MAY: dict[Do, frozenset[Role]] = {
    Do.VISIT_FILL: frozenset({Role.SHOPPER}),
    Do.VISIT_REVIEW: frozenset({Role.REVIEWER, Role.ADMIN}),
    Do.EVIDENCE_SEE: frozenset({Role.REVIEWER, Role.ADMIN}),
    Do.SCORECARD_READ: frozenset({Role.REVIEWER, Role.MANAGER, Role.LEAD, Role.ADMIN}),
    Do.COMPARE: frozenset({Role.REVIEWER, Role.LEAD, Role.ADMIN}),
    Do.PROGRAMME_RUN: frozenset({Role.ADMIN}),
    Do.ACCOUNTS_RUN: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True)
class Actor:
    """The person (or the system itself) behind a call.

    ``stores`` and ``regions`` are the database ids a manager or a lead is confined to; reviewers and admins reach all.
    """

    user_id: int
    role: Role
    name: str = ""
    language: str = "en"
    stores: frozenset[int] = field(default_factory=frozenset)
    regions: frozenset[int] = field(default_factory=frozenset)

    @property
    def everywhere(self) -> bool:
        """Whether no store or region limits this actor."""
        return self.role in (Role.REVIEWER, Role.ADMIN)


def can(actor: Actor, do: Do, store_id: int | None = None, region_id: int | None = None) -> bool:
    """Whether ``actor`` may ``do`` something, to the store in the region given (None: in general)."""
    if actor.role not in MAY[do]:
        return False
    if actor.everywhere or actor.role is Role.SHOPPER or (store_id is None and region_id is None):
        return True
    if actor.role is Role.LEAD:
        return region_id is not None and region_id in actor.regions
    return store_id is not None and store_id in actor.stores
