"""Fillers of the slots. One message draws each slot once, so that "the lamp" of both its sentences is the same lamp."""

HARD_ITEMS = (
    "lamp", "kettle", "toaster", "mirror", "vase", "radio", "teapot", "clock", "iron", "blender", "tablet", "umbrella",
)  # fmt: skip
SOFT_ITEMS = ("jacket", "jumper", "coat", "dress", "rucksack", "scarf", "blanket", "apron")
HARD_DAMAGE = ("broken", "cracked", "in pieces", "smashed", "dented")
SOFT_DAMAGE = ("torn", "ripped", "full of holes", "badly stained")

COLOURS = ("blue", "red", "green", "black", "white", "grey", "brown", "yellow")
VARIANTS = ("a larger one", "a smaller one", "a larger size", "a smaller size", "another size", "another colour")

ORDERS = ("my order", "order {number}", "my order {number}", "order #{number}", "my order from {month}")
PARCELS = ("my parcel", "my package", "my order", "order {number}", "parcel {number}", "my shipment")
SUBSCRIPTIONS = ("my subscription", "my membership", "my monthly box", "my coffee subscription", "subscription {number}")

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "September", "October", "November", "December")
AGO = ("last week", "on {day2}", "two days ago", "yesterday", "this morning", "a few days ago", "last night")
DAY_COUNTS = ("two days", "three days", "four days", "a week", "ten days")
SPANS = ("for two weeks", "for a month", "for three months", "until {month}", "over the holidays", "for the summer", "while I am away")
DELIVERY_TIMES = ("in the morning", "in the afternoon", "in the evening", "after six", "before noon", "at the weekend")
PLACES = ("my office", "my parents' house", "my new flat", "my neighbour's house", "my sister's flat", "12 Mill Lane", "7 Park Road")
DEVICES = ("on my phone", "on my laptop", "with the app", "on the website", "on the new tablet")
