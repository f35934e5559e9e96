"""Products by family, and which traits a family's products may have."""

from dataclasses import dataclass

from gencls.sources.relevance.catalogue.trait import Phrases


@dataclass(frozen=True, slots=True)
class Product:
    """What a product is called."""

    family: str
    names: Phrases
    """The first is the usual one; each serves in queries and in notes."""
    plural: bool


@dataclass(frozen=True, slots=True)
class Family:
    """What the products of a family have in common."""

    kinds: Phrases
    """Kinds of traits (catalogue/__init__.py)."""
    materials: Phrases
    prices: tuple[int, int]
    """Euros, lowest and highest."""


FAMILIES: dict[str, Family] = {
    "footwear": Family(
        kinds=("colour", "material", "season", "audience", "waterproof"),
        materials=("leather", "canvas", "wool"),
        prices=(20, 160),
    ),
    "bags": Family(
        kinds=("colour", "material", "size", "waterproof", "wheels", "pockets"),
        materials=("leather", "canvas", "nylon"),
        prices=(15, 180),
    ),
    "clothes": Family(
        kinds=("colour", "material", "season", "audience", "washable", "pockets"),
        materials=("leather", "cotton", "wool"),
        prices=(15, 150),
    ),
    "appliances": Family(
        kinds=("colour", "material", "size", "quiet", "cordless", "dishwasher"),
        materials=("steel", "glass", "plastic"),
        prices=(20, 150),
    ),
    "cookware": Family(
        kinds=("material", "size", "nonstick", "dishwasher", "lid"),
        materials=("steel", "glass", "iron"),
        prices=(15, 120),
    ),
    "furniture": Family(
        kinds=("colour", "material", "size", "foldable", "wheels"),
        materials=("wood", "steel", "glass"),
        prices=(40, 250),
    ),
    "bedding": Family(
        kinds=("colour", "material", "season", "size", "washable"),
        materials=("cotton", "wool", "down"),
        prices=(15, 140),
    ),
    "audio": Family(
        kinds=("colour", "size", "audience", "cordless", "microphone", "foldable"),
        materials=(),
        prices=(20, 220),
    ),
}

PRODUCTS: dict[str, Product] = {
    "boots": Product("footwear", ("boots", "ankle boots"), plural=True),
    "trainers": Product("footwear", ("trainers", "sneakers"), plural=True),
    "sandals": Product("footwear", ("sandals", "open-toed shoes"), plural=True),
    "backpack": Product("bags", ("backpack", "rucksack"), plural=False),
    "suitcase": Product("bags", ("suitcase", "trolley case"), plural=False),
    "handbag": Product("bags", ("handbag", "purse"), plural=False),
    "coat": Product("clothes", ("coat", "overcoat"), plural=False),
    "jumper": Product("clothes", ("jumper", "sweater"), plural=False),
    "gloves": Product("clothes", ("gloves", "mittens"), plural=True),
    "kettle": Product("appliances", ("kettle", "water boiler"), plural=False),
    "blender": Product("appliances", ("blender", "smoothie maker"), plural=False),
    "coffee_maker": Product("appliances", ("coffee maker", "espresso machine"), plural=False),
    "frying_pan": Product("cookware", ("frying pan", "skillet"), plural=False),
    "saucepan": Product("cookware", ("saucepan", "cooking pot"), plural=False),
    "casserole": Product("cookware", ("casserole", "Dutch oven"), plural=False),
    "desk": Product("furniture", ("desk", "writing table"), plural=False),
    "armchair": Product("furniture", ("armchair", "easy chair"), plural=False),
    "bookcase": Product("furniture", ("bookcase", "bookshelf"), plural=False),
    "duvet": Product("bedding", ("duvet", "quilt"), plural=False),
    "pillow": Product("bedding", ("pillow", "head cushion"), plural=False),
    "blanket": Product("bedding", ("blanket", "bed throw"), plural=False),
    "headphones": Product("audio", ("headphones", "over-ear headset"), plural=True),
    "speaker": Product("audio", ("speaker", "loudspeaker"), plural=False),
    "radio": Product("audio", ("radio", "radio receiver"), plural=False),
}
"""Three to a family, so that a related product is as easily drawn in each."""
