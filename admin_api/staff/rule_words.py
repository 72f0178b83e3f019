"""The rules by which turns are decided, each in one line for whoever asks why."""

from collections.abc import Mapping
from typing import Final

from core.texts import Language, Text
from graphs.conversation.rules import Rule

WORDS: Final[Mapping[Rule, Text]] = {
    Rule.NOTHING_NEW: Text("não havia nada novo", "there was nothing new"),
    Rule.CRISIS: Text("a pessoa pode estar em perigo", "the person may be in danger"),
    Rule.OPT_OUT: Text("pediu para não receber mais", "asked not to be written to"),
    Rule.OPTED_OUT: Text("já tinha pedido para parar", "had opted out"),
    Rule.HELD: Text("uma pessoa da equipe atende", "a person of the team has it"),
    Rule.CLOSED: Text("a conversa está encerrada", "the conversation is closed"),
    Rule.QUEUED: Text("espera uma pessoa", "waits for a person"),
    Rule.STILL_QUEUED: Text("ainda espera uma pessoa", "still waits for a person"),
    Rule.BOT_LOOP: Text("parece outro robô respondendo", "another bot seems to answer"),
    Rule.LEGAL_THREAT: Text("falou em medidas legais", "spoke of legal steps"),
    Rule.COMPLAINT: Text("está reclamando", "is complaining"),
    Rule.HUMAN: Text("pediu uma pessoa", "asked for a person"),
    Rule.MODEL_AWAY: Text("o modelo estava fora do ar", "the model was away"),
    Rule.MODEL_REFUSED: Text("o modelo se recusou", "the model refused"),
    Rule.FOLLOW_UP: Text("o cliente parou de responder", "the customer went silent"),
    Rule.PROMISE_DUE: Text("chegou a hora de algo prometido", "a promise was due"),
    Rule.FAILED_CHECKS: Text("nenhuma resposta passou nas checagens", "no answer passed the checks"),
    Rule.REPAIRS: Text("não entendeu mais de uma vez", "did not understand repeatedly"),
    Rule.CLARIFY: Text("não entendeu e perguntou", "did not understand and asked"),
    Rule.UNHEARD: Text("não conseguiu ouvir o áudio", "could not hear the recording"),
    Rule.SLOT_SET: Text("soube um dado", "learned a fact"),
    Rule.SLOT_CORRECTED: Text("corrigiu um dado", "corrected a fact"),
    Rule.SLOT_CLEARED: Text("esqueceu um dado", "cleared a fact"),
    Rule.SLOT_REFUSED: Text("o dado não valia", "the value was refused"),
    Rule.INVALID_LIMIT: Text("o dado veio errado vezes demais", "the value was wrong too often"),
    Rule.EVIDENCE: Text("percebeu um sinal", "noticed a sign"),
    Rule.SUCCEEDED: Text("uma ação deu certo", "an action succeeded"),
    Rule.FAILED: Text("uma ação falhou", "an action failed"),
    Rule.REJECTED: Text("a equipe recusou uma ação", "staff rejected an action"),
    Rule.EXPIRED: Text("ninguém decidiu a tempo", "nobody decided in time"),
    Rule.NO_NEWS: Text("ainda sem notícia da ação", "no news of the action yet"),
    Rule.CANCELLED: Text("a pessoa desistiu da ação", "the action was called off"),
    Rule.CONFIRM_YES: Text("confirmou um dado", "confirmed a fact"),
    Rule.CONFIRM_NO: Text("negou um dado", "denied a fact"),
    Rule.CONFIRM_ASKED: Text("pediu confirmação de um dado", "asked to confirm a fact"),
    Rule.CONFIRM_GAVE_UP: Text("desistiu de confirmar", "gave up confirming"),
    Rule.EFFECT_CONFIRMED: Text("a pessoa confirmou a ação", "the action was confirmed"),
    Rule.EFFECT_DECLINED: Text("a pessoa não quis a ação", "the action was declined"),
    Rule.EFFECT_NOT_ALLOWED: Text("a ação não é permitida aqui", "the action is not allowed here"),
    Rule.EFFECT_ASKED: Text("pediu um sim antes da ação", "asked for a yes before the action"),
    Rule.EFFECT_GAVE_UP: Text("desistiu da ação", "gave the action up"),
    Rule.EFFECT_PLANNED: Text("planejou uma ação", "planned an action"),
    Rule.EFFECT_WAITS: Text("a ação espera o sim da equipe", "the action waits for staff"),
    Rule.READ: Text("consultou uma ferramenta", "looked something up"),
    Rule.GOAL_SWITCHED: Text("mudou de assunto", "changed the subject"),
    Rule.GOAL_REACHED: Text("chegou ao objetivo", "reached the goal"),
    Rule.FORWARD: Text("avançou de etapa", "went a stage forward"),
    Rule.BACK: Text("voltou de etapa", "went a stage back"),
    Rule.STAGE_DONE: Text("terminou a etapa", "finished the stage"),
    Rule.PROMISED: Text("anotou uma promessa", "noted a promise"),
    Rule.RETURNED: Text("voltou de uma pessoa para o bot", "came back from a person"),
    Rule.GREETED: Text("cumprimentou", "greeted"),
    Rule.APPROVED: Text("disse uma resposta aprovada", "told an approved answer"),
    Rule.READ_ANSWERS: Text("respondeu com o que consultou", "answered by what it looked up"),
    Rule.ON_THE_WAY: Text("avisou que está vendo", "said that it is on its way"),
    Rule.STRICT: Text("só respondeu o que a base diz", "answered only what the base says"),
    Rule.KNOWLEDGE: Text("respondeu pela base de conhecimento", "answered from the knowledge"),
    Rule.ASK: Text("perguntou um dado", "asked for a fact"),
    Rule.ASKS_IF_BOT: Text("perguntaram se é um robô", "was asked whether it is a bot"),
    Rule.SMALLTALK: Text("conversa leve", "small talk"),
    Rule.GOODBYE: Text("despediu-se", "said goodbye"),
    Rule.REPEATED: Text("repetiu a pedido", "repeated on request"),
    Rule.NOTED: Text("tomou nota", "took note"),
    Rule.SILENCE: Text("decidiu não responder", "decided to stay silent"),
}


def in_words(rule: str, language: Language) -> str:
    """`slot.set:nome` is `soube um dado (nome)`; a rule of a later release is its id."""
    kind, _, about = rule.partition(":")
    known = WORDS[Rule(kind)].in_(language) if kind in set(Rule) else kind
    return f"{known} ({about})" if about else known
