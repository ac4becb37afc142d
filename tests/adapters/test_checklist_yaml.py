"""Checklist files: what is read, and what of YAML is refused; nothing else can happen, whatever the file."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditapp.checklist_yaml import canonical, from_canonical, load, loads, nodes
from auditapp.domain.checklist import (
    Action,
    Checklist,
    Condition,
    Critical,
    CriticalEffect,
    Evidence,
    EvidenceRule,
    Factor,
    Method,
    Question,
    QuestionType,
    ScoringMode,
    ShowIf,
)
from auditapp.domain.errors import ChecklistProblem
from tests.adapters.checklist_files import (
    FULL,
    HEAD,
    file_of,
    problems_in,
    question_in,
)


def test_every_key_of_the_format_is_read() -> None:
    made, _ = loads(FULL, "full.yaml")
    assert (made.key, made.version, made.minutes, made.method) == ("full", 12, 35, Method.BOTH)
    assert list(made.title.items()) == [("en", "Visit"), ("ko", "방문"), ("zh_Hant", "訪查")]
    assert made.brief["en"] == "Look, ask, buy."
    rules = made.scoring
    assert (rules.mode, rules.pass_mark, rules.gates) == (ScoringMode.POOLED, Fraction("79.95"), {Factor.RUL: 70})
    assert list(rules.weights.items()) == [(Factor.RNG, 20), (Factor.RUL, Fraction("15.5"))]
    assert list(rules.targets.items()) == [("total", 85), ("STF", 90)]
    assert rules.bands == (("A+", 90), ("B", Fraction("80.5")), ("D", 0))
    assert rules.band_names == {"D": {"en": "Below"}, "F": {"en": "Failed"}}
    assert made.questions[0] == Question(
        key="Q-1",
        factor=Factor.RUL,
        text={"en": "Were you asked?", "ko": "질문", "zh_Hant": "問"},
        type=QuestionType.YES_PARTLY_NO,
        hint={"en": "no"},
        weight=Fraction(3),
        na=True,
        asked_of=Method.MYSTERY,
        critical=Critical(CriticalEffect.CAP, Fraction("69.5"), on_any_miss=True),
        evidence=Evidence(EvidenceRule.ON_FAIL, EvidenceRule.REQUIRED, 20),
        reasons={"not_asked": {"en": "Not asked"}, "late": {"en": "Asked late"}},
        stage="pay",
        trait="courtesy",
        standard={"en": "Staff ask."},
        action=Action("store_manager", 2),
    )
    scale, multi, minutes, text, choice = made.questions[1:]
    assert (scale.points, len(scale.labels), scale.weight) == (3, 3, Fraction(1, 2))
    assert scale.critical == Critical(CriticalEffect.FACTOR_ZERO)
    assert scale.show_if == ShowIf((Condition("Q-1", ("yes", "na")),))
    assert [(option.key, option.value) for option in multi.options] == [("z", -1), ("a", 2)]
    assert multi.bonus
    assert multi.show_if == ShowIf((Condition("Q-2", ("1", "2")), Condition("Q-1", ("no",))), any_of=True)
    assert minutes.upto == ((Fraction("3.5"), 1), (6, Fraction(1, 2)))
    assert minutes.show_if == ShowIf((Condition("Q-3", ("z",)),))
    assert text == Question("Q-5", Factor.RNG, {"en": "Free"}, QuestionType.TEXT, required=False)
    assert [(option.key, option.value) for option in choice.options] == [("cash", 0), ("1", 0)]


def test_yes_no_and_on_mean_themselves() -> None:
    made, _ = loads(
        file_of("type: choice, weight: 1, options: {yes: {text: {en: on}, value: 1}, no: {text: {en: off}, value: 0}}"),
        "x",
    )
    assert [(option.key, option.text["en"]) for option in made.questions[0].options] == [("yes", "on"), ("no", "off")]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    text = file_of("type: yes_no, weight: 1")
    expected = loads(text, "shop.yaml")[0]
    assert loads(("\ufeff" + text.replace("\n", "\r\n")).encode(), "shop.yaml")[0] == expected


@pytest.mark.parametrize("kind", [kind for kind in QuestionType if kind not in ("scale", "choice", "multi")])
def test_types_without_further_keys_need_none(kind: QuestionType) -> None:
    assert question_in(f"type: {kind}").type is kind


def test_every_problem_is_found_at_once() -> None:
    text = file_of(
        "type: yesno, weight: 1", "type: yes_no, wieght: 1", head=HEAD.replace("80", "800").replace("both", "bth")
    )
    assert [line.split()[0] for line in problems_in(text)] == ["6:9", "10:14", "16:65", "17:73"]


def test_a_file_is_read_from_disk_and_its_name_is_its_key(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(file_of("type: yes_no, weight: 1"), encoding="utf-8")
    assert load(path)[0].key == "shop"
    path.rename(tmp_path / "store.yaml")
    with pytest.raises(ChecklistProblem, match=r"store.yaml:2:6: error: .*'shop' is not the file's name. Write store"):
        load(tmp_path / "store.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "", "nul\0.yaml"])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(ChecklistProblem, match=r"can't be read: .*Check its name"):
        load(tmp_path / name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (HEAD.replace("version: 3", "version: 3\nversion: 3"), "4:1 The key 'version' stands here twice"),
        (HEAD.replace("{en: Till}", "{en: Till, 'en': Till}"), "14:23 The key 'en' stands here twice"),
        (HEAD.replace("key: shop", "key: &a shop"), "2:6 The anchor &a"),
        (HEAD.replace("key: shop", "key: *a"), "2:6 The alias *a"),
        (HEAD.replace("key: shop", "key: !!str shop"), "2:6 The tag tag:yaml.org,2002:str"),
        (HEAD.replace("key: shop", "key: !x shop"), "2:6 The tag !x"),
        (HEAD.replace("{en: Till}", "{<<: {en: Till}}"), "14:13 The merge key <<"),
        (HEAD.replace("{en: Till}", "{[en]: Till}"), "14:13 A list or a mapping can't be a key"),
        (HEAD.replace("{en: Till}", "{? {en: x} : Till}"), "14:15 A list or a mapping can't be a key"),
        (HEAD + "      - {}\n---\nformat: 1\n", "17:1 A second document begins here"),
        ("%TAG !e! tag:example.org:\n---\n" + HEAD, "Tags are not part of the format"),
        (HEAD.replace("shop", '"sh\\0op"'), "2:6 The character U+0000"),
        (HEAD.replace("shop", "sh\0op"), "2:8 The character U+0000"),
        (HEAD.replace("shop", "sh\ud800op"), "2:8 The character U+D800"),
        (HEAD.replace("shop", "sh\x07op"), "2:8 The character U+0007"),
        (HEAD.replace("{en: Till}", "{en: Till"), "This is not YAML"),
        (HEAD.replace("    title", "\ttitle"), "This is not YAML"),
        ("%YAML 3.0\n---\n" + HEAD, "This is not YAML"),
        ("", "1:1 The file is empty"),
        ("# only a remark\n", "1:1 The file is empty"),
        ("[" * 100_000, "1:21 This is nested too deeply"),
        ("{a: " * 100_000, "This is nested too deeply"),
        ("- " * 100_000, "1:41 This is nested too deeply"),
        ("[]", "1:1 A checklist belongs here"),
        ("hello", "1:1 A checklist belongs here"),
        ("x: " + "y" * 1_000_000, "1:1 The file is larger than 1 MB"),
        ("x: " + "字" * 400_000, "1:1 The file is larger than 1 MB"),
    ],
)
def test_what_surprises_people_in_yaml_is_refused(wrong: str, message: str) -> None:
    assert any(message in line for line in problems_in(wrong))


def test_bytes_that_are_not_utf_8_are_located() -> None:
    assert problems_in("a: ü\nb: ü".encode() + b"\xff")[0].startswith("2:5 This is not UTF-8")


def test_a_flood_of_problems_is_cut_at_a_hundred() -> None:
    assert len(problems_in("".join(f"k{n}: 1\n" for n in range(50_000)))) == 100


MUTATIONS = [
    *("", "\t", "&a ", "*a", "<<: ", "!!int ", "- ", "{", "}", "[", "]", ": ", "#", '"', "'", "|", ">", "? ", "%", ","),
    *("\n", "---\n", "...\n", "\0", "\u2028", "\ufeff", "\x85", "\\", "😀"),
    *("-1", "1e9", "0", "~", "null", "true", "yes", "na"),
]


def comes_out_right(data: str | bytes) -> None:
    try:
        made, warnings = loads(data, "full.yaml")
    except ChecklistProblem as refused:
        str(refused).encode("utf-8")
    else:
        assert isinstance(made, Checklist)
        assert from_canonical(canonical(made)) == made
        assert all(problem.warning for problem in warnings)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_give_a_checklist_or_problems(data: str | bytes) -> None:
    comes_out_right(data)


@given(st.data())
def test_any_damaged_file_gives_a_checklist_or_problems(data: st.DataObject) -> None:
    text = FULL
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.sampled_from((start, start + 1, start + 5, start + 60)))
        text = text[:start] + data.draw(st.sampled_from(MUTATIONS) | st.text(max_size=3)) + text[end:]
    comes_out_right(text)


def nested(value: Any, rng: random.Random) -> Any:
    """``value`` with one part of it replaced by something of another kind."""
    if rng.random() < 0.2 or not isinstance(value, dict | list) or not value:
        return rng.choice([[], {}, "x", "-1", "0", [[]], {"a": []}, {"en": "x"}, "yes", [{}], {"question": "Q-1"}])
    keys = list(value) if isinstance(value, dict) else range(len(value))
    copy = value.copy()
    where = rng.choice(list(keys))
    copy[where] = nested(value[where], rng)
    return copy


@given(st.randoms(use_true_random=False))
def test_any_file_with_a_part_of_the_wrong_shape_gives_a_checklist_or_problems(rng: random.Random) -> None:
    value = yaml.load(FULL, Loader=yaml.BaseLoader)  # noqa: S506 - makes text only
    for _ in range(rng.randint(1, 3)):
        value = nested(value, rng)
    comes_out_right(yaml.safe_dump(value, allow_unicode=True, sort_keys=False))


def test_the_reader_is_the_same_without_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = loads(FULL, "full.yaml")
    monkeypatch.setattr(nodes, "_LOADER", yaml.SafeLoader)
    assert loads(FULL, "full.yaml") == expected
    assert "This is nested too deeply" in problems_in("[" * 100_000)[0]
    assert "This is not YAML" in problems_in('"\\Uffffffff"')[0]
