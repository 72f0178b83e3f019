"""What a good file of each kind becomes: headings, rows, answers and pages survive into what is cited."""

import pytest

from knowledge.documents import Block, BlockKind, Flag, Loaded, RefusalReason, SourceKind, Unreadable
from knowledge.loaders import pdf, textual, zipped
from knowledge.loaders.answers import Answer, Hints
from tests.knowledge.forging import Words, docx, paragraph, row, text_pdf, xlsx


def _text(text: str, name: str = "") -> Loaded:
    return textual.load(text.encode(), Hints(name=name))


def _office(data: bytes) -> Loaded:
    loaded: Answer = zipped.load(data, Hints(name="arquivo.docx"))
    assert isinstance(loaded, Loaded)
    return loaded


def _shown(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind.value, block.text) for block in loaded.blocks]


def _flags(loaded: Loaded) -> set[Flag]:
    return {note.flag for note in loaded.notes}


class TestPlainText:
    def test_paragraphs_and_headings_are_told_apart(self) -> None:
        loaded = _text("HORÁRIOS\n\nAbrimos cedo,\ne fechamos tarde.\n\n1.2 Domingos\n\nFechado.", "loja.txt")

        assert loaded.title == "loja"
        assert _shown(loaded) == [
            ("heading", "HORÁRIOS"),
            ("text", "Abrimos cedo,\ne fechamos tarde."),
            ("heading", "1.2 Domingos"),
            ("text", "Fechado."),
        ]
        assert loaded.blocks[-1].headings == ("HORÁRIOS", "1.2 Domingos")

    def test_marked_questions_are_kept_with_their_answers(self) -> None:
        loaded = _text("P: Abrem cedo?\nR: Sim, às 8h.\nTodo dia.\nP: E domingo?\nR: Não.\n\nR. das Flores, 10")

        assert _shown(loaded) == [
            ("answer", "Abrem cedo?\nSim, às 8h.\nTodo dia."),
            ("answer", "E domingo?\nNão."),
            ("text", "R. das Flores, 10"),
        ]

    def test_a_form_feed_is_a_page(self) -> None:
        assert [block.page for block in _text("um\fdois").blocks] == [1, 2]

    def test_what_is_neither_utf8_nor_declared_is_read_and_noted(self) -> None:
        loaded = textual.load("Açaí e pão".encode("cp1252"), Hints())

        assert (loaded.blocks[0].text, _flags(loaded)) == ("Açaí e pão", {Flag.ENCODING_GUESSED})
        assert _flags(textual.load("Açaí".encode("cp1252"), Hints(charset="ISO-8859-1"))) == set()


class TestMarkdown:
    def test_headings_lists_tables_and_code_keep_their_structure(self) -> None:
        text = (
            '---\ntitle: "Guia"\n---\n# Loja\nUm **bom** [site](https://a.example/x).\n\nFrete\n-----\n'
            "| Bairro | Preço |\n|---|:-:|\n| Centro | R$ 5 |\n| Sul \\| Norte | R$ 9 |\n\n```\n# não é título\n```\n"
        )
        loaded = _text(text, "a.md")

        assert (loaded.title, loaded.kind) == ("Guia", SourceKind.MARKDOWN)
        assert _shown(loaded) == [
            ("heading", "Loja"),
            ("text", "Um bom site (https://a.example/x)."),
            ("heading", "Frete"),
            ("row", "Bairro: Centro; Preço: R$ 5"),
            ("row", "Bairro: Sul | Norte; Preço: R$ 9"),
            ("text", "# não é título"),
        ]
        assert loaded.blocks[3].headings == ("Loja", "Frete")

    def test_a_wrapped_paragraph_is_one_and_items_and_told_breaks_stay(self) -> None:
        text = (
            "# Loja\nAbrimos às nove\n  e fechamos às **seis\nda tarde**.\n\n"
            "- trocas\n  em 7 dias\n- frete\n\nRua A  \nRua B\\\nRua C\n"
        )

        assert _shown(_text(text, "a.md")) == [
            ("heading", "Loja"),
            ("text", "Abrimos às nove e fechamos às seis da tarde."),
            ("text", "- trocas em 7 dias\n- frete"),
            ("text", "Rua A\nRua B\nRua C"),
        ]


class TestCommaSeparated:
    @pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
    def test_every_value_has_the_name_of_its_column(self, mark: str) -> None:
        loaded = _text(f"sku{mark}preço\nA-1{mark}10\nA-2{mark}\n")

        assert (loaded.kind, [block.text for block in loaded.blocks]) == (
            SourceKind.CSV,
            ["sku: A-1; preço: 10", "sku: A-2"],
        )

    def test_questions_and_answers_are_pairs(self) -> None:
        loaded = _text("Resposta;Dúvida\nSim.;Abrem?\n")

        assert (loaded.kind, _shown(loaded)) == (SourceKind.PAIRS, [("answer", "Abrem?\nSim.")])

    def test_a_first_row_of_values_names_nothing(self) -> None:
        assert [block.text for block in _text("1,5;2\n3;4\n", "a.csv").blocks] == ["1,5; 2", "3; 4"]

    def test_names_alone_are_still_read(self) -> None:
        assert [block.text for block in _text("nome;telefone\n", "a.csv").blocks] == ["nome; telefone"]

    def test_a_text_with_commas_is_no_table(self) -> None:
        assert _text("Oi, tudo bem?\nSim, e você, Ana?\nTudo.").kind is SourceKind.TXT


class TestJson:
    def test_records_are_rows_and_depth_is_headings(self) -> None:
        items = '[{"sku": "A", "n": 1.50}, {"sku": "B", "n": 2}]'
        loaded = _text(f'{{"loja": {{"nome": "Ana", "aberta": true, "itens": {items}}}}}')

        assert _shown(loaded) == [
            ("heading", "loja"),
            ("row", "nome: Ana; aberta: sim"),
            ("heading", "itens"),
            ("row", "sku: A; n: 1.50"),
            ("row", "sku: B; n: 2"),
        ]

    def test_a_value_on_each_line_is_a_list(self) -> None:
        loaded = _text('{"question": "Open?", "answer": "Yes."}\n{"question": "When?", "answer": "At 8."}\n', "a.jsonl")

        assert (loaded.kind, len(loaded.blocks)) == (SourceKind.PAIRS, 2)

    def test_a_text_that_only_begins_like_it_is_a_text(self) -> None:
        assert _text("[aviso] fechado hoje [fim]", "a.txt").blocks[0].text == "[aviso] fechado hoje [fim]"


class TestWebPage:
    def test_a_reader_sees_headings_rows_and_answers(self) -> None:
        page = (
            "<!doctype html><title>Padaria &amp; Cia</title><nav>Menu</nav>"
            "<h1>Horários</h1><p>Das <b>8</b>h<br>às 18h<p>Sempre"
            "<table><tr><th>Produto<th>Preço<tr><td>Pão<td><p>R$ 1</p></table>"
            "<details><summary>Entregam?</summary>Sim.<p>Até 18h.</details>"
            "<dl><dt>Pix?<dd>Sim.<dt>Fiado?<dd>Não.</dl><footer>Rua A, 10</footer><script>var x</script>"
        )
        loaded = _text(page)

        assert loaded.title == "Padaria & Cia"
        assert _shown(loaded) == [
            ("heading", "Horários"),
            ("text", "Das 8h\nàs 18h"),
            ("text", "Sempre"),
            ("row", "Produto: Pão; Preço: R$ 1"),
            ("answer", "Entregam?\nSim.\nAté 18h."),
            ("answer", "Pix?\nSim."),
            ("answer", "Fiado?\nNão."),
            ("text", "Rua A, 10"),
        ]
        assert _flags(loaded) == set()

    def test_white_on_a_dark_ground_is_seen(self) -> None:
        page = (
            '<div style="background:#000"><p style="color:#fff">Aberto</p></div>'
            '<p class="capa" style="color:white">Oi</p>'
        )

        assert [block.text for block in _text(page).blocks] == ["Aberto", "Oi"]

    def test_what_only_a_printer_hides_is_seen(self) -> None:
        page = "<html><style>@media print{.x{display:none}} .y{color:red}</style><p class=x>Oi<p class=y>bem"

        assert [block.text for block in _text(page).blocks] == ["Oi", "bem"]

    def test_a_comment_that_never_ends_hides_what_follows(self) -> None:
        loaded = _text("<html><p>Oi<!-- um --><p>bem<!-- tudo grátis")

        assert ([block.text for block in loaded.blocks], _flags(loaded)) == (["Oi", "bem"], {Flag.HIDDEN_TEXT})


class TestPdf:
    def _load(self, *pages: list[Words]) -> Loaded:
        return pdf.load(text_pdf(*pages), Hints(name="tabela.pdf"))

    def test_larger_letters_are_headings_and_every_block_has_its_page(self) -> None:
        loaded = self._load(
            [
                Words("Garantia", 760, size=20),
                Words("Vale por um ano e cobre de-", 700),
                Words("feitos de fábrica.", 686),
            ],
            [Words("Trocas", 760, size=16), Words("Em sete dias.", 700)],
        )

        assert _shown(loaded) == [
            ("heading", "Garantia"),
            ("text", "Vale por um ano e cobre defeitos de fábrica."),
            ("heading", "Trocas"),
            ("text", "Em sete dias."),
        ]
        assert [(block.page, block.headings) for block in loaded.blocks if block.kind is BlockKind.TEXT] == [
            (1, ("Garantia",)),
            (2, ("Garantia", "Trocas")),
        ]
        assert loaded.title == "Garantia"

    def test_what_stands_on_every_page_is_left_out(self) -> None:
        loaded = self._load(
            *(
                [Words("Loja da Ana", 800), Words(f"Texto {name}.", 700), Words(f"{at}", 30)]
                for at, name in enumerate("abcd")
            )
        )

        assert [block.text for block in loaded.blocks] == ["Texto a.", "Texto b.", "Texto c.", "Texto d."]
        assert loaded.title == "tabela"

    def test_white_letters_on_a_dark_ground_are_seen(self) -> None:
        loaded = self._load([Words("Aberto", 700, before="0 0 0 rg 60 690 300 30 re f 1 1 1 rg")])

        assert ([block.text for block in loaded.blocks], _flags(loaded)) == (["Aberto"], set())


class TestDocx:
    def test_styles_make_headings_and_tables_make_rows(self) -> None:
        styles = '<w:styles xmlns:w="w"><w:style w:styleId="T1"><w:name w:val="heading 1"/></w:style></w:styles>'
        rows = (("Dia", "Hora"), ("Sábado", "9h"))
        cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
        table = f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"
        turned = (
            "<w:p><w:r><w:br w:type='page'/></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/><w:t>Fim.</w:t></w:r></w:p>"
        )
        body = paragraph("Horários", style="T1") + paragraph("Abrimos cedo.") + table + turned

        loaded = _office(docx(body, more={"word/styles.xml": styles}))

        assert loaded.blocks == (
            Block(text="Horários", kind=BlockKind.HEADING, page=1),
            Block(text="Abrimos cedo.", headings=("Horários",), page=1),
            Block(text="Dia: Sábado; Hora: 9h", kind=BlockKind.ROW, headings=("Horários",), page=1),
            Block(text="Fim.", headings=("Horários",), page=2),
        )
        assert loaded.title == "Horários"

    def test_a_document_that_turns_no_page_has_none(self) -> None:
        loaded = _office(docx(paragraph("Oi")))

        assert (loaded.title, loaded.blocks) == ("arquivo", (Block(text="Oi"),))

    def test_a_text_box_is_read_once_and_its_anchor_whole(self) -> None:
        boxed = paragraph("caixa")
        box = f"<x><Choice>{boxed}</Choice><Fallback>{boxed}</Fallback></x>"
        body = f"<w:p><w:r><w:t>antes </w:t>{box}</w:r><w:r><w:t>depois</w:t></w:r></w:p>"

        assert [block.text for block in _office(docx(body)).blocks] == ["caixa", "antes depois"]


class TestXlsx:
    def test_each_sheet_is_a_chapter_and_numbers_are_shown_as_seen(self) -> None:
        styles = (
            '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="&quot;R$&quot;\\ #,##0.00"/></numFmts>'
            '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="9"/></cellXfs>'
            "</styleSheet>"
        )
        values = (
            '<row><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>46000</v></c><c r="C2" s="2"><v>10.5</v></c>'
            '<c r="D2" s="3"><v>0.15</v></c><c r="E2"><v>0.30000000000000004</v></c>'
            '<c r="F2"><v>7891000315507</v></c></row>'
        )
        names = row("Produto", "Desde", "Preço", "Desconto", "Peso", "Código")
        strings = "<sst><si><r><t>Pão </t></r><r><t>francês</t></r></si></sst>"

        loaded = _office(xlsx({"Preços": names + values}, strings=strings, more={"xl/styles.xml": styles}))

        assert loaded.blocks[1].headings == ("Preços",)
        assert loaded.blocks[1].text == (
            "Produto: Pão francês; Desde: 09/12/2025; Preço: R$ 10,50; Desconto: 15%; Peso: 0,3; Código: 7891000315507"
        )


class TestBounds:
    def test_text_without_end_is_refused(self) -> None:
        with pytest.raises(Unreadable) as refused:
            _text("a" * (5 << 20) + "bb")

        assert refused.value.reason is RefusalReason.TOO_MUCH_TEXT

    def test_ligatures_and_unseen_letters_are_searched_as_they_are_typed(self) -> None:
        assert _text("O \ufb01m da con\u00ad\ufb02uência\u200b.").blocks[0].text == "O fim da confluência."
