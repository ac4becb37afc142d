"""PDF pages: tagged, set in fonts that have the letters, the same every time, and never with a hole in them."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from jinja2 import UndefinedError
from PIL import Image
from pypdf import PdfReader

from auditapp import pdf
from auditapp.domain.errors import NotFound
from auditapp.services import scorecards
from auditapp.services.context import Context
from tests.scorecard_world import make_shop


def page(body: str, language: str = "en") -> str:
    fonts = pdf.FONTS[language].replace('"', "'")
    return f'<html lang="{language}"><title>t</title><body style="font-family: {fonts}">{body}</body></html>'


def no_photo(key: str) -> bytes:
    raise NotFound()


def words(data: bytes) -> str:
    return "\n".join(one.extract_text() for one in PdfReader(io.BytesIO(data)).pages)


def made(context: Context, language: str, name: str) -> bytes:
    shop = make_shop(context, language=language, name=name)
    scorecards.render_scorecard(context, shop.visit)
    data = scorecards.pdf_of(context, shop.world.manager, shop.public_id)
    assert data is not None
    return data


@pytest.mark.parametrize(
    ("language", "name", "standard", "font"),
    [
        ("ko", "강남역점", "연령 제한 상품은 매번 신분증을 확인한다.", "Noto-Sans-CJK-KR"),
        ("zh_Hant", "台北信義店", "每次都要求出示證件。", "Noto-Sans-CJK-TC"),
    ],
)
def test_a_scorecard_is_set_in_the_letters_of_its_language(
    context: Context, language: str, name: str, standard: str, font: str
) -> None:
    data = made(context, language, name)
    text = words(data)
    assert name in text
    assert standard.replace(" ", "") in "".join(text.split()), "it reads right, without word joiners"
    assert "\u2060" not in text
    reader = PdfReader(io.BytesIO(data))
    assert reader.trailer["/Root"]["/Lang"] == language.replace("_", "-")
    embedded = {
        f["/DescendantFonts"][0]["/FontDescriptor"]["/FontName"]
        for p in reader.pages
        for f in (ref.get_object() for ref in p["/Resources"]["/Font"].values())
        if {"/FontFile2", "/FontFile3"} & set(f["/DescendantFonts"][0]["/FontDescriptor"])
    }
    assert any(font in one for one in embedded), embedded


def test_a_scorecard_is_tagged_with_titles_for_every_figure(context: Context) -> None:
    reader = PdfReader(io.BytesIO(made(context, "en", "Harbour Street")))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    seen: list[str] = []

    def walk(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict) and "/S" in node:
            seen.append(node["/S"])
            if node["/S"] == "/Figure":
                assert node.get("/Alt"), "a figure without words"
            walk(node.get("/K"))

    walk(root["/StructTreeRoot"]["/K"])
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/Figure", "/P"} <= set(seen)


def test_the_same_page_gives_the_same_bytes_without_a_time(context: Context) -> None:
    visit = make_shop(context).visit
    scorecards.render_scorecard(context, visit)
    (key,) = context.storage.keys("scorecards/")
    first = context.storage.read(key)
    context.storage.delete(key)
    scorecards.render_scorecard(context, visit)
    assert context.storage.read(key) == first
    assert b"CreationDate" not in first
    assert b"ModDate" not in first


def test_korean_words_are_not_broken() -> None:
    narrow = '<div style="width: 30mm; font-size: 14pt"><p>가나다라마바사 아자차카타파하 개내대래매배새</p></div>'
    markup = pdf._keep_words(page(narrow, "ko"))
    lines = words(pdf.render(markup, no_photo, "t")).split("\n")
    assert [line.strip() for line in lines if line.strip()] == ["가나다라마바사", "아자차카타파하", "개내대래매배새"]


def test_word_joiners_stay_out_of_attributes_and_of_the_title() -> None:
    markup = '<title>가나</title><body><p title="가나">가나 1층</p>'
    assert pdf._keep_words(markup) == '<title>가나</title><body><p title="가나">가\u2060나 1\u2060층</p>'


def test_photos_come_in_by_their_key_alone() -> None:
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 10, 10)).save(photo, "JPEG")
    asked: list[str] = []

    def read(key: str) -> bytes:
        asked.append(key)
        return photo.getvalue()

    data = pdf.render(page('<img src="photo:photos/ab/cd/x.jpg" alt="a">'), read, "t")
    assert asked == ["photos/ab/cd/x.jpg"]
    assert len(PdfReader(io.BytesIO(data)).pages[0].images) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x.png", "file:///etc/hostname", "data:image/png;base64,AAAA", "x.png", "//host/x"]
)
def test_nothing_else_is_ever_fetched(address: str) -> None:
    with pytest.raises(pdf.RenderFailed, match="only stored photos"):
        pdf.render(page(f'<img src="{address}" alt="a">'), no_photo, "t")


def test_a_stylesheet_from_elsewhere_is_refused_too() -> None:
    with pytest.raises(pdf.RenderFailed):
        pdf.render(page("<style>p { background: url(http://127.0.0.1:1/x.png) }</style><p>x</p>"), no_photo, "t")


def test_a_photo_that_is_gone_comes_through_as_such() -> None:
    with pytest.raises(NotFound):
        pdf.render(page('<img src="photo:photos/ab/cd/x.jpg" alt="a">'), no_photo, "t")


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(pdf.RenderFailed, match="Failed to load image"):
        pdf.render(page('<img src="photo:x.jpg" alt="a">'), lambda _: b"not a picture", "t")


def test_a_letter_that_no_font_has_is_refused_with_what_to_install() -> None:
    with pytest.raises(pdf.MissingGlyphs, match="fonts-noto"):
        pdf.render(page("<p>\U00018b00 \U0001df00 \U0001e290</p>"), no_photo, "t")


def test_a_symbol_that_no_font_has_is_spelled_out() -> None:
    cow, private = "\U0001f404", "\U000f0000"
    text = words(pdf.render(page(f"<p>tired {cow}{private} end</p>"), no_photo, "t"))
    assert re.search(r"tired \S+ end", text)
    assert "\U000f0000" not in text


def test_everything_is_escaped_and_an_unknown_name_is_an_error() -> None:
    env = pdf._environment("en")
    assert env.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        env.from_string("{{ nothing }}").render()


def test_the_renderer_of_this_machine_is_complete() -> None:
    pdf.check_renderer()


def test_importing_the_services_does_not_load_the_renderer() -> None:
    code = "import sys, auditapp.services.scorecards; sys.exit('weasyprint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
