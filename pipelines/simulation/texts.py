"""What customers and technicians write: own templates with the cues of each fault, in five languages.

Now and then a text holds an e-mail address, a phone number (ranges reserved for fiction) or a street, an
emoji, or something hostile. The personal pieces are reported beside, so that redaction can be proven.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulation.claims import CATEGORIES, World
from pipelines.simulation.parameters import Array, Columns

OPENINGS = {
    "fr": ("Bonjour, ", "Bonjour Madame, Monsieur, ", "", "Bonsoir, ", "Suite à ma commande, "),
    "de": ("Guten Tag, ", "Hallo, "),
    "it": ("Buongiorno, ", "Salve, "),
    "es": ("Hola, ", "Buenos días, "),
}
CLOSINGS = {
    "fr": (" Merci d'avance.", " Que dois-je faire ?", "", " C'est inadmissible !", " Cordialement."),
    "de": (" Vielen Dank.", ""),
    "it": (" Grazie mille.", ""),
    "es": (" Muchas gracias.", ""),
}
OTHER_LANGUAGES = {
    "de": ("das Gerät läuft nicht mehr.", "die Maschine startet nicht, trotz mehrerer Versuche."),
    "it": ("la macchina non parte più.", "il motore si è fermato e non riparte."),
    "es": ("la máquina ya no arranca.", "el motor se paró y no vuelve a funcionar."),
}
CUSTOMER_CUES = {
    "D01": ("fuite d'essence au carburateur.", "le moteur tousse, carburateur suspect."),
    "D02": ("plus d'étincelle à la bougie.", "impossible à démarrer, pas d'allumage."),
    "D03": ("la ficelle du lanceur ne revient pas.", "le démarreur tourne dans le vide."),
    "D04": ("suintement d'huile sous la machine.", "fuite d'huile au joint."),
    "D05": ("plus de pression à la sortie.", "la pompe ne monte pas en pression."),
    "D06": ("l'interrupteur ne répond plus.", "la machine disjoncte dès l'allumage, court-circuit ?"),
    "D07": ("bruit de roulement très fort.", "pas de courant en sortie."),
    "D08": ("la traction ne fonctionne plus.", "le câble d'embrayage a lâché."),
    "D09": ("fissure sur le carter.", "soudure du guidon cassée."),
    "D10": ("il manque une pièce dans le carton.", "la notice n'est pas en français et une pièce manque."),
    "D11": ("la batterie ne charge pas.", "autonomie de cinq minutes seulement."),
    "D12": ("carton abîmé à la livraison, machine cassée.", "colis écrasé par le transport."),
    "M01": ("le moteur s'est bloqué d'un coup.", "moteur serré après la première tonte."),
    "M02": ("moteur bloqué, j'ai peut-être oublié le mélange.", "la machine a serré en pleine coupe."),
    "M03": ("elle ne démarre plus depuis l'hiver.", "démarrage impossible après hivernage."),
    "M04": ("fumée noire puis plus rien après le plein.", "je crois avoir mis le mauvais carburant."),
    "M05": (
        "la pompe fuit depuis le printemps.",
        "eau qui coule de la culasse, machine au garage cet hiver.",
    ),
    "M06": ("plus de pression, la pompe hurle.", "le jet est irrégulier, filtre d'entrée bouché ?"),
    "M07": ("vibrations énormes depuis un choc sur une souche.", "la lame a tapé une pierre, plus rien."),
    "M08": ("odeur de brûlé puis arrêt.", "elle chauffe avec ma rallonge et coupe."),
    "M09": ("perte de puissance, fumée bleue.", "le moteur étouffe, filtre à air noir."),
    "M10": ("je n'arrive pas à la monter.", "montage impossible, la notice est obscure."),
    "M11": ("la chaîne fume et le guide est brûlé.", "la chaîne saute sans arrêt."),
    "M12": ("connecteurs oxydés, plus de contact.", "rouille partout, elle ne tourne plus."),
    "M13": ("elle cale depuis que mon voisin l'a réglée.", "arrêt en plein chantier."),
    "M14": ("batterie morte après l'hiver.", "le chargeur clignote rouge."),
    "W01": ("la lame ne coupe plus.", "courroie usée déjà ?"),
    "N01": ("elle s'arrête parfois sans raison.", "bruit bizarre de temps en temps."),
}
GENERIC = {
    "withdrawal": (
        "je souhaite exercer mon droit de rétractation.",
        "finalement elle ne me convient pas, retour.",
    ),
    "question": (
        "quelle huile faut-il utiliser ?",
        "où télécharger la facture ?",
        "comment régler la hauteur de coupe ?",
    ),
}
TECHNICIAN_CUES = {
    "M01": "Jauge sèche, maneton bleui : manque d'huile.",
    "M02": "Piston rayé côté échappement, essence pure.",
    "M03": "Cuve gommée, vieille essence, eau dans le carburant.",
    "M04": "Gasoil dans le réservoir.",
    "M05": "Culasse fissurée par le gel.",
    "M06": "Joints brûlés, marche à sec, calcaire.",
    "M07": "Vilebrequin tordu, clavette cisaillée : choc.",
    "M08": "Bobinage grillé, surcharge, rallonge sous-dimensionnée.",
    "M09": "Filtre à air colmaté, usure abrasive du cylindre.",
    "M10": "Mal monté, pièce à l'envers.",
    "M11": "Guide brûlé, réservoir d'huile de chaîne vide.",
    "M12": "Oxydation, stocké dehors.",
    "M13": "Régulateur modifié, usage professionnel.",
    "M14": "Décharge profonde relevée par le BMS.",
    "W01": "Usure normale, pièce consommable.",
    "N01": "RAS, essai concluant.",
    "D12": "Dommage de transport, réserves au transporteur.",
}
HOSTILE = (
    '=HYPERLINK("http://exemple.invalid";"cliquez")',
    "<script>alert(1)</script>",
    "'; DROP TABLE orders; --",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    'première ligne\ndeuxième ligne, avec "guillemets"',
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} ${7*7}",
)
EMOJIS = (" 😡", " 🙏", " 👍", " 🌱")
STREETS = ("rue des Lilas", "avenue du Verger", "chemin de la Source", "impasse du Moulin")
LANGUAGE_OF_COUNTRY = ("fr", "fr", "de", "it", "es")


def descriptions(
    world: World, rng: np.random.Generator, tickets: Columns, country: Array
) -> dict[str, pl.Series]:
    """`description`, `language_code`, and the planted piece in it: `kind`, `value`."""
    size = len(country)
    languages = np.array(LANGUAGE_OF_COUNTRY, dtype=object)[country]
    codes = world.catalogue.faults.codes
    pool: list[str] = []
    first_of: dict[tuple[str, str], tuple[int, int]] = {}

    def add(language: str, key: str, sentences: tuple[str, ...]) -> None:
        first_of[language, key] = (len(pool), len(sentences))
        pool.extend(sentences)

    for code, cues in CUSTOMER_CUES.items():
        add("fr", code, cues)
    for name, cues in GENERIC.items():
        add("fr", name, cues)
    for language, cues in OTHER_LANGUAGES.items():
        add(language, "any", cues)
    fault = tickets["fault"]
    category = tickets["category"]
    start, count = np.zeros(size, dtype=np.int64), np.ones(size, dtype=np.int64)
    for number, code in enumerate(codes):
        mine = fault == number
        start[mine], count[mine] = first_of["fr", code]
    for name in GENERIC:
        mine = category == CATEGORIES.index(name)
        start[mine], count[mine] = first_of["fr", name]
    for language in OTHER_LANGUAGES:
        mine = languages == language
        start[mine], count[mine] = first_of[language, "any"]
    cue = start + np.floor(rng.random(size) * count).astype(np.int64)
    opening, closing = _framing(rng, languages)
    body = pl.DataFrame({"a": opening, "b": pl.Series(pool)[cue], "c": closing}).select(
        pl.concat_str("a", "b", "c")
    )
    text = body.to_series()
    text, kind, value = _spiced(world, rng, text)
    return {
        "description": text,
        "language_code": pl.Series(languages.tolist(), dtype=pl.String),
        "kind": kind,
        "value": value,
    }


def technician_notes(world: World, rng: np.random.Generator, recorded: Array) -> dict[str, pl.Series]:
    """`technician_notes` and the planted piece in it: `kind`, `value`."""
    codes = world.catalogue.faults.codes
    pool = [TECHNICIAN_CUES.get(code) or "Constat : " + CUSTOMER_CUES[code][0] for code in codes]
    text, kind, value = _spiced(world, rng, pl.Series(pool)[recorded])
    return {"technician_notes": text, "kind": kind, "value": value}


def _framing(rng: np.random.Generator, languages: Array) -> tuple[pl.Series, pl.Series]:
    out = []
    for table in (OPENINGS, CLOSINGS):
        pool = [sentence for sentences in table.values() for sentence in sentences]
        index = np.zeros(len(languages), dtype=np.int64)
        draw = rng.random(len(languages))
        start = 0
        for language, sentences in table.items():
            mine = languages == language
            index[mine] = start + np.floor(draw[mine] * len(sentences)).astype(np.int64)
            start += len(sentences)
        out.append(pl.Series(pool)[index])
    return out[0], out[1]


def _spiced(
    world: World, rng: np.random.Generator, text: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """The texts with personal or hostile pieces in a few of them; the pieces' kind and value."""
    size = len(text)
    draw, number, which = rng.random(size), rng.integers(0, 100_000, size), rng.random(size)
    personal = world.parameters.number("personal_text_share")
    hostile = personal + world.parameters.number("hostile_text_share")
    emoji = hostile + world.parameters.number("emoji_share")
    rows, sentences = [], []
    kinds: list[str | None] = [None] * size
    values: list[str | None] = [None] * size
    for row in np.flatnonzero(draw < emoji).tolist():
        n = int(number[row])
        old = text[row]
        if draw[row] < personal:
            kinds[row], values[row], sentence = _personal_piece(n, float(which[row]))
            sentences.append(old + sentence)
        elif draw[row] < hostile:
            kinds[row], values[row] = "hostile", HOSTILE[n % len(HOSTILE)]
            sentences.append(HOSTILE[n % len(HOSTILE)])
        else:
            sentences.append(old + EMOJIS[n % len(EMOJIS)])
        rows.append(row)
    if rows:
        text = text.scatter(rows, sentences)
    return text, pl.Series(kinds, dtype=pl.String), pl.Series(values, dtype=pl.String)


def _personal_piece(n: int, which: float) -> tuple[str, str, str]:
    if which < 0.4:
        mail = f"jardin.{n}@exemple.fr"
        return "email", mail, f" Écrivez-moi à {mail}."
    if which < 0.75:
        phone = f"06 39 98 {n // 100 % 100:02d} {n % 100:02d}"
        return "phone", phone, f" Rappelez-moi au {phone}."
    street = f"{1 + n % 180} {STREETS[n // 180 % len(STREETS)]}"
    return "street", street, f" La machine est au {street}."
