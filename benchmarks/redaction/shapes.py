"""Generated phrases: each a form that people write in, filled with invented values, by a seed.

Belongs here: forms, with and without personal data. Does not belong here: hand-written phrases.
"""

# ruff: noqa: SIM905

from __future__ import annotations

import random

from benchmarks.redaction.phrases import Phrase, phrase

_FIRST = (
    "Jean Marie Pierre Sophie Nicolas Camille Léa Chloé Théo Hugo Inès Manon Élodie Gaëlle Benoît François "
    "Noël Yann Loïc Maëva Fatima Karim Mehdi Aïcha Moussa Ngoc Linh Giulia Paolo José Ana Ricardo Wojciech "
    "Agnieszka Hans Greta Odette Ginette Raymond Roger Solange Bernadette Jean-Marc Anne-Sophie Marie-Laure "
    "Jean-Baptiste"
).split()
_LAST = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy "
    "Roux "
    "David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre "
    "Faure Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Robin Clément Morin "
    "Nicolas "
    "Benali Traoré Nguyen Kowalski Rossi Ferreira Haddad Quéméneur Kergoat Etcheverry Bouvard-Quillet"
).split()
_LAST_OF_WORDS = [
    "Le Goff",
    "de La Fontaine",
    "d'Arcy",
    "Da Silva",
    "Ben Amar",
    "Van den Berghe",
    "El Amrani",
]
_WAYS = (
    "rue|rue|rue|avenue|boulevard|bd|Bd.|av.|allée|chemin|impasse|place|quai|cours|route|square|rte|all.|ch.|"
    "passage|résidence|lotissement"
).split("|")
_AFTER_WHOM = (
    "Victor Hugo|de la République|des Lilas|du Moulin|Jean Jaurès|de l'Église|Pasteur|du Général de Gaulle|"
    "de Verdun|des Écoles|Saint-Michel|du 11 novembre 1918|de la Fontaine|Émile Zola|d'Alsace-Lorraine|"
    "des Trois Frères|Gambetta|de Bretagne|Sainte-Anne|du Docteur Roux|Louis Pergaud|aux Moines|de Bel Air"
).split("|")
_TOWNS = (
    "75012 Paris|69003 Lyon|13006 Marseille|35000 Rennes|67000 Strasbourg|97410 Saint-Pierre|20000 Ajaccio"
).split("|")
_E_MAIL_HOMES = (
    "orange.fr gmail.com wanadoo.fr free.fr laposte.net hotmail.fr sfr.fr yahoo.fr outlook.com proton.me "
    "famille-durand.fr u-bordeaux.fr"
).split()
_AT = ["@"] * 8 + [" @ ", "(at)", " (at) ", "[at]", " arobase ", " AT "]
_GAPS = [" ", " ", " ", ".", "-", "", "\xa0", "\u202f", "\u2011", "/", " - ", ". ", "\u2009", "\u2013"]
_COMPLAINTS = (
    "la tondeuse ne démarre plus|le moteur cale à chaud|la chaîne déraille|fuite d'huile sous le carter|"
    "le robot reste bloqué|la batterie ne tient plus la charge|bruit de métal dans le réducteur|"
    "plus de pression au bout de dix minutes|le lanceur est cassé|fumée blanche au démarrage"
).split("|")
_CLOSINGS = (
    "Cordialement,|Cordialement|Bien cordialement,|Cdlt|Bien à vous,|Merci,|Merci d'avance,|Bonne journée,|"
    "Sincères salutations,|Salutations distinguées,"
).split("|")
_CIVILITIES = "Mme|M.|Monsieur|Madame|Mr|Mlle|Mme.|MME".split("|")
_IBAN_LENGTHS = {"FR": 23, "BE": 12, "DE": 18, "LU": 16, "ES": 20, "NL": None, "IT": None, "CH": 17}


def personal(seed: int, count: int) -> list[Phrase]:
    """Phrases that each hold one or two things that must go."""
    draw = random.Random(f"personal {seed}")  # noqa: S311
    makers = (_phone, _e_mail, _iban, _street, _closing, _civility)
    return [phrase(makers[place % len(makers)](draw)) for place in range(count)]


def clean(seed: int, count: int) -> list[Phrase]:
    """Phrases that only look as if they held something."""
    draw = random.Random(f"clean {seed}")  # noqa: S311
    return [Phrase(_FORMS[place % len(_FORMS)](draw)) for place in range(count)]


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _phone(draw: random.Random) -> str:
    gap = draw.choice(_GAPS)
    first = draw.choice("1234567679")
    pairs = [_digits(draw, 2) for _ in range(4)]
    head = draw.choice(
        [f"0{first}"] * 6 + [f"+33{gap or ' '}{first}", f"0033{gap}{first}", f"+33 (0){first}"]
    )
    if draw.random() < 0.08:
        gap, pairs = " ", ["".join(pairs[:2]), "".join(pairs[2:])]
    number = gap.join([head, *pairs])
    return draw.choice(
        [
            "Bonjour, {} : joignez-moi au {{phone:{}}} svp",
            "{}. Tél {{phone:{}}}",
            "{}\n{{phone:{}}}",
            "{}, rappeler le {{phone:{}}}.",
            "{} tel:{{phone:{}}}",
            "{} (mon portable {{phone:{}}})",
        ]
    ).format(draw.choice(_COMPLAINTS), number)


def _e_mail(draw: random.Random) -> str:
    first, last = draw.choice(_FIRST).lower(), draw.choice(_LAST).lower()
    name = draw.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}{_digits(draw, 2)}", f"{last}+sav"]
    )
    mail = f"{name}{draw.choice(_AT)}{draw.choice(_E_MAIL_HOMES)}"
    return draw.choice(
        [
            "{} : mon mail est {{e-mail:{}}}",
            "{}. Répondez à {{e-mail:{}}} svp",
            "{}\n{{e-mail:{}}}",
            "{}, photos depuis {{e-mail:{}}}, merci",
            "{} <{{e-mail:{}}}>",
        ]
    ).format(draw.choice(_COMPLAINTS), mail)


def _iban(draw: random.Random) -> str:
    country = draw.choice(["FR", "FR", "FR", "FR", *_IBAN_LENGTHS])
    length = _IBAN_LENGTHS[country]
    if country == "NL":
        account = "INGB" + _digits(draw, 10)
    elif country == "IT":
        account = "X" + _digits(draw, 22)
    else:
        account = _digits(draw, length or 0)
    number = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    whole = f"{country}{98 - int(number) % 97:02d}{account}"
    gap = draw.choice(["", " ", " ", " ", "\xa0", "-", "\u202f"])
    shown = gap.join(whole[at : at + 4] for at in range(0, len(whole), 4))
    if draw.random() < 0.1:
        shown = shown.lower()
    return draw.choice(
        [
            "Remboursement sur {{iban:{}}} merci",
            "IBAN : {{iban:{}}}",
            "mon RIB\n{{iban:{}}}",
            "virement au compte {{iban:{}}}.",
            "iban:{{iban:{}}}, titulaire moi-même",
        ]
    ).format(shown)


def _street(draw: random.Random) -> str:
    number = draw.choice(
        [str(draw.randint(1, 240))] * 5 + [f"{draw.randint(1, 90)} bis", f"{draw.randint(1, 90)}B"]
    )
    gap = draw.choice([" ", " ", " ", ", "])
    way, whom = draw.choice(_WAYS), draw.choice(_AFTER_WHOM)
    street = f"{number}{gap}{way} {whom}"
    if draw.random() < 0.15:
        street = street.upper()
    return draw.choice(
        [
            "Livrer au {{street:{}}}, {}",
            "J'habite {{street:{}}} {}",
            "adresse : {{street:{}}} {}",
            "enlèvement\n{{street:{}}}\n{}",
            "{{street:{}}} - {} : la machine est dans le garage",
        ]
    ).format(street, draw.choice(_TOWNS))


def _whole_name(draw: random.Random) -> str:
    last = draw.choice(_LAST if draw.random() < 0.85 else _LAST_OF_WORDS)
    first = draw.choice(_FIRST)
    return draw.choice(
        [f"{first} {last}"] * 5 + [f"{first[0]}. {last}", f"{first}", f"{last.upper()} {first}"]
    )


def _closing(draw: random.Random) -> str:
    gap = draw.choice([" ", "\n", "\n", "\n\n", "\r\n"])
    return f"{draw.choice(_COMPLAINTS)}.\n{draw.choice(_CLOSINGS)}{gap}{{name:{_whole_name(draw)}}}"


def _civility(draw: random.Random) -> str:
    last = draw.choice(_LAST if draw.random() < 0.85 else _LAST_OF_WORDS)
    name = draw.choice([last, last, f"{draw.choice(_FIRST)} {last}", last.upper()])
    return draw.choice(
        [
            "{} {{name:{}}} a rappelé : {}",
            "vu avec {} {{name:{}}}, {}",
            "{} {{name:{}}} : {}",
            "client {} {{name:{}}}, {}",
        ]
    ).format(draw.choice(_CIVILITIES), name, draw.choice(_COMPLAINTS))


_PARTS = (
    "bougie|courroie|lame|carburateur|filtre à air|lanceur|roulement|condensateur|chaîne|réservoir".split("|")
)
_BRANDS = (
    "Honda|Stihl|Husqvarna|Kärcher|Viking|Wolf|Makita|Bosch|Ryobi|Oleo-Mac|Echo|Briggs et Stratton".split("|")
)


def _day(draw: random.Random) -> str:
    gap = draw.choice("/.-")
    return f"{draw.randint(1, 28):02d}{gap}{draw.randint(1, 12):02d}{gap}20{draw.randint(15, 26)}"


_FORMS = (
    lambda draw: f"n° de série {_digits(draw, draw.choice([7, 9, 11, 12, 13, 14, 15, 17, 18]))}",
    lambda draw: f"N/S : {draw.choice('ABHKX')}{draw.choice('BCDXZ')}{_digits(draw, draw.randint(6, 14))}",
    lambda draw: f"{draw.choice(_COMPLAINTS)}, EAN {draw.choice('34')}{_digits(draw, 12)}",
    lambda draw: f"RMA {_digits(draw, 4)}-{_digits(draw, 4)}-{_digits(draw, 2)} ouvert le {_day(draw)}",
    lambda draw: f"retour n° RMA{_digits(draw, 10)}",
    lambda draw: (
        f"commande {_digits(draw, draw.choice([6, 7, 8, 9]))} du {_day(draw)}, {draw.choice(_COMPLAINTS)}"
    ),
    lambda draw: f"facture FA{_day(draw).replace('/', '-')}-{_digits(draw, 6)}",
    lambda draw: f"{draw.choice(_PARTS)} réf. {_digits(draw, 3)} {_digits(draw, 2)} {_digits(draw, 2)}",
    lambda draw: f"ref {_digits(draw, draw.choice([6, 7, 8, 9]))}/{_digits(draw, 6)}",
    lambda draw: f"{draw.choice(_CLOSINGS).rstrip(',')}. La {draw.choice(_PARTS)} est en rupture.",
    lambda draw: f"{draw.choice(_CLOSINGS).rstrip(',')}. Le colis part demain",
    lambda draw: f"{draw.choice(_COMPLAINTS)}.\n{draw.choice(_CLOSINGS)}\nLe service après-vente",
    lambda draw: f"{draw.choice(_COMPLAINTS)}. {draw.choice(_CLOSINGS).rstrip(',')}",
    lambda draw: f"Mme absente le {_day(draw)}, {draw.choice(_COMPLAINTS)}",
    lambda draw: f"M. à rappeler, {draw.choice(_PARTS)} à commander",
    lambda draw: f"Madame, Monsieur, {draw.choice(_COMPLAINTS)}",
    lambda draw: f"Bonjour Monsieur, {draw.choice(_COMPLAINTS)}",
    lambda draw: f"{draw.choice(_BRANDS)} : {draw.choice(_COMPLAINTS)}, {draw.choice(_PARTS)} à changer",
    lambda draw: f"{draw.choice(_BRANDS)} {draw.choice(_PARTS).capitalize()} HS",
    lambda draw: (
        f"{draw.choice(_COMPLAINTS)} en cours de {draw.choice(['route', 'tonte', 'cycle', 'travail'])}"
    ),
    lambda draw: f"mise en place {draw.choice(['du', 'de la', 'd’une'])} {draw.choice(_PARTS)}",
    lambda draw: (
        f"{draw.randint(2, 9)} {draw.choice(['roues', 'vis', 'cours', 'places', 'routes'])} à contrôler"
    ),
    lambda draw: f"le {draw.choice(['chemin de câble', 'passage de roue', 'quai de chargement'])} est abîmé",
    lambda draw: f"mesures {' '.join('0,' + _digits(draw, 2) for _ in range(5))} mm",
    lambda draw: f"tension {' '.join(_digits(draw, 2) for _ in range(4))} volts",
    lambda draw: (
        f"compteur {draw.randint(1, 900)} h le {_day(draw)} à {draw.randint(8, 18)}:{draw.randint(10, 59)}"
    ),
    lambda draw: (
        f"devis {draw.randint(40, 900)},{_digits(draw, 2)} € TTC, {draw.choice(_PARTS)} et main d'œuvre"
    ),
    lambda draw: f"suivi {draw.choice(['6A', '8R', '6C', 'XS'])}{_digits(draw, 11)}",
    lambda draw: f"TVA FR{_digits(draw, 11)}",
    lambda draw: f"SIRET {_digits(draw, 14)}",
    lambda draw: f"{draw.choice(_PARTS)} {draw.choice(_BRANDS)} {_digits(draw, 6)}-{_digits(draw, 4)}",
    lambda draw: f"lot {_digits(draw, 7)} fabriqué le {_day(draw)}",
    lambda draw: f"livré à {draw.choice(_TOWNS)} le {_day(draw)}",
    lambda draw: f"{draw.choice(_COMPLAINTS).upper()}, {draw.choice(_PARTS).upper()} A CHANGER",
)
