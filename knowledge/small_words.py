"""Words that say little, of three languages: those that only join others, and those that a question is wrapped in."""

from typing import Final

# Articles, prepositions, pronouns, auxiliaries: which of three languages a question is in need not be known.
_PORTUGUESE: Final = """
    a ao aos as ate com como da das de dela dele deles depois do dos e ela elas ele eles em entre era eram essa essas
    esse esses esta estas este estes estou eu foi foram ha isso isto ja lhe lhes mais mas me mesmo meu meus minha
    minhas muito na nao nas nem no nos nossa nosso num numa o os ou para pela pelas pelo pelos por pra pro qual quais
    quando quanta quantas quanto quantos que quem se sem ser sera sao seu seus so sob sobre sua suas tambem te tem
    tenho ter teu tu um uma umas uns voce voces vc vcs onde porque
"""
_SPANISH: Final = """
    adonde al algo ante antes asi aun aunque cada con contra cual cuales cuando cuanta cuantas cuanto cuantos cuya cuyas
    cuyo cuyos del desde despues donde el ella ellas ellos en entonces era eramos eran eres es esa esas ese eso
    esos esta estaba estaban estan estar estas este esto estos estoy estuvo fue fueron ha haber habia habian han hasta
    hay haya he hemos hubo la las le les lo los mas mi mientras mio mis mucha muchas mucho muchos muy ni nosotros
    nuestra nuestras nuestro nuestros otra otras otro otros pero pues quien quienes sea sean si sido siempre sin sino
    sois somos son soy su sus suya suyo tal tambien tampoco tan tanto tener tengo tenia tenian tiene tienen tienes toda
    todas todo todos tras tus tuvo tuvieron u un una unas uno unos usted ustedes vosotros vuestra vuestro y ya yo
"""
_ENGLISH: Final = """
    about after all am an and any are at be because been before being between both but by can could did do does doing
    down during each for from had has have having he her here hers him his how i if in into is it its itself just
    many more most much must my nor not of off on once only or other our ours out over own same shall she should some
    such than that the their theirs them then there these they this those through to too until up upon very was we were
    what when where which while who whom whose why will with within without would you your yours
"""
# What a question is wrapped in: that no passage says it tells nothing of whether one answers.
_WRAPPING: Final = """
    agora ai algum alguma alguem ajuda ajudar aqui boa bom chama chamado consegue consegues conseguem consigo coisa da
    dao dar desejo deseja deve devo dia diga diz dizer duvida existe existem explica explicar faco fala falar faz fazem
    fazer favor feita feito fica ficam funciona funcionam gente gostaria gostava informar informacao noite obrigada
    obrigado oi ola pergunta pergunto pode podem poderia poderiam podia posso possivel precisa preciso precisava queria
    quer quero sabe sabem saber senhor senhora serve servem significa tarde teria tipo vai vao vou
    alguien ayuda buenas buenos debo decir dime dice existen gracias gusta gustaria hace hacen hacer hago hola necesito
    necesita ocurre podria puede pueden puedes puedo quiero quisiera seria sucede
    able anyone exist exists get give happen happens hello help hi know like mean means need please tell thanks want
"""
WRAPPING: Final = frozenset(_WRAPPING.split())
STOP_WORDS: Final = frozenset(f"{_PORTUGUESE} {_SPANISH} {_ENGLISH}".split())
