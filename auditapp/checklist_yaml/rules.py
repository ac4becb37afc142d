"""What the tables can't say: the rules of the format that span several keys of a checklist file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import PurePath

from auditapp.checklist_yaml import nodes
from auditapp.checklist_yaml.make import answering
from auditapp.checklist_yaml.nodes import Log, Node, Scalar, shown
from auditapp.checklist_yaml.scalars import did_you_mean
from auditapp.checklist_yaml.shapes import Rec
from auditapp.checklist_yaml.tables import QUESTION
from auditapp.domain.answers import answer_words, best_value
from auditapp.domain.checklist import CONDITION_TYPES, NA, SCORED_TYPES, QuestionType
from auditapp.domain.scoring import FAILED_BAND


@dataclass(frozen=True, slots=True)
class _Parent:
    """A question to which later ones may refer. ``words`` are its answers in order; the values mean nothing."""

    key: str
    type: QuestionType | None
    words: Mapping[str, None]


def check(root: Rec, log: Log) -> None:
    """Notes every broken rule. Where the tables found a problem before, the rules keep quiet."""
    _check_name(root, log)
    if root["scoring"]:
        _check_bands(root["scoring"], log)
        _check_weights(root["scoring"], log)
    sections = [section for section in root["sections"] or () if section]
    _check_unique(sections, "section", log)
    questions = list(questions_of(root))
    _check_unique(questions, "question", log)
    earlier: dict[str, _Parent] = {}
    keys = {question["key"] for question in questions}
    for question in questions:
        _check_question(question, log)
        _check_show_if(question, earlier, keys, log)
        if question["key"]:
            words = answer_words(answering(question)) if question["type"] in CONDITION_TYPES else ()
            earlier[question["key"]] = _Parent(question["key"], question["type"], dict.fromkeys(words))


def questions_of(root: Rec) -> Iterator[Rec]:
    """The questions that could be read, in file order."""
    for section in root["sections"] or ():
        yield from (question for question in (section and section["questions"]) or () if question)


def _check_name(root: Rec, log: Log) -> None:
    name = PurePath(log.file)
    if root["key"] and name.suffix in (".yaml", ".yml") and root["key"] != name.stem:
        log.error(
            root.place("key"),
            f"The key {shown(root['key'])} is not the file's name. Write {name.stem}, or rename the file.",
        )


def _check_unique(records: list[Rec], noun: str, log: Log) -> None:
    seen: dict[str, Node] = {}
    for key, place in ((rec["key"], rec.place("key")) for rec in records if rec["key"]):
        if key in seen:
            line = seen[key].place.line
            log.error(place, f"The {noun} key {shown(key)} stands in line {line} already. Give each its own.")
        seen.setdefault(key, place)


def _check_weights(scoring: Rec, log: Log) -> None:
    weights: Rec | None = scoring["weights"]
    if weights and weights.values and weights.is_whole() and not any(weights.values.values()):
        log.error(weights.node, "All factor weights are 0. Give at least one factor a weight above 0.")


def _check_bands(scoring: Rec, log: Log) -> None:
    if not scoring["bands"]:
        return
    bands: Mapping[str, Fraction] = scoring["bands"].sound()
    if FAILED_BAND in bands:
        place = scoring["bands"].place(FAILED_BAND)
        log.error(place, f"The band {FAILED_BAND} is kept for failed criticals. Give this band another name.")
    for (upper, high), (lower, low) in pairwise(bands.items()):
        if low >= high:
            place = scoring["bands"].place(lower)
            log.error(place, f"Bands descend, but {lower} begins no lower than {upper}. Put the best band first.")
    if bands and list(bands.values())[-1] != 0 and scoring["bands"].is_whole():
        last = list(bands)[-1]
        log.error(scoring["bands"].place(last), f"The last band begins at 0. Write {last}: 0, or add a band.")
    names = scoring["band_names"].at if scoring["band_names"] else {}
    for name in names.keys() - bands.keys() - {FAILED_BAND}:
        known = did_you_mean(name, bands) or f"There are: {', '.join(bands)}."
        log.error(names[name], f"There is no band {shown(name)}. {known}")


def _check_question(question: Rec, log: Log) -> None:
    kind, weight = question["type"], question["weight"]
    if kind:
        _check_type(question, kind, log)
    if weight and kind:
        _check_scored(question, kind, log)
    if weight == 0:
        for name in ("critical", "bonus"):
            if question[name]:
                log.error(question.place(name), f"A {name} question needs a weight above 0. Add `weight: 1`.")
    if question["critical"] and question["bonus"]:
        log.error(question.place("bonus"), "A question is critical or bonus, not both. Delete one of the two.")
    if "critical_on" in question.at and "critical" not in question.at:
        log.error(question.place("critical_on"), "`critical_on` needs `critical`. Add it, or delete this.")


def _check_type(question: Rec, kind: QuestionType, log: Log) -> None:
    for name, field in QUESTION.fields.items():
        if field.types and name in question.at and kind not in field.types:
            homes = ", ".join(field.types)
            log.error(question.place(name), f"`{name}` belongs to the type {homes}, not to {kind}. Delete it.")
        if kind in field.needed and name not in question.at:
            log.error(question.node, f"A {kind} question needs `{name}`: {field.doc}")
    if question["options"] and NA in question["options"].at:
        log.error(question["options"].place(NA), "An option can't be called na. Write `na: true` for N/A.")
    if question["labels"] and question["points"] and len(question["labels"]) != question["points"]:
        count, steps = len(question["labels"]), question["points"]
        log.error(question.place("labels"), f"There are {count} labels for {steps} points. Give one for each.")
    if question["upto"] and kind is not QuestionType.NUMBER:
        for bound in question["upto"].values:
            if bound < 0:
                log.error(question["upto"].place(bound), f"A {kind} answer is never below 0. Delete this bound.")


def _check_scored(question: Rec, kind: QuestionType, log: Log) -> None:
    if kind not in SCORED_TYPES:
        log.error(question.place("weight"), f"A {kind} answer can't be scored. Delete the weight, or set it to 0.")
        return
    if question["required"] is False:
        log.error(question.place("required"), "Only a question of weight 0 may be left out. Delete this.")
    for option in question["options"].sound().values() if question["options"] else ():
        if "value" not in option.at:
            log.error(option.node, "An option of a scored question needs `value`: what choosing it is worth.")
    known = answering(question)
    if kind in CONDITION_TYPES and not answer_words(known):
        return
    if best_value(known) <= 0 and not _has_hole(question):
        right = "Give an option a value above 0." if known.options else "Add `upto` with a value above 0."
        log.error(question.place("options" if known.options else "upto"), f"No answer earns anything. {right}")


def _has_hole(question: Rec) -> bool:
    """Whether the values that answers earn could not all be read."""
    options = question["options"].sound().values() if question["options"] else ()
    parts: list[Rec | None] = [question[name] for name in ("options", "upto") if name in question.at]
    unread = any(part is None or not part.is_whole() for part in parts)
    return unread or any(option["value"] is None for option in options)


def _check_show_if(question: Rec, earlier: Mapping[str, _Parent], keys: set[str], log: Log) -> None:
    for condition in conditions_of(question):
        key = condition["question"]
        place = condition.place("question")
        if key is None:
            continue
        if key not in earlier:
            if key in keys:
                log.error(place, f"{shown(key)} is not asked before this question. Refer to an earlier one.")
            else:
                hint = did_you_mean(key, earlier) or "Refer to an earlier question by its key."
                log.error(place, f"There is no question {shown(key)} before this one. {hint}")
        else:
            _check_condition(condition, earlier[key], log)


def _check_condition(condition: Rec, parent: _Parent, log: Log) -> None:
    if parent.type is not None and parent.type not in CONDITION_TYPES:
        kinds = ", ".join(kind for kind in QuestionType if kind in CONDITION_TYPES)
        log.error(
            condition.place("question"),
            f"{shown(parent.key)} is of type {parent.type}. A condition needs one of: {kinds}.",
        )
        return
    values = condition.at.get("in")
    for value in values.items if parent.words and isinstance(values, nodes.Sequence) else ():
        if isinstance(value, Scalar) and value.text not in parent.words and value.text != NA:
            some = ", ".join([*islice(parent.words, 20), NA])
            right = did_you_mean(value.text, parent.words) or f"Write one of: {some}."
            log.error(value, f"{shown(value.text)} is no answer of {shown(parent.key)}. {right}")


def conditions_of(question: Rec) -> list[Rec]:
    """The conditions of a question's show_if that could be read."""
    show_if: Rec | None = question["show_if"]
    if show_if is None:
        return []
    if "question" in show_if.values:
        return [show_if]
    found = show_if["all"] if "all" in show_if.values else show_if["any"]
    return [condition for condition in found or () if condition]
