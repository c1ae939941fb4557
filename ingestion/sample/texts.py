"""What is said in the sample shop's tickets: short bodies by purpose, category and language.

They are few and plain on purpose: enough for the tests of order numbers and for a reader of a
drill-down, without the weight of a made-up corpus.
"""

import numpy as np

from ingestion.sample.catalogue import CATEGORIES, LANGUAGES
from ingestion.sample.dice import Dice, Ints, Keys

OPENINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "wismo": (
            "Hi, where is my order? The tracking has not moved for days.",
            "My parcel should have been here by now. Can you check?",
            "Tracking says delivered but there is nothing at the door.",
        ),
        "returns": (
            "I would like to return this, it does not fit.",
            "I sent my return last week. When do I get the refund?",
            "Can I swap it for the next size up?",
        ),
        "product": (
            "Does this run small? I am between two sizes.",
            "Will this colour be back in stock?",
            "Can I put it in the washing machine?",
        ),
        "order_change": (
            "Please cancel my order, I ordered by mistake.",
            "I gave the wrong address, can you change it before it ships?",
            "Can I change one item for another colour?",
        ),
        "payment": (
            "My card was declined but the money is gone.",
            "The promo code does not work at checkout.",
            "Could you send me an invoice with our company name?",
        ),
        "damaged": (
            "It arrived broken. What can we do?",
            "You sent me the wrong item.",
            "The sole came off after two days.",
        ),
        "other": (
            "I cannot log in to my account.",
            "Just some feedback about your new website.",
            "Do you sell to small boutiques?",
        ),
    },
    "es": {
        "wismo": ("Hola, ¿dónde está mi pedido?",),
        "returns": ("Quiero devolver este artículo, no me queda bien.",),
        "product": ("¿Esta talla es pequeña?",),
        "order_change": ("Por favor, cancelen mi pedido.",),
        "payment": ("El código de descuento no funciona.",),
        "damaged": ("El paquete llegó roto.",),
        "other": ("No puedo entrar en mi cuenta.",),
    },
    "fr": {
        "wismo": ("Bonjour, où est ma commande ?",),
        "returns": ("Je voudrais retourner cet article.",),
        "product": ("Cette taille est-elle petite ?",),
        "order_change": ("Merci d'annuler ma commande.",),
        "payment": ("Mon code promo ne marche pas.",),
        "damaged": ("Le colis est arrivé abîmé.",),
        "other": ("Je ne peux plus me connecter.",),
    },
    "de": {
        "wismo": ("Hallo, wo bleibt meine Bestellung?",),
        "returns": ("Ich möchte den Artikel zurückgeben.",),
        "product": ("Fällt das Modell klein aus?",),
        "order_change": ("Bitte stornieren Sie meine Bestellung.",),
        "payment": ("Der Gutscheincode funktioniert nicht.",),
        "damaged": ("Die Ware kam beschädigt an.",),
        "other": ("Ich kann mich nicht anmelden.",),
    },
}

LINES: dict[str, tuple[str, ...]] = {
    "auto_ack": ("Thanks for writing. This is an automatic receipt, we will be with you soon.",),
    "greeting": ("Hi! I am the shop's assistant. How can I help?",),
    "ai_answer": (
        "Here is what I found, and the next step for you.",
        "Good news: I could look that up. The details are below.",
        "I have done that for you. You will get a confirmation by e-mail.",
    ),
    "ai_recommendation": ("From your sizes I would suggest these two. Shall I add one?",),
    "ai_handoff": ("Let me bring in a colleague who can help with this.",),
    "ai_draft": ("Draft: apologise, give the tracking link, offer express replacement.",),
    "customer_more": (
        "And how long will that take?",
        "That is not quite what I meant.",
        "Here is the picture you asked for.",
        "Okay, and what about the other item?",
    ),
    "customer_wants_human": ("Can I talk to a person, please?",),
    "customer_again": (
        "I am sorry to write again, but this is still not solved.",
        "It happened again. Can somebody look into it?",
    ),
    "customer_thanks": ("Thank you!", "Great, thanks a lot.", "Perfect, cheers!"),
    "customer_auto": ("I am out of the office until Monday and will answer then.",),
    "bounce": ("Delivery has failed: mailbox unavailable.",),
    "human_answer": (
        "Hi, thanks for waiting. I have checked and here is what we can do.",
        "Hello, I have sorted this out for you.",
        "Hi there, the details are below. Tell me if anything is unclear.",
    ),
    "human_question": (
        "Happy to help. Could you send a photo and the size?",
        "Could you confirm the address, please?",
    ),
    "human_hold": ("I have asked our carrier and will write as soon as they answer.",),
    "note": ("Checked with the warehouse, see the order's timeline.", "VIP, be quick."),
    "rule_answer": ("Your parcel is on its way. Track it with the link in this message.",),
    "inactive": ("We have not heard from you, so we close this for now.",),
    "outbound": ("Your item is delayed by a week. Tell us if you would rather cancel.",),
    "spam": ("Rank first on every search engine. Cheap offer inside.", "You have won a prize!"),
    "test": ("Test, please ignore.",),
    "duplicate": ("Hello? I wrote before but got no answer.",),
}


def _number() -> tuple[list[str], dict[str, list[int]]]:
    bodies: list[str] = []
    places: dict[str, list[int]] = {}
    groups = list(LINES.items())
    groups += [
        (f"opening/{language}/{category}", lines)
        for language, by_category in OPENINGS.items()
        for category, lines in by_category.items()
    ]
    for name, lines in groups:
        places[name] = list(range(len(bodies), len(bodies) + len(lines)))
        bodies.extend(lines)
    return bodies, places


BODIES, _PLACES = _number()


def line(dice: Dice, purpose: str, keys: Keys) -> Ints:
    """Positions in BODIES of one of the purpose's lines for each key."""
    places = np.array(_PLACES[purpose])
    return places[dice.choice(f"text/{purpose}", keys, np.ones(len(places)))]


def opening(dice: Dice, keys: Keys, languages: Ints, categories: Ints) -> Ints:
    """The first message of a customer: positions in BODIES."""
    drawn = dice.uniform("text/opening", keys)
    picked = np.zeros(len(keys), dtype=np.int64)
    for language, language_name in enumerate(LANGUAGES):
        for category, category_name in enumerate(CATEGORIES):
            rows = (languages == language) & (categories == category)
            places = np.array(_PLACES[f"opening/{language_name}/{category_name}"])
            picked[rows] = places[(drawn[rows] * len(places)).astype(np.int64)]
    return picked
