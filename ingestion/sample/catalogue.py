"""What the sample shop sells and the words its helpdesk uses.

Codes are positions in these tuples, so that columns are small integers until the tables are made.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingestion.sample.dice import Floats, Ints

CHANNELS = ("email", "chat", "contact_form", "social", "sms", "voice")
EMAIL, CHAT, FORM, SOCIAL, SMS, VOICE = range(len(CHANNELS))
SYNC_CHANNELS = (CHAT, VOICE)

CATEGORIES = ("wismo", "returns", "product", "order_change", "payment", "damaged", "other")
WISMO, RETURNS, PRODUCT, ORDER_CHANGE, PAYMENT, DAMAGED, OTHER = range(len(CATEGORIES))
SUBCATEGORIES = (
    ("where_is_my_order", "late_delivery", "lost_parcel"),
    ("return_request", "refund_status", "exchange"),
    ("size_and_fit", "availability", "care_and_materials"),
    ("cancel_order", "change_address", "change_item"),
    ("payment_failed", "promo_code", "invoice", "chargeback"),
    ("damaged_on_arrival", "wrong_item", "defect"),
    ("account", "feedback", "wholesale"),
)
SUBCATEGORY_SHARES = (
    (0.62, 0.3, 0.08),
    (0.5, 0.33, 0.17),
    (0.5, 0.3, 0.2),
    (0.42, 0.36, 0.22),
    (0.38, 0.36, 0.2, 0.06),
    (0.5, 0.34, 0.16),
    (0.5, 0.35, 0.15),
)

TEAMS = ("care", "returns", "chat")
CARE_TEAM, RETURNS_TEAM, CHAT_TEAM = range(len(TEAMS))

LANGUAGES = ("en", "es", "fr", "de")
BRANDS = ("Harbor & Pine", "Nestwell")
COUNTRIES = ("US", "CA", "DE", "FR", "IE", "IT")
EURO_COUNTRIES = (2, 3, 4, 5)
SALES_CHANNELS = ("web", "mobile_app", "marketplace", "phone")

TYPES = (
    # product type, brand, letters of the sku, lowest and highest price in cents
    ("Shirts", 0, "SHI", 2_900, 6_900),
    ("Trousers", 0, "TRO", 4_900, 9_900),
    ("Dresses", 0, "DRE", 5_900, 12_900),
    ("Outerwear", 0, "OUT", 8_900, 22_900),
    ("Shoes", 0, "SHO", 5_900, 14_900),
    ("Accessories", 0, "ACC", 1_500, 4_900),
    ("Bedding", 1, "BED", 3_900, 15_900),
    ("Lighting", 1, "LIG", 3_500, 12_900),
    ("Kitchen", 1, "KIT", 1_900, 8_900),
    ("Decor", 1, "DEC", 1_500, 7_900),
)
SKUS_PER_TYPE = 8


@dataclass(frozen=True)
class Products:
    """Parallel columns, one row a sku; `price` in cents, `weight` = how often it is bought."""

    sku: list[str]
    product_type: list[str]
    brand: Ints
    price: Ints
    weight: Floats


@lru_cache(maxsize=1)
def products() -> Products:
    sku, kinds, brand, price, weight = [], [], [], [], []
    for position, (kind, brand_code, letters, low, high) in enumerate(TYPES):
        for number in range(SKUS_PER_TYPE):
            sku.append(f"{letters}-{101 + 7 * number}")
            kinds.append(kind)
            brand.append(brand_code)
            step = (high - low) * ((number * 5) % SKUS_PER_TYPE) // (SKUS_PER_TYPE - 1)
            price.append((low + step) // 100 * 100 + 90)
            weight.append(1.0 / (1 + (number * 3 + position) % SKUS_PER_TYPE))
    return Products(sku, kinds, np.array(brand), np.array(price), np.array(weight))


DEFECTIVE_SKU = 4 * SKUS_PER_TYPE + 2  # a pair of shoes whose soles come off
