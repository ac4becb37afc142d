"""The scorecard: the right figures, sentences made from them, and nothing that leads to the shopper."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
import segno
from pypdf import PdfReader
from pypdf.generic import StreamObject
from sqlalchemy import delete, select

from auditapp.db.schema import Job, Scorecard, StoreMonth, User, Visit
from auditapp.domain.errors import NotFound
from auditapp.domain.roles import Actor
from auditapp.services import scorecards
from auditapp.services.context import Context
from auditapp.services.scorecards.build import qr
from auditapp.services.scorecards.paper import DamagedFile
from auditapp.services.scorecards.view import Scorecard as View
from tests.conftest import Clock
from tests.factories import GOOD, make_published_visit
from tests.scorecard_world import NOTE, Shop, make_shop, tri_lingual


@pytest.fixture
def shop(context: Context) -> Shop:
    return make_shop(context)


def card(context: Context, shop: Shop, who: Actor | None = None) -> View:
    return scorecards.show(context, who or shop.world.manager, shop.public_id)


def set_state(context: Context, shop: Shop, state: str) -> None:
    with context.write() as session:
        session.get_one(Visit, shop.visit).state = state


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def every_stream(reader: PdfReader) -> bytes:
    """All unpacked streams of a PDF: pages, fonts, metadata, pictures."""
    objects = (reader.get_object(number) for number in range(1, int(reader.trailer["/Size"])))
    return b"\n".join(one.get_data() for one in objects if isinstance(one, StreamObject))


def test_the_score_has_one_decimal_and_stands_beside_target_and_last_visit(context: Context, shop: Shop) -> None:
    shown = card(context, shop)
    # RNG 100·1/3, STF 100, RUL 100·1/4; weights 20, 40, 40: 56.67, and the cap of 69 changes nothing
    assert (shown.score, shown.target, shown.previous) == ("56.7", "80.0", "90.0")
    assert [(row.name, row.shown, row.mark) for row in shown.factors.rows] == [
        ("Assortment", "33.3", "below"),
        ("Staff", "100.0", "met"),
        ("Trading rules", "25.0", "critical"),
    ]
    assert [(row.change, row.lost) for row in shown.factors.rows] == [
        ("−66.7", "13.3"), ("+25.0", "0.0"), ("−75.0", "30.0"),
    ]  # fmt: skip


def test_a_failed_critical_is_the_verdict_and_the_sentence(context: Context, shop: Shop) -> None:
    shown = card(context, shop)
    assert shown.headline == "Staff meets its target, but a critical standard failed: “Ask every time.”"
    assert shown.support[0] == "A failed critical standard holds the score at 69 or less."
    assert [rung.name for rung in shown.ladder if rung.active] == ["Needs action"]
    assert [(rung.name, rung.span) for rung in shown.ladder] == [
        ("Needs action", "a critical standard failed"),
        ("Below standard", "under 70"),
        ("Nearly there", "70 to 79.9"),
        ("Good", "80 to 89.9"),
        ("Excellent", "90 and over"),
    ]


def test_without_a_critical_the_band_of_the_number_is_the_verdict(context: Context) -> None:
    shop = make_shop(context, answers={"S-STF-1": "no"})
    shown = card(context, shop)
    assert [rung.name for rung in shown.ladder if rung.active] == ["Below standard"]
    assert shown.headline.startswith("Assortment and Trading rules meet their targets; the costliest miss:")
    assert shown.support[0].startswith("Staff explains most of the fall from 90.0 to 60.0")


def test_a_perfect_visit_says_so_and_has_nothing_to_fix(context: Context) -> None:
    shown = card(context, make_shop(context, answers={}))
    assert shown.headline == "Every standard that was checked was fully kept."
    assert (shown.fix_first, shown.failures.items) == ((), ())
    assert shown.score == "100.0"


def test_the_first_visit_has_no_change_to_show(context: Context) -> None:
    shown = card(context, make_shop(context, before=0))
    assert shown.previous is None
    assert "first published visit" in shown.support[1]
    assert {row.change for row in shown.factors.rows} == {"–"}


def test_a_change_is_called_chance_only_within_what_two_visits_differ_by(context: Context) -> None:
    # pairs of visits to the neighbours: 100.0 and 96.7, 96.7 and 93.3, 93.3 twice; so MSW 3.742, and 1.96·√2·SD 5.4
    small = make_shop(context, answers={"S-STF-2": 3, "S-RNG-2": 4})
    assert card(context, small).score == "86.7"
    assert card(context, small).support[-1] == (
        "Two single visits to an unchanged store differ by up to 5.4 points, so this may be chance."
    )


def test_a_larger_change_is_called_more_than_chance(context: Context, shop: Shop) -> None:
    assert card(context, shop).support[-1] == (
        "Two single visits to an unchanged store differ by up to 5.4 points, so this is more than chance."
    )


def test_fix_first_puts_criticals_before_points_and_counts_days_from_release(context: Context, shop: Shop) -> None:
    fixes = card(context, shop).fix_first
    assert [(fix.title, fix.points, fix.critical, fix.due) for fix in fixes] == [
        ("Ask every time.", "30.0", True, "by 23 September"),
        ("Was bread on the shelf?", "13.3", False, ""),
    ]
    assert fixes[1].seen == "Empty shelf"


def test_keep_doing_names_the_heaviest_kept_standards(context: Context, shop: Shop) -> None:
    assert card(context, shop).keep_doing == ("Was help offered?", "Was the help exact?")


def test_region_medians_are_of_store_means(context: Context, shop: Shop) -> None:
    rows = {row.name: row for row in card(context, shop).factors.rows}
    # store means of Assortment: 91.65, 75.0, 66.7 and Harbour Street's 33.3
    assert rows["Assortment"].region_median == "70.9"


def test_a_median_of_fewer_than_four_stores_is_not_told(context: Context, shop: Shop) -> None:
    """With two stores a manager could work out the other one's mean."""
    with context.write() as session:
        others = select(StoreMonth.store_id).where(StoreMonth.store_id != shop.world.store)
        neighbour = session.scalars(others).first()
        session.execute(delete(StoreMonth).where(StoreMonth.store_id == neighbour))
    rows = {row.name: row for row in card(context, shop).factors.rows}
    assert rows["Assortment"].region_median == "–"


def test_the_trend_ends_with_this_visit_and_names_its_place(context: Context, shop: Shop) -> None:
    trend = card(context, shop).trend
    assert [point.shown for point in trend.points] == ["90.0", "100.0", "90.0", "100.0", "90.0", "56.7"]
    assert trend.title == "56.7 is the lowest of the last 6 visits"
    assert trend.middle is not None
    assert trend.middle[0] < trend.middle[1]


def test_a_later_visit_does_not_change_an_earlier_scorecard(context: Context, shop: Shop, clock: Clock) -> None:
    before = card(context, shop)
    with context.write() as session:
        later = make_published_visit(session, shop.world, checklist=tri_lingual())
        later.published_at = clock.forward(days=30)
    assert card(context, shop).trend == before.trend


def test_visits_of_the_other_method_are_never_mixed_in(context: Context, shop: Shop) -> None:
    with context.write() as session:
        for visit in session.scalars(select(Visit).where(Visit.store_id == shop.world.store, Visit.id != shop.visit)):
            visit.method = "observation"
    shown = card(context, shop)
    assert (shown.previous, len(shown.trend.points)) == (None, 1)
    series = scorecards.history(context, shop.world.manager, shown.store_id).series
    assert [len(one.visits) for one in series] == [1, 5]


def test_failed_standards_say_what_was_seen_and_how_often(context: Context, shop: Shop) -> None:
    first, second = card(context, shop).failures.items
    assert (first.critical, first.note, first.squares) == (True, NOTE, ("passed", "passed", "passed", "failed"))
    assert first.times == "failed 1 of the last 4 times it was checked"
    assert (second.reasons, second.share) == (("Empty shelf",), 444)
    assert card(context, shop).failures.title == "2 of 6 standards failed. They cost 43.3 points."


def test_clock_times_receipts_and_free_texts_are_kept_from_the_store(context: Context, shop: Shop) -> None:
    shown = card(context, shop)
    assert "14:26" not in repr(shown)
    assert "Picture of the receipt" not in " ".join(line.question for part in shown.answers for line in part.lines)
    assert shown.withheld.startswith("3 answers are for the reviewer only")
    with pytest.raises(NotFound):
        scorecards.photo_of(context, shop.world.manager, shop.public_id, shop.photos["S-PIC-1"])


def test_the_week_and_part_of_the_day_are_all_that_is_told_of_the_time(context: Context, shop: Shop) -> None:
    assert card(context, shop).identity == (
        "Store 0417",
        "North",
        "mystery visit 1 in Q3 2026",
        "week of 14 September 2026, afternoon",
    )


@pytest.mark.parametrize("who", ["other_manager", "other_lead", "shopper", "other_shopper"])
def test_outsiders_learn_nothing_not_even_that_it_exists(context: Context, shop: Shop, who: str) -> None:
    outsider = getattr(shop.world, who)
    for call in (
        lambda: scorecards.show(context, outsider, shop.public_id),
        lambda: scorecards.pdf_of(context, outsider, shop.public_id),
        lambda: scorecards.photo_of(context, outsider, shop.public_id, shop.photos["S-RNG-1"]),
        lambda: scorecards.show(context, outsider, "0" * 32),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert str(caught.value) == NotFound.message


@pytest.mark.parametrize("who", ["manager", "lead", "reviewer", "admin"])
def test_the_right_people_read_it(context: Context, shop: Shop, who: str) -> None:
    assert card(context, shop, getattr(shop.world, who)).store == "Harbour Street"


def test_the_shoppers_own_id_of_the_visit_opens_nothing(context: Context, shop: Shop) -> None:
    with pytest.raises(NotFound):
        scorecards.show(context, shop.world.admin, shop.shopper_side_id)


def test_an_approved_visit_is_a_preview_for_reviewers_and_nothing_for_the_store(context: Context, shop: Shop) -> None:
    set_state(context, shop, "approved")
    assert card(context, shop, shop.world.reviewer).preview
    for who in (shop.world.manager, shop.world.lead):
        with pytest.raises(NotFound):
            scorecards.show(context, who, shop.public_id)
    with pytest.raises(NotFound):
        scorecards.pdf_of(context, shop.world.admin, shop.public_id)


def test_a_voided_visit_is_gone_for_everybody_and_gets_no_pdf(context: Context, shop: Shop) -> None:
    set_state(context, shop, "void")
    with pytest.raises(NotFound):
        scorecards.show(context, shop.world.admin, shop.public_id)
    assert scorecards.render_scorecard(context, shop.visit) is False


def test_home_shows_the_newest_scorecard_of_a_store_of_ones_own(context: Context, shop: Shop) -> None:
    home = scorecards.home(context, shop.world.manager)
    assert home.card is not None
    assert home.card.public_id == shop.public_id
    empty = scorecards.home(context, shop.world.other_manager)
    assert (empty.store.name, empty.card) == ("Mill Lane", None)
    with pytest.raises(NotFound):
        scorecards.home(context, shop.world.manager, empty.store.public_id)


def test_a_manager_of_two_stores_switches_between_them(context: Context, shop: Shop) -> None:
    both = replace(shop.world.manager, stores=frozenset({shop.world.store, shop.world.other_store}))
    first = scorecards.home(context, both)
    other = scorecards.home(context, both, first.others[0].public_id)
    assert {first.store.name, other.store.name} == {"Harbour Street", "Mill Lane"}


def test_history_lists_every_published_visit_newest_first(context: Context, shop: Shop) -> None:
    store = card(context, shop).store_id
    (series,) = scorecards.history(context, shop.world.lead, store).series
    assert [visit.shown for visit in series.visits] == ["56.7", "90.0", "100.0", "90.0", "100.0", "90.0"]
    assert (series.visits[0].verdict, series.visits[0].change, series.visits[0].critical) == (
        "Needs action", "−33.3", True,
    )  # fmt: skip
    with pytest.raises(NotFound):
        scorecards.history(context, shop.world.other_manager, store)


def test_the_pdf_is_asked_for_once_and_then_served(context: Context, shop: Shop) -> None:
    for _ in range(2):
        assert scorecards.pdf_of(context, shop.world.manager, shop.public_id) is None
    with context.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "render_scorecard")).all()
    assert [job.payload for job in jobs] == [{"visit": shop.visit}]
    assert scorecards.render_scorecard(context, shop.visit) is True
    data = scorecards.pdf_of(context, shop.world.manager, shop.public_id)
    assert data is not None
    assert data.startswith(b"%PDF-1.7")
    assert scorecards.render_scorecard(context, shop.visit) is False, "unchanged: nothing to do"


def test_a_changed_scorecard_is_made_again_and_replaces_the_old_file(context: Context, shop: Shop) -> None:
    scorecards.render_scorecard(context, shop.visit)
    with context.write() as session:
        session.get_one(Visit, shop.visit).store.name = "Harbour Street West"
    assert scorecards.render_scorecard(context, shop.visit) is True
    assert len(list(context.storage.keys("scorecards/"))) == 1
    assert "Harbour Street West" in text_of(scorecards.pdf_of(context, shop.world.manager, shop.public_id) or b"")


def test_a_pdf_that_was_lost_is_made_again(context: Context, shop: Shop) -> None:
    scorecards.render_scorecard(context, shop.visit)
    for key in list(context.storage.keys("scorecards/")):
        context.storage.delete(key)
    assert scorecards.pdf_of(context, shop.world.manager, shop.public_id) is None
    assert scorecards.render_scorecard(context, shop.visit) is True


def test_a_missing_photo_fails_the_job_and_stores_nothing(context: Context, shop: Shop) -> None:
    context.storage.delete(shop.photo_keys["S-RNG-1"] + ".jpg")
    with pytest.raises(NotFound):
        scorecards.render_scorecard(context, shop.visit)
    assert list(context.storage.keys("scorecards/")) == []
    with context.read() as session:
        assert session.get(Scorecard, shop.visit) is None


def test_a_damaged_photo_fails_the_job(context: Context, shop: Shop) -> None:
    key = shop.photo_keys["S-RNG-1"] + ".jpg"
    context.storage.put(key, context.storage.read(key)[:-40])
    with pytest.raises(DamagedFile):
        scorecards.render_scorecard(context, shop.visit)


def test_the_pdf_holds_the_same_figures_and_no_trace_of_the_shopper(context: Context, shop: Shop) -> None:
    scorecards.render_scorecard(context, shop.visit)
    data = scorecards.pdf_of(context, shop.world.manager, shop.public_id) or b""
    reader = PdfReader(io.BytesIO(data))
    text = text_of(data)
    shown = card(context, shop)
    for words in ("56.7", "Needs action", NOTE, *(row.lost for row in shown.factors.rows)):
        assert words in text, words
    with context.read() as session:
        shopper = session.get_one(User, shop.world.shopper.user_id)
        secrets = (shopper.name, shopper.email, shopper.public_id, shop.assignment_id, shop.shopper_side_id)
    everything = text.encode() + data + every_stream(reader)
    for secret in (*secrets, "7f0f6c1e", "14:26", "13:26", "09:30", "10:30", *shop.photos.values()):
        assert secret.encode() not in everything, secret
    assert set(reader.metadata or {}) <= {"/Title", "/Producer"}


def test_long_texts_flow_on_to_further_pages(context: Context) -> None:
    note = " ".join(f"word{n}" for n in range(2200))
    shop = make_shop(context, note=note)
    scorecards.render_scorecard(context, shop.visit)
    data = scorecards.pdf_of(context, shop.world.manager, shop.public_id) or b""
    text = " ".join(text_of(data).split())
    assert len(PdfReader(io.BytesIO(data)).pages) > 4
    for n in range(0, 2200, 100):
        assert f"word{n}" in text
    assert "word2199" in text


def test_hostile_texts_are_words_and_nothing_else(context: Context) -> None:
    note = '</style></p><img src="http://127.0.0.1:1/x.png"><script>alert(1)</script>{{ 7 * 7 }} 😀 ﷽'
    shop = make_shop(context, name="<b>Bold & Sons</b>", note=note)
    scorecards.render_scorecard(context, shop.visit)
    text = text_of(scorecards.pdf_of(context, shop.world.manager, shop.public_id) or b"").replace("\n", " ")
    assert "<b>Bold & Sons</b>" in text
    assert "<script>alert(1)</script>{{ 7 * 7 }}" in text


def test_good_answers_of_the_factory_reach_every_section(context: Context, shop: Shop) -> None:
    shown = card(context, shop)
    assert [part.title for part in shown.answers] == ["Shelf", "Till"]
    assert sum(len(part.lines) for part in shown.answers) == len(GOOD)


def test_the_qr_code_draws_exactly_its_dark_modules() -> None:
    address = "https://visits.example.org/scorecards/0123456789abcdef0123456789abcdef"
    code = qr(address)
    drawn = {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", code.path)
        for step in range(int(length))
    }
    matrix = segno.make(address, error="m", micro=False).matrix
    assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert code.side == len(matrix)
