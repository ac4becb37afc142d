"""All tables, importable from one place; one file per aggregate."""

from auditapp.db.schema.base import Base, UTCDateTime, new_public_id
from auditapp.db.schema.chain import Chain, Region, Store
from auditapp.db.schema.figures import QuestionMonth, RegionPeriod, StoreMonth, StorePeriod
from auditapp.db.schema.jobs import Job
from auditapp.db.schema.people import AccountLink, AuditEvent, SignIn, Throttle, User, UserRegion, UserStore
from auditapp.db.schema.programme import Assignment, AssignmentShopper, ChecklistVersion, Wave
from auditapp.db.schema.visits import (
    AnswerField,
    AnswerWrite,
    Outcome,
    Photo,
    ReviewEvent,
    Score,
    Scorecard,
    Visit,
)

__all__ = [
    "AccountLink",
    "AnswerField",
    "AnswerWrite",
    "Assignment",
    "AssignmentShopper",
    "AuditEvent",
    "Base",
    "Chain",
    "ChecklistVersion",
    "Job",
    "Outcome",
    "Photo",
    "QuestionMonth",
    "Region",
    "RegionPeriod",
    "ReviewEvent",
    "Score",
    "Scorecard",
    "SignIn",
    "Store",
    "StoreMonth",
    "StorePeriod",
    "Throttle",
    "UTCDateTime",
    "User",
    "UserRegion",
    "UserStore",
    "Visit",
    "Wave",
    "new_public_id",
]
