"""Texts in the reader's language."""

from __future__ import annotations

from auditapp.i18n import sentences


def test_sentences_stand_apart_and_those_of_chinese_do_not() -> None:
    assert sentences(["One visit.", "One snapshot."]) == "One visit. One snapshot."
    assert sentences(["只有一次訪查。", "僅供參考。"]) == "只有一次訪查。僅供參考。"
    assert sentences([]) == ""


def test_sentences_are_escaped() -> None:
    assert sentences(["Milk & eggs.", "<b>Fresh.</b>"]) == "Milk &amp; eggs. &lt;b&gt;Fresh.&lt;/b&gt;"
