"""What leaves, byte for byte, for every kind of message that can be sent."""

from channels.contents import (
    Ask,
    Buttons,
    Card,
    Cards,
    Content,
    LinkButton,
    Location,
    Media,
    Menu,
    Option,
    Phone,
    PixItem,
    PixOrder,
    Reaction,
    Section,
    Template,
    TemplateButton,
    Text,
    Variable,
)

# The content, and the body between the recipient and the tag: always the same frame, in `framed`.
SENT: dict[str, tuple[Content, str]] = {
    "text": (Text(body="Olá, Ana! 😀"), '"type":"text","text":{"body":"Olá, Ana! 😀","preview_url":false}'),
    "text with a preview": (
        Text(body="veja https://exemplo.com.br", preview_url=True),
        '"type":"text","text":{"body":"veja https://exemplo.com.br","preview_url":true}',
    ),
    "text in two lines with quotes": (
        Text(body='um\ndois "três" \\'),
        r'"type":"text","text":{"body":"um\ndois \"três\" \\","preview_url":false}',
    ),
    "text with what no database takes": (
        Text(body="a\x00b\ud800c"),
        '"type":"text","text":{"body":"a\ufffdb\ufffdc","preview_url":false}',
    ),
    "image by id": (
        Media(kind="image", provider_media_id="1234", caption="bolo"),
        '"type":"image","image":{"id":"1234","caption":"bolo"}',
    ),
    "image by link": (
        Media(kind="image", link="https://cdn.exemplo.com.br/bolo.jpg?v=1"),
        '"type":"image","image":{"link":"https://cdn.exemplo.com.br/bolo.jpg?v=1"}',
    ),
    "video by id": (
        Media(kind="video", provider_media_id="1234", caption="olha"),
        '"type":"video","video":{"id":"1234","caption":"olha"}',
    ),
    "document by id": (
        Media(kind="document", provider_media_id="1234", caption="aí vai", filename="pedido.pdf"),
        '"type":"document","document":{"id":"1234","caption":"aí vai","filename":"pedido.pdf"}',
    ),
    "document by link": (
        Media(kind="document", link="https://exemplo.com.br/p.pdf", filename="p.pdf"),
        '"type":"document","document":{"link":"https://exemplo.com.br/p.pdf","filename":"p.pdf"}',
    ),
    "audio": (Media(kind="audio", provider_media_id="1234"), '"type":"audio","audio":{"id":"1234"}'),
    "voice note": (
        Media(kind="voice", provider_media_id="1234", mime="audio/ogg; codecs=opus"),
        '"type":"audio","audio":{"id":"1234","voice":true}',
    ),
    "sticker": (Media(kind="sticker", provider_media_id="1234"), '"type":"sticker","sticker":{"id":"1234"}'),
    "location": (
        Location(latitude=-23.5505, longitude=-46.6333),
        '"type":"location","location":{"latitude":-23.5505,"longitude":-46.6333}',
    ),
    "location of a place": (
        Location(latitude=-23.5, longitude=-46.6, name="Loja", address="Rua A, 1"),
        '"type":"location","location":{"latitude":-23.5,"longitude":-46.6,"name":"Loja","address":"Rua A, 1"}',
    ),
    "contacts": (
        Cards(
            cards=(
                Card(
                    name="Beto Lima",
                    first_name="Beto",
                    phones=(Phone(phone="+5521988887777", kind="CELL", wa_id="5521988887777"),),
                    emails=("beto@exemplo.com.br",),
                    organisation="Padaria Lima",
                ),
                Card(name="Cida"),
            )
        ),
        (
            '"type":"contacts","contacts":[{"name":{"formatted_name":"Beto Lima","first_name":"Beto"},'
            '"phones":[{"phone":"+5521988887777","type":"CELL","wa_id":"5521988887777"}],'
            '"emails":[{"email":"beto@exemplo.com.br"}],"org":{"company":"Padaria Lima"}},'
            '{"name":{"formatted_name":"Cida","first_name":"Cida"}}]'
        ),
    ),
    "reaction": (
        Reaction(target="wamid.IN==", emoji="👍"),
        '"type":"reaction","reaction":{"message_id":"wamid.IN==","emoji":"👍"}',
    ),
    "reaction taken back": (
        Reaction(target="wamid.IN==", emoji=""),
        '"type":"reaction","reaction":{"message_id":"wamid.IN==","emoji":""}',
    ),
    "buttons": (
        Buttons(body="Confirma?", options=(Option(id="y", title="Sim"), Option(id="n", title="Não"))),
        (
            '"type":"interactive","interactive":{"type":"button","body":{"text":"Confirma?"},"action":{"buttons":['
            '{"type":"reply","reply":{"id":"y","title":"Sim"}},{"type":"reply","reply":{"id":"n","title":"Não"}}]}}'
        ),
    ),
    "buttons between header and footer": (
        Buttons(body="Confirma?", options=(Option(id="y", title="Sim"),), header="Pedido", footer="Padaria"),
        (
            '"type":"interactive","interactive":{"type":"button","header":{"type":"text","text":"Pedido"},'
            '"body":{"text":"Confirma?"},"footer":{"text":"Padaria"},"action":{"buttons":['
            '{"type":"reply","reply":{"id":"y","title":"Sim"}}]}}'
        ),
    ),
    "list": (
        Menu(
            body="Escolha",
            button="Ver",
            sections=(
                Section(title="Doces", rows=(Option(id="1", title="Bolo", description="De fubá"),)),
                Section(title="Salgados", rows=(Option(id="2", title="Coxinha"),)),
            ),
            header="Cardápio",
            footer="Até 18h",
        ),
        (
            '"type":"interactive","interactive":{"type":"list","header":{"type":"text","text":"Cardápio"},'
            '"body":{"text":"Escolha"},"footer":{"text":"Até 18h"},"action":{"button":"Ver","sections":['
            '{"title":"Doces","rows":[{"id":"1","title":"Bolo","description":"De fubá"}]},'
            '{"title":"Salgados","rows":[{"id":"2","title":"Coxinha"}]}]}}'
        ),
    ),
    "list of one section without a title": (
        Menu(body="Escolha", button="Ver", sections=(Section(title="", rows=(Option(id="1", title="Bolo"),)),)),
        (
            '"type":"interactive","interactive":{"type":"list","body":{"text":"Escolha"},"action":{"button":"Ver",'
            '"sections":[{"rows":[{"id":"1","title":"Bolo"}]}]}}'
        ),
    ),
    "link": (
        LinkButton(body="Pague aqui", label="Pagar", url="https://exemplo.com.br/p/1?a=b", footer="Seguro"),
        (
            '"type":"interactive","interactive":{"type":"cta_url","body":{"text":"Pague aqui"},'
            '"footer":{"text":"Seguro"},"action":{"name":"cta_url","parameters":{"display_text":"Pagar","url":"https://exemplo.com.br/p/1?a=b"}}}'
        ),
    ),
    "request for the location": (
        Ask(what="location", body="Onde você está?"),
        (
            '"type":"interactive","interactive":{"type":"location_request_message","body":{"text":"Onde você está?"},'
            '"action":{"name":"send_location"}}'
        ),
    ),
    "request for the number": (
        Ask(what="phone", body="Qual é o seu número?"),
        (
            '"type":"interactive","interactive":{"type":"request_contact_info","body":{"text":"Qual é o seu número?"},'
            '"action":{"name":"request_contact_info"}}'
        ),
    ),
    "PIX charge": (
        PixOrder(
            body="Seu pedido",
            reference="pedido-1",
            code="00020126580014br.gov.bcb.pix0136",
            merchant="Padaria Lima",
            key="11222333000181",
            key_kind="CNPJ",
            items=(
                PixItem(id="bolo", name="Bolo", amount_cents=2500, quantity=2),
                PixItem(id="cafe", name="Café", amount_cents=900),
            ),
            tax_cents=100,
        ),
        (
            '"type":"interactive","interactive":{"type":"order_details","body":{"text":"Seu pedido"},"action":{'
            '"name":"review_and_pay","parameters":{"reference_id":"pedido-1","type":"digital-goods","payment_type":"br",'
            '"currency":"BRL","total_amount":{"value":6000,"offset":100},"payment_settings":[{"type":"pix_dynamic_code",'
            '"pix_dynamic_code":{"code":"00020126580014br.gov.bcb.pix0136","merchant_name":"Padaria Lima",'
            '"key":"11222333000181","key_type":"CNPJ"}}],"order":{"status":"pending","items":['
            '{"retailer_id":"bolo","name":"Bolo","amount":{"value":2500,"offset":100},"quantity":2},'
            '{"retailer_id":"cafe","name":"Café","amount":{"value":900,"offset":100},"quantity":1}],'
            '"subtotal":{"value":5900,"offset":100},"tax":{"value":100,"offset":100}}}}}'
        ),
    ),
    "template without variables": (
        Template(name="bom_dia", language="pt_BR"),
        '"type":"template","template":{"name":"bom_dia","language":{"code":"pt_BR"}}',
    ),
    "template with named variables and every button": (
        Template(
            name="pix_lembrete",
            language="pt_BR",
            header=Media(kind="image", provider_media_id="123"),
            body=(Variable(name="nome", text="Ana"), Variable(name="valor", text="R$ 50,00")),
            buttons=(
                TemplateButton(index=0, kind="url", value="abc123"),
                TemplateButton(index=1, kind="quick_reply", value="optout"),
                TemplateButton(index=2, kind="copy_code", value="X10"),
            ),
        ),
        (
            '"type":"template","template":{"name":"pix_lembrete","language":{"code":"pt_BR"},"components":['
            '{"type":"header","parameters":[{"type":"image","image":{"id":"123"}}]},'
            '{"type":"body","parameters":[{"type":"text","parameter_name":"nome","text":"Ana"},'
            '{"type":"text","parameter_name":"valor","text":"R$ 50,00"}]},'
            '{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"abc123"}]},'
            '{"type":"button","sub_type":"quick_reply","index":"1","parameters":[{"type":"payload","payload":"optout"}]},'
            '{"type":"button","sub_type":"copy_code","index":"2",'
            '"parameters":[{"type":"coupon_code","coupon_code":"X10"}]}]}'
        ),
    ),
    "template with variables by place": (
        Template(
            name="aviso", language="en_US", header=Variable(text="Hi"), body=(Variable(text="Ana"), Variable(text="2"))
        ),
        (
            '"type":"template","template":{"name":"aviso","language":{"code":"en_US"},"components":['
            '{"type":"header","parameters":[{"type":"text","text":"Hi"}]},'
            '{"type":"body","parameters":[{"type":"text","text":"Ana"},{"type":"text","text":"2"}]}]}'
        ),
    ),
    "template with a document": (
        Template(
            name="fatura",
            language="pt_BR",
            header=Media(kind="document", link="https://exemplo.com.br/f.pdf", filename="fatura.pdf"),
        ),
        (
            '"type":"template","template":{"name":"fatura","language":{"code":"pt_BR"},"components":[{"type":"header",'
            '"parameters":[{"type":"document","document":{"link":"https://exemplo.com.br/f.pdf",'
            '"filename":"fatura.pdf"}}]}]}'
        ),
    ),
    "template with a video": (
        Template(name="novo", language="pt_BR", header=Media(kind="video", provider_media_id="9")),
        (
            '"type":"template","template":{"name":"novo","language":{"code":"pt_BR"},"components":[{"type":"header",'
            '"parameters":[{"type":"video","video":{"id":"9"}}]}]}'
        ),
    ),
    "template with a place": (
        Template(
            name="retirada",
            language="pt_BR",
            header=Location(latitude=-23.5, longitude=-46.6, name="Loja", address="Rua A, 1"),
        ),
        (
            '"type":"template","template":{"name":"retirada","language":{"code":"pt_BR"},"components":[{"type":"header",'
            '"parameters":[{"type":"location","location":{"latitude":-23.5,"longitude":-46.6,"name":"Loja",'
            '"address":"Rua A, 1"}}]}]}'
        ),
    ),
}


def framed(part: str, *, to: str = '"to":"+5511987654321"', rest: str = "") -> bytes:
    head = f'{{"messaging_product":"whatsapp","recipient_type":"individual",{to},'
    return f'{head}{part}{rest},"biz_opaque_callback_data":"9.1.ab"}}'.encode()
