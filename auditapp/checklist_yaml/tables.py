"""Format 1 of the checklist file, as tables: what the reader accepts and what the JSON Schema says."""

from __future__ import annotations

from fractions import Fraction

from auditapp.checklist_yaml.scalars import LANGUAGE, Bound, Flag, Number, OneOf, Schema, Whole, Word, Words
from auditapp.checklist_yaml.shapes import Either, Entries, Field, Items, Record
from auditapp.domain.checklist import (
    BOUNDED_TYPES,
    CriticalEffect,
    EvidenceRule,
    Factor,
    Method,
    QuestionType,
    ScoringMode,
)

STAGES = ("acquaint", "motivate", "choose", "pay")
WITH_OPTIONS = (QuestionType.CHOICE, QuestionType.MULTI)
WITH_BOUNDS = tuple(kind for kind in QuestionType if kind in BOUNDED_TYPES)

_KEY = Word(r"[A-Za-z0-9_-]{1,64}", "letters, digits, _ and -, at most 64")
_ANSWER = Word(r"[A-Za-z0-9_-]{1,64}", "an answer of that question, or na", numbers=True)
_PERCENT = Number(0, 100)
_VALUE = Number(-1_000_000, 1_000_000)
_RULE = OneOf.members(EvidenceRule)
_METHOD = OneOf.members(Method)
_FACTOR = OneOf.members(Factor)

_OPTION = Record(
    "option",
    {
        "text": Field(Words(), "the option's words, by language.", required=True),
        "value": Field(_VALUE, "what choosing it is worth; may be negative. Needed where the weight is above 0."),
    },
)
_CONDITION = Record(
    "condition",
    {
        "question": Field(_KEY, "the key of an earlier question.", required=True),
        "in": Field(Items(_ANSWER, distinct=True), "the answers that make it true.", required=True),
    },
)
_SHOW_IF = Either(
    (
        _CONDITION,
        Record("show_if", {"all": Field(Items(_CONDITION), "conditions that all must hold.", required=True)}),
        Record("show_if", {"any": Field(Items(_CONDITION), "conditions of which one must hold.", required=True)}),
    )
)
_CRITICAL = Either(
    (Record("critical", {"cap": Field(_PERCENT, "the highest total that is left, 0 to 100.", required=True)}),),
    OneOf.members((CriticalEffect.FAIL, CriticalEffect.FACTOR_ZERO)),
)
_EVIDENCE = Record(
    "evidence",
    {
        "photo": Field(_RULE, "when a photo belongs to the answer.", default=EvidenceRule.OPTIONAL),
        "note": Field(_RULE, "when a note belongs to the answer.", default=EvidenceRule.OPTIONAL),
        "note_min": Field(Whole(0, 4000), "the least number of characters of a needed note.", default=0),
    },
)
_ACTION = Record(
    "action",
    {
        "owner": Field(Word(r"[a-z][a-z0-9_]{0,63}", "a role such as store_manager"), "who acts.", required=True),
        "due_days": Field(Whole(0, 3650), "within how many days.", required=True),
    },
)
QUESTION = Record(
    "question",
    {
        "key": Field(_KEY, "letters, digits, _ and -; unique in the file, stable over versions.", required=True),
        "factor": Field(_FACTOR, "the one factor it belongs to.", required=True),
        "text": Field(Words(), "the question's words, by language.", required=True),
        "hint": Field(Words(), "help under the question.", default={}),
        "type": Field(OneOf.members(QuestionType), "the kind of answer.", required=True),
        "points": Field(Whole(3, 10), "steps of the scale, 3 to 10.", types=("scale",), needed=("scale",), default=0),
        "labels": Field(Items(Words()), "the words of the steps, one for each.", types=("scale",), default=[]),
        "options": Field(
            Entries(_KEY, _OPTION),
            "the options by key, each with a text and a value.",
            types=WITH_OPTIONS,
            needed=WITH_OPTIONS,
        ),
        "upto": Field(
            Entries(Bound(), Number(0, 1_000_000)),
            "values by bound: the first bound that the answer does not exceed counts.",
            types=WITH_BOUNDS,
        ),
        "weight": Field(Number(0), "points at stake; 0 = information only.", default=Fraction(0)),
        "required": Field(Flag(), "false only at weight 0.", default=True),
        "na": Field(Flag(), "whether N/A is an answer.", default=False),
        "asked_of": Field(_METHOD, "the method that asks it.", default=Method.BOTH),
        "critical": Field(_CRITICAL, "what the worst answer does to the visit."),
        "critical_on": Field(OneOf.words("worst", "any_miss"), "which answers fire the critical.", default="worst"),
        "bonus": Field(Flag(), "whether it only ever adds.", default=False),
        "evidence": Field(_EVIDENCE, "photo and note."),
        "reasons": Field(Entries(_KEY, Words()), "one-tap reasons after a failed answer."),
        "show_if": Field(_SHOW_IF, "when the question is asked."),
        "stage": Field(OneOf.words(*STAGES), "operation of selling."),
        "trait": Field(Word(r"\S(.{0,62}\S)?", "a word, at most 64 characters"), "trait of good service."),
        "standard": Field(Words(), "the text of the standard behind the question.", default={}),
        "action": Field(_ACTION, "what a failed answer proposes."),
    },
)
_SECTION = Record(
    "section",
    {
        "key": Field(_KEY, "letters, digits, _ and -; unique in the file.", required=True),
        "title": Field(Words(), "its name, by language.", required=True),
        "questions": Field(Items(QUESTION), "its questions in order.", required=True),
    },
)
_BAND = Word(r"\S{1,16}", "a short name without spaces")
_SCORING = Record(
    "scoring",
    {
        "mode": Field(OneOf.members(ScoringMode), "how factors make the total.", default=ScoringMode.FACTOR),
        "weights": Field(Entries(_FACTOR, Number(0)), "the weight of each factor.", required=True),
        "pass_mark": Field(_PERCENT, "the least total that passes, 0 to 100.", required=True),
        "targets": Field(
            Entries(OneOf.words("total", *Factor), _PERCENT),
            "what total and factors are held against.",
        ),
        "gates": Field(Entries(_FACTOR, _PERCENT), "the least score of a factor, below which the visit fails."),
        "bands": Field(Entries(_BAND, _PERCENT), "lower bounds, descending to 0.", required=True),
        "band_names": Field(Entries(_BAND, Words()), "the words of the bands."),
    },
)
LANGUAGES = Items(Word(LANGUAGE, "a language code such as en, ko or zh_Hant"), distinct=True)
CHECKLIST = Record(
    "checklist",
    {
        "format": Field(Whole(1, 1), "1.", required=True),
        "key": Field(
            Word(r"[a-z0-9-]{1,64}", "a-z, 0-9 and -, at most 64"), "the file's name without .yaml.", required=True
        ),
        "version": Field(Whole(1, 1_000_000), "a whole number, raised for every change.", required=True),
        "title": Field(Words(), "its name, by language.", required=True),
        "languages": Field(LANGUAGES, "language codes; the first is the fallback.", required=True),
        "method": Field(_METHOD, "secret visit, announced audit, or both.", required=True),
        "minutes": Field(Whole(1, 1440), "the planned longest stay.", required=True),
        "brief": Field(Words(), "what to do, in a few lines.", default={}),
        "scoring": Field(_SCORING, "how answers become a verdict.", required=True),
        "sections": Field(Items(_SECTION), "the walk through the shop.", required=True),
    },
)


def json_schema() -> Schema:
    """JSON Schema (2020-12) of the format, for editors. What spans several keys only the reader checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Checklist, format 1",
        **CHECKLIST.schema(),
    }
