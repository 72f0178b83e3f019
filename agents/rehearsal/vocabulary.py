"""Words of customer service in Portuguese and English: which only ask, which everybody uses, which mean the same."""

from typing import Final

from agents.rehearsal.words import word_set

# They make a question and say nothing of what it is about.
ASKING: Final = word_set(
    "o os a as ao aos um uma uns umas de do da dos das em no na nos nas por pelo pela pelos pelas para pra pro com sem "
    "que se e ou mas nao sim ja ai la so eu tu voce voces vc vcs ele ela eles elas nos me te lhe meu minha meus minhas "
    "seu sua seus suas isso isto esse essa esses essas este esta estes estas aquele aquela aqui ali sou es e somos sao "
    "era eram foi foram ser sido sendo estar estou ta tao estao estava ter tem tenho temos tinha teve ha haver houve "
    "vai vou vao ir qual quais quanto quanta quantos quantas quando onde aonde como quem cujo cuja porque pq "
    "quero queria gostaria saber sabe dizer diz diga informar informacao explicar por favor oi ola bom boa dia tarde "
    "noite obrigado obrigada mais muito muita tambem ainda entao sobre ate pode posso podem consigo podemos poderia "
    "tipo coisa alguma algum alguns algumas qualquer "
    "the an of in on at by for with without that and or but not yes i you he she we they it my your his her our their "
    "this these those here there is are was were be been am do does did have has had can could would should will want "
    "what which how when where why who whose whom to from about me us them any some please hi hello hey thanks much "
    "many know tell like if so just also get gets got its "
    "el los las del y yo usted ustedes es cual cuales cuanto cuanta cuantos cuando donde quien puedo puede hola"
)
# They say little by themselves: a sentence that has only these in common with a question does not answer it.
EVERYDAY: Final = word_set(
    "fazer faz fazem feito precisar preciso precisa usar uso usa dar dao loja empresa servico produto produtos cliente "
    "clientes pessoa pessoas coisa forma jeito tipo ano anos dia dias hora horas vez vezes nome grande novo nova "
    "primeiro primeira principal principais outro outra cada todo toda todos todas parte existe existem possui ocorreu "
    "chamado considerado segundo aproximadamente total levar levo ver vejo mandar mando tirar tiro receber "
    "conseguir achar acho encontrar encontro mostrar colocar pegar deixar durante perto semana fico comprar compra "
    "recebo funciona atualmente faco fazemos tempo veio vem chama chamam utilizado utilizada "
    "utiliza relacao tipos exemplo "
    "make makes need use used give shop store company service product products customer customers person people thing "
    "way kind year day hour time name new first main other each all part exist offer offers accept work works"
)
# What customers say in one word and companies write in another.
RELATED: Final = (
    word_set("preco precos valor valores custa custam custo custar price prices cost costs fee"),
    word_set(
        "horario horarios funciona funcionam funcionamento abre abrem abertos aberto atende atendem open hours close"
    ),
    word_set(
        "endereco localizacao localizada localizado onde fica ficam ficamos situada sediada sede "
        "rua avenida address located"
    ),
    word_set("entrega entregam entregar entregas envio enviam enviar frete despacho chega chegar"),
    word_set("delivery deliver shipping ship shipped arrive arrives"),
    word_set("prazo demora demoram leva tempo dura duram duracao"),
    word_set("troca trocar trocam trocas exchange exchanges swap"),
    word_set("devolver devolucao devolucoes devolvo return returns returned"),
    word_set("reembolso reembolsar estorno estornar estornado refund refunded refunds"),
    word_set("pagar pagamento pagamentos pago pay payment payments"),
    word_set("parcelar parcela parcelas parcelamento parcelam parcelado vezes installment installments instalments"),
    word_set("cancelar cancelamento cancela cancel cancellation cancelled"),
    word_set("garantia garantias warranty guarantee"),
    word_set("conserto consertar reparo reparar assistencia repair repairs fix"),
    word_set("desconto descontos promocao promocoes cupom discount discounts coupon"),
    word_set("estacionamento estacionar vaga vagas parking park"),
    word_set("cachorro cachorros gato gatos pet pets animal animais dog dogs cat cats"),
    word_set("senha password passwords"),
    word_set("nota fiscal nf invoice receipt"),
    word_set("agendar agendamento marcar agenda consulta book booking appointment schedule"),
    word_set("contato telefone whatsapp ligar contact phone call"),
    word_set("cartao cartoes credito debito card cards credit"),
    word_set("quilo quilos kg peso kilos weight"),
    word_set("medida medidas mede medem tamanho tamanhos cm dimensoes size sizes"),
    word_set("retirar retirada buscar pickup collect"),
    word_set("vencimento vence vencido vencida due expired expires"),
    word_set("reenviar copia copy resend"),
    word_set("criado criada criacao fundado fundada fundacao surgiu founded created"),
    word_set("nasceu nascimento nascido born"),
    word_set("morreu morte faleceu died death"),
)
