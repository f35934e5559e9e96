"""Words that belong to several leaves, most of them to several tops: which is meant, the rest of the query says. `{w}` is the word."""

AMBIGUOUS: dict[str, dict[str, tuple[str, ...]]] = {
    "mouse": {
        "electronics/computers": (
            "wireless {w}",
            "{w} with two buttons",
            "silent {w} for the office",
            "gaming {w}",
            "{w} and keyboard set",
        ),
        "pets/rodents": ("{w} cage", "what does a {w} eat", "bedding for my {w}", "running wheel for a {w}", "home for a pet {w}"),
    },
    "keyboard": {
        "electronics/computers": ("mechanical {w}", "{w} for typing", "{w} with number pad", "qwerty {w}", "backlit {w} usb"),
        "music/keyboards": (
            "{w} with 88 weighted keys",
            "{w} to learn bach on",
            "{w} with organ sounds",
            "{w} and sustain pedal",
            "portable {w} for the choir",
        ),
    },
    "keys": {
        "music/keyboards": ("73 weighted {w}", "{w} that feel like a grand", "ivory {w} for scales"),
        "toys/plush": ("fluffy bunny that hangs on my {w}", "tiny teddy for {w}", "unicorn ring for {w}, very fluffy"),
    },
    "glasses": {
        "kitchen/tableware": ("champagne {w}", "{w} for red wine", "six {w} for water", "whisky {w} crystal", "{w} with a stem"),
        "electronics/televisions": ("3d {w} for my flat screen", "{w} to watch 3d films at home", "pair of 3d {w} for the projector"),
        "sports/cycling": ("{w} against wind on the bike", "sporty {w} for long rides", "{w} to keep flies out of my eyes on my bike"),
    },
    "trainer": {
        "sports/cycling": ("indoor {w} for my road bike", "{w} to pedal in the living room", "smart {w} with roller for the back wheel"),
        "clothing/shoes": ("retro {w} in white suede", "{w} with a thick sole to wear with a dress", "{w} in wide fit for the office"),
    },
    "pot": {
        "kitchen/cookware": ("{w} for soup", "big {w} for pasta", "{w} with two handles for stew", "ten litre {w} for boiling"),
        "garden/plants": ("{w} for my olive tree", "terracotta {w}", "{w} with hole for geraniums", "big {w} for a fig tree"),
        "kitchen/coffee": ("{w} for earl grey", "moka {w}", "{w} that keeps filter brew hot"),
    },
    "bed": {
        "furniture/beds": ("{w} for two", "{w} 160 x 200", "{w} with slats", "wooden {w} for teenagers"),
        "garden/plants": ("raised {w} for lettuce", "{w} for strawberries", "soil for a raised {w}"),
        "pets/dogs": ("{w} for our labrador", "orthopaedic {w} for an old spaniel", "{w} a puppy cannot chew up"),
        "pets/cats": ("heated {w} for a kitten", "{w} for the window, for kitty", "{w} like a cave for our tom"),
    },
    "nails": {
        "beauty/nails": ("glue for false {w}", "{w} in nude with glitter", "press-on {w}", "strengthener for brittle {w}"),
        "pets/cats": ("clippers for a kitten's {w}", "caps for the {w} of our tom", "{w} of my tom are too long"),
    },
    "brush": {
        "beauty/makeup": ("{w} for blusher", "kabuki {w}", "slanted {w} for eyeliner"),
        "beauty/haircare": ("{w} for thick curls", "round {w} for blow-drying", "wooden {w} against static"),
        "pets/dogs": ("{w} for a retriever's undercoat", "{w} for a poodle", "rubber {w} for a muddy spaniel"),
        "garden/barbecues": ("wire {w} for the grate", "{w} to put marinade on ribs", "{w} to clean burnt fat off a grate"),
    },
    "mask": {
        "beauty/skincare": ("clay {w}", "overnight {w} for dry cheeks", "peel-off {w} against blackheads"),
        "sports/swimming": ("diving {w}", "{w} and snorkel", "full-face {w} for the reef"),
        "beauty/haircare": ("{w} for split ends", "repair {w} for bleached locks", "{w} to leave in wet curls"),
    },
    "polish": {
        "beauty/nails": ("red {w} that dries fast", "gel {w} with lamp", "bottle of {w} in coral for toes"),
        "clothing/shoes": ("black {w} for leather boots", "{w} and cloth for loafers", "{w} to make brogues shine"),
    },
    "helmet": {
        "sports/cycling": ("{w} for commuting on two wheels", "folding {w} for a city bike", "{w} with light for e-bikes"),
        "sports/climbing": ("{w} for the slope with visor", "{w} for via ferrata", "{w} for snowboarders"),
        "pets/horses": ("{w} for a young rider with her pony", "{w} for show jumping", "velvet {w} for dressage"),
    },
    "saddle": {
        "sports/cycling": ("gel {w} for my road bike", "{w} with springs for a city bike", "narrow {w} for racing on two wheels"),
        "pets/horses": ("{w} for dressage", "{w} with stirrups", "western {w} for a pony"),
    },
    "boots": {
        "clothing/shoes": ("lined {w} for the city", "{w} with a heel", "lace-up {w} in brown leather"),
        "sports/climbing": ("{w} with stiff shell for the slope", "{w} for crampons", "{w} for ski touring"),
        "pets/horses": ("tall {w} for dressage", "{w} to wear in the stirrups", "{w} for my pony's hooves"),
    },
    "bass": {
        "music/guitars": ("four-string {w} with amp", "{w} for rock, electric", "short scale {w}"),
        "music/violins": ("upright {w} with bow", "{w} for the orchestra", "rosin for a {w} bow"),
        "electronics/headphones": ("earbuds with strong {w}", "more {w} in my ears on the bus", "over-ear with deep {w}"),
    },
    "bow": {
        "music/violins": ("{w} for a cello", "carbon {w} for vivaldi", "rehair my {w} set"),
        "clothing/dresses": ("gown with a big {w} at the back", "something pink with a {w} for a bridesmaid", "skirt tied with a {w}"),
    },
    "recorder": {
        "music/wind": ("wooden {w} for school", "soprano {w} in c", "{w} with baroque fingering"),
        "music/recording": ("{w} with four tracks", "handheld {w} for rehearsals", "field {w} with two mics"),
    },
    "stool": {
        "furniture/chairs": ("{w} for the kitchen island", "three-legged {w}", "{w} 75 cm high"),
        "music/keyboards": ("{w} for practising bach", "{w} at the grand", "height-adjustable {w} for scales"),
        "music/drums": ("throne or {w} behind the kit", "{w} for a five-piece kit", "round {w} with thread for drummers"),
    },
    "grill": {
        "garden/barbecues": ("{w} with charcoal tray", "{w} on wheels with gas bottle", "round {w} for sausages"),
        "kitchen/appliances": ("contact {w} for sandwiches", "electric table {w} with raclette", "panini {w}"),
    },
    "kettle": {
        "kitchen/coffee": ("{w} for green tea", "{w} with gooseneck", "whistling {w}"),
        "garden/barbecues": ("{w} of 57 cm for coals", "{w} with ash catcher for ribs", "charcoal {w} with vent"),
    },
    "iron": {
        "beauty/haircare": ("cone-shaped {w} for curls", "flat {w} for straight locks", "{w} for beach waves"),
        "kitchen/appliances": ("{w} for belgian waffles", "heart-shaped waffle {w}", "ice cone {w}"),
    },
    "filter": {
        "kitchen/coffee": ("paper {w} size 4", "permanent {w} for drip brewing", "{w} holder for pour-over"),
        "pets/fish": ("{w} for 60 litres with guppies", "external {w} for a reef", "sponge for the {w} of a tank"),
        "electronics/cameras": ("polarising {w} 67 mm", "nd {w} for long exposure", "uv {w} for my lens"),
    },
    "lens": {
        "electronics/cameras": ("macro {w}", "50 mm {w} f/1.8", "wide-angle {w} with mount"),
        "electronics/phones": (
            "clip-on {w} for my mobile",
            "protection glass for the {w} of my mobile",
            "scratched {w} on the back of my mobile",
        ),
    },
    "screen": {
        "electronics/phones": ("cracked {w} on my mobile", "glass for a 6 inch {w}", "{w} replacement kit for mobile"),
        "electronics/computers": ("27 inch {w} for spreadsheets", "second {w} for my laptop", "{w} with hdmi and arm for the desk"),
        "electronics/televisions": ("pull-down {w} for the projector", "75 inch {w} for the match", "curved {w} to watch series on"),
    },
    "strap": {
        "electronics/watches": ("22 mm {w}", "silicone {w} for my wrist", "{w} with quick release and buckle"),
        "electronics/cameras": ("neck {w} for my dslr", "{w} for a heavy zoom", "wrist {w} for a compact with viewfinder"),
        "music/guitars": ("leather {w} with locks for my telecaster", "{w} for a bass player", "wide {w} for long gigs"),
    },
    "tank": {
        "pets/fish": ("{w} for neons", "nano {w} for shrimps", "corner {w} of 180 litres for guppies"),
        "clothing/shirts": ("{w} top", "ribbed {w} without sleeves", "{w} with racer back to wear in summer"),
        "toys/vehicles": ("{w} with remote control and turret", "toy {w} that drives over books", "rc {w} 1:16"),
    },
    "horn": {
        "music/wind": ("french {w}", "{w} in f with case", "brass {w} for hunters"),
        "toys/plush": ("unicorn with a glitter {w} to cuddle", "cuddly rhino with soft {w}", "fluffy goat with one {w}"),
    },
    "jumper": {
        "clothing/shirts": ("merino {w}", "{w} with reindeer", "chunky {w} in beige"),
        "pets/dogs": ("knitted {w} for a dachshund", "{w} for a pug that feels cold", "{w} with hole for the lead"),
        "pets/horses": ("girth for a show {w}", "fences for a young {w} and her rider", "bandages for a show {w}'s legs"),
    },
    "crane": {
        "toys/vehicles": ("yellow {w} with remote control", "{w} truck for the sandpit", "lorry with a {w} on top"),
        "toys/blocks": ("{w} to build from metal strips and screws", "{w} of 800 bricks", "{w} kit with gears and string"),
    },
    "swing": {
        "garden/seating": ("{w} with canopy for three", "hollywood {w}", "{w} for the terrace with cushions"),
        "pets/birds": ("{w} for budgies", "wooden {w} for a parrot", "{w} with bell for canaries"),
    },
    "house": {
        "toys/dolls": ("{w} with tiny furniture", "pink {w} for princess figures", "{w} with lift for little people to dress"),
        "pets/rodents": ("wooden {w} for guinea pigs", "{w} for a hamster to hide in", "straw {w} to gnaw"),
        "pets/birds": ("{w} for sparrows", "{w} on a pole with seeds", "{w} for tits with 32 mm hole"),
    },
    "board": {
        "kitchen/knives": ("bamboo {w} for chopping", "{w} with juice groove", "{w} that is kind to blades"),
        "toys/games": ("{w} with 64 squares and figures", "{w} for backgammon", "wooden {w} for nine men's morris"),
        "sports/swimming": ("{w} to hold while kicking in the pool", "{w} to learn the crawl", "inflatable {w} with paddle for the lake"),
    },
    "cards": {
        "toys/games": ("trick-taking {w}", "deck of {w} for skat", "{w} for rummy, two decks"),
        "electronics/cameras": ("memory {w} for raw files", "fast {w} for 4k clips on my dslr", "two sd {w} for my dslr"),
    },
    "chair": {
        "furniture/chairs": ("{w} with mesh back for long days at work", "{w} for the dining room", "upholstered {w} with oak legs"),
        "garden/seating": ("stackable {w} for the patio", "{w} that does not rot in the rain", "adirondack {w}"),
        "sports/camping": ("folding {w} for festivals", "{w} of 900 grams for hikers", "low {w} for the campfire"),
    },
    "light": {
        "furniture/lamps": ("{w} over the dining table", "clip-on {w} for bed", "{w} with pull cord for the hall"),
        "garden/lighting": ("{w} with sensor for the driveway", "{w} with ground spike for shrubs", "{w} for the patio, ip65"),
        "sports/cycling": ("rear {w} in red for commuting on two wheels", "{w} with dynamo", "front {w} 80 lux for handlebars"),
    },
    "bag": {
        "sports/camping": ("down {w} for cold nights", "{w} to sleep in at minus five", "mummy {w} for tall hikers"),
        "electronics/cameras": ("{w} for a dslr and two zooms", "padded {w} for photographers", "{w} with dividers for my tripod and body"),
        "sports/climbing": ("{w} for chalk", "{w} to carry skis", "{w} for a 70 m rope"),
    },
    "shorts": {
        "clothing/trousers": ("denim {w}", "linen {w} with belt", "smart {w} for summer at work"),
        "sports/cycling": ("{w} with padding for long rides", "bib {w}", "padded {w} for mountain trails on two wheels"),
        "sports/swimming": ("{w} for the pool with liner", "quick-drying {w} for surfing", "{w} in neon for the beach bay"),
    },
    "gown": {
        "clothing/dresses": ("bridal {w}", "{w} for the opera ball", "floor-length {w} with sequins"),
        "clothing/nightwear": ("{w} of terry cloth", "{w} to put on after the bath", "quilted {w} for chilly mornings"),
    },
    "map": {
        "books/travel": ("{w} of the highlands", "laminated {w} of paris", "{w} with all mountain huts"),
        "toys/puzzles": (
            "{w} of the world in 500 pieces",
            "{w} of europe to put together piece by piece",
            "wooden {w} with one piece for each country",
        ),
    },
    "course": {
        "books/textbooks": ("italian {w} with exercises", "{w} in statistics with solutions", "touch typing {w} to work through"),
        "books/children": (
            "first letters {w} with stickers for preschool",
            "{w} in reading for my five-year-old with a dragon",
            "drawing {w} with crayons for little ones",
        ),
    },
    "pan": {
        "kitchen/cookware": ("{w} for omelettes", "{w} with removable handle", "28 cm {w} for steak"),
        "books/cookbooks": ("dinners from one {w}, 100 recipes", "fifty recipes for a single {w}", "author who cooks all in one {w}"),
    },
}
