"""Whether what was understood is all that a message says: what remains must be courtesies and joints."""

from collections.abc import Sequence
from typing import Final

from agents.extractors.found import vocabulary
from agents.rules.sentences import Clause, squeezed


def is_covered(clauses: Sequence[Clause], taken: Sequence[tuple[int, int]]) -> bool:
    return all(_fits(clause, taken) for clause in clauses)


def is_courteous(clauses: Sequence[Clause]) -> bool:
    """Nothing but joints and courtesies."""
    return is_covered(clauses, ())


def _fits(clause: Clause, taken: Sequence[tuple[int, int]]) -> bool:
    return all(
        word in _JOINTS or any(start < behind and before < end for before, behind in taken)
        for word, (_, start, end) in zip(clause.words.split(), clause.places, strict=True)
    )


# "não", "ou", "mas" and "só" are none: they turn round what stands beside them, or open another matter.
_JOINTS: Final = frozenset(
    squeezed(word)
    for word in vocabulary(
        "oi oie ola opa alo bom boa dia tarde noite tudo bem td e eh o a os as um uma de do da dos das por",
        "favor gentileza obrigado obrigada brigado brigada valeu vlw obg grato grata muito aqui meu minha",
        "nome cpf cnpj email cep telefone numero celular whatsapp zap fone entao ta ok certo isso sim ai ne",
        "viu ah hum hm eu sou me chamo quero seria pode ser uns umas cerca aproximadamente tipo acho ate no",
        "na em para pra claro beleza blz perfeito pessoal gente moca moco amigo amiga voce voces igualmente",
        "mesmo fica e-mail mail hi hey hello good morning afternoon evening thanks thank you please my name",
        "is the it its im sure yes okay hola buenas buenos dias tardes noches gracias mi es el la si kk kkk",
        "rs haha mandar segue eis oiee oioi eai iae salve tchau abraco abracos logo breve querida querido",
    )
)
