"""Colours and materials. Each has a second name, so that a query and a note may mean the same in other words."""

from gencls.sources.relevance.catalogue.trait import Phrases, Trait

COLOUR_YES = (
    "{it} {is} {c}",
    "I got {them} in {c}",
    "the colour is a lovely {c}",
    "mine {is} {c}",
    "I went for {c}",
    "{c} all over, just like in the picture",
    "the {c} is even prettier in daylight",
    "I took {them} in {c}",
)
COLOUR_NO = ("{c} is not to be had", "{it} {is} not {c} at all", "it is a pity that {it} {does} not come in {c}")
COLOUR_AFTER = ("in {c}", "in a nice {c}", "colour {c}", "in {c} if possible")
COLOUR_WITHOUT = ("not {c}", "but not in {c}", "in any colour but {c}", "anything but {c}")

MATERIAL_YES = (
    "{it} {is} made of {m}",
    "the material is {m}",
    "{m} through and through",
    "you can feel that it is {m}",
    "solid work in {m}",
    "the label says {m}",
    "{m}, and you can see it",
    "made of {m}",
)
MATERIAL_NO = (
    "there is no {m} in {them}",
    "not a trace of {m}",
    "I checked, {it} {has} no {m}",
    "the label says that there is no {m} in {them}",
)
MATERIAL_AFTER = ("made of {m}", "out of {m}", "in {m}", "of {m}")
MATERIAL_WITHOUT = ("without {m}", "no {m}", "not made of {m}", "but not {m}", "free of {m}", "without any {m}")


def _either(templates: Phrases, slot: str, names: Phrases) -> Phrases:
    """Every template with every name; a template's names stand together, so that held back are templates and not names."""
    return tuple(template.replace(f"{{{slot}}}", name) for template in templates for name in names)


def _colour(*names: str) -> Trait:
    return Trait(
        before=names,
        after=_either(COLOUR_AFTER, "c", names),
        without=_either(COLOUR_WITHOUT, "c", names[:1]),
        yes=_either(COLOUR_YES, "c", names),
        no=_either(COLOUR_NO, "c", names[:1]),
        bystander=names[0],
    )


def _material(adjective: str, *names: str) -> Trait:
    return Trait(
        before=(adjective,),
        after=_either(MATERIAL_AFTER, "m", names),
        without=_either(MATERIAL_WITHOUT, "m", names[:1]),
        yes=_either(MATERIAL_YES, "m", names),
        no=_either(MATERIAL_NO, "m", names[:1]),
        bystander=adjective,
    )


COLOURS = {
    "black": _colour("black", "jet black"),
    "white": _colour("white", "ivory"),
    "blue": _colour("blue", "navy"),
    "red": _colour("red", "crimson"),
    "green": _colour("green", "olive"),
    "grey": _colour("grey", "charcoal"),
}

MATERIALS = {
    "leather": _material("leather", "leather", "cowhide"),
    "canvas": _material("canvas", "canvas", "sailcloth"),
    "cotton": _material("cotton", "cotton"),
    "wool": _material("woollen", "wool", "merino"),
    "nylon": _material("nylon", "nylon", "recycled nylon"),
    "down": _material("down", "down", "goose feathers"),
    "wood": _material("wooden", "wood", "oak"),
    "steel": _material("steel", "steel", "stainless steel"),
    "plastic": _material("plastic", "plastic", "acrylic"),
    "glass": _material("glass", "glass"),
    "iron": _material("cast iron", "cast iron", "enamelled iron"),
}
