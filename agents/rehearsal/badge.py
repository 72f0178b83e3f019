"""What is said of the rehearsal model wherever it speaks: nobody may take it for a generative one."""

from typing import Final

from core.texts import Text

REHEARSAL_BADGE: Final = Text("modelo de ensaio — sem IA generativa", "rehearsal model — no generative AI")
REHEARSAL_EXPLAINED: Final = Text(
    "O modelo de ensaio cita trechos da sua base e reconhece o que o cliente informa, sem inventar texto. "
    "Com a chave de um provedor, as respostas passam a ser escritas por um modelo de linguagem.",
    "The rehearsal model quotes your knowledge base and recognises what customers tell, without making text up. "
    "With a provider's key, answers are written by a language model.",
)
WHAT_I_AM: Final = Text(
    "Sou um assistente virtual e estou em modo de ensaio, sem IA generativa: respondo com trechos da base da empresa.",
    "I am a virtual assistant in rehearsal mode, without generative AI: I answer with quotes from the company's base.",
)
