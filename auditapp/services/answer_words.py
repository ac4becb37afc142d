"""An answer in the words of its checklist, for reviewers, stores and shoppers alike."""

from __future__ import annotations

from fractions import Fraction

from auditapp import i18n
from auditapp.domain.answers import AnswerValue, exact_text
from auditapp.domain.checklist import NA, Checklist, Question, QuestionType
from auditapp.i18n import N_

WORDS = {"yes": N_("Yes"), "partly": N_("Partly"), "no": N_("No"), NA: N_("N/A")}
NA_WORDS = {
    "does_not_apply": N_("Does not apply"),
    "could_not_be_checked": N_("Could not be checked"),
    "not_safe": N_("Not safe to check"),
}


def answer_words(checklist: Checklist, question: Question, value: AnswerValue | None, language: str) -> str:
    """``value`` as a reader of ``language`` sees it; "–" where there is no answer."""
    say = i18n.translations(language).gettext
    if value is None:
        return "–"
    if isinstance(value, Fraction):
        return _number(checklist, question, value, language)
    chosen = (value,) if isinstance(value, str) else value
    texts = {option.key: checklist.say(option.text, language) for option in question.options}
    return ", ".join(
        say(WORDS[word]) if word in WORDS and word not in texts else texts.get(word, word) for word in chosen
    )


def _number(checklist: Checklist, question: Question, value: Fraction, language: str) -> str:
    say = i18n.translations(language).gettext
    if question.type is QuestionType.SCALE:
        place = say(N_("%(step)s of %(points)s")) % {"step": exact_text(value), "points": question.points}
        if question.labels:
            return f"{checklist.say(question.labels[int(value) - 1], language)} ({place})"
        return place
    if question.type is QuestionType.MINUTES:
        return say(N_("%(minutes)s min")) % {"minutes": exact_text(value)}
    return exact_text(value)


def reason_words(checklist: Checklist, question: Question, keys: tuple[str, ...], language: str) -> list[str]:
    """The one-tap reasons picked, in words."""
    return [checklist.say(question.reasons[key], language) for key in keys if key in question.reasons]
