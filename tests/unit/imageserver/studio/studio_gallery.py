"""The gallery: prompts of every family, ratio, ground, role and script that the studio promises."""

from typing import NamedTuple

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality


class Piece(NamedTuple):
    """One picture of the gallery, and the family that its words should be read as."""

    name: str
    ratio: tuple[int, int]
    family: str
    prompt: str
    transparent: bool = False

    def order(self, quality=PaintQuality.LOW):
        return PaintOrder(
            prompt=self.prompt, ratio=self.ratio, quality=quality, transparent=self.transparent
        )


SODA = (
    "A photorealistic product photo of an amber glass bottle of Citrus Soda on a wet studio table, "
    "soft reflections, premium lighting, minimal background"
)
GALLERY = (
    # the document's own words, and the campaigns' in every documented ratio
    Piece(
        "document",
        (4, 3),
        "bottle",
        "A photorealistic product photo of a citrus soda bottle on a wet studio table, "
        "soft reflections, premium lighting, minimal background.",
    ),
    Piece("soda-1x1", (1, 1), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece("soda-4x3", (4, 3), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece("soda-16x9", (16, 9), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece("soda-9x21", (9, 21), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece("soda-1x2", (1, 2), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece("soda-2x1", (2, 1), "bottle", f'{SODA}, with the headline "SUMMER CRUSH".'),
    Piece(
        "crush-poster",
        (4, 3),
        "bottle",
        'Summer poster for a lemonade bottle with headline "SUMMER CRUSH" and price card "$2.49", '
        "ice and mint, bright airy lighting",
    ),
    Piece(
        "mango-arabic",
        (1, 1),
        "bottle",
        'ملصق poster for a mango juice bottle, headline "عصير الصيف" and price card "9.99", '
        "soft light",
    ),
    Piece(
        "kombucha",
        (3, 4),
        "bottle",
        'Poster for a ginger kombucha bottle with the label "BUBBLE & ROOT", headline '
        '"Alive in every sip", tagline "Brewed in small batches", stone table',
    ),
    Piece(
        "cola-neon",
        (16, 9),
        "bottle",
        'Banner for a cola bottle with label "RUSH", neon lighting, headline "AFTER DARK", '
        'button "Grab one"',
    ),
    # wine
    Piece(
        "wine-photo",
        (9, 16),
        "wine",
        'Product photo of a wine bottle with label "Terra Alta" on a wood table, dramatic lighting',
    ),
    Piece(
        "wine-long",
        (3, 4),
        "wine",
        'Poster for a wine bottle with label "Terra Alta", headline "An evening in the hills of '
        'northern Spain", tagline "Harvest 2021, aged eighteen months in oak", dramatic light',
    ),
    Piece(
        "olive-oil",
        (4, 3),
        "wine",
        'An olive oil bottle with the label "Oro Verde" on a stone table, warm sunlight',
    ),
    # cans
    Piece(
        "volt",
        (9, 16),
        "can",
        'Story ad for a berry energy drink can with the label "VOLT" on a wet table, neon '
        'lighting, headline "NEVER DIM", tagline "Zero sugar. All charge."',
    ),
    Piece(
        "seltzer",
        (1, 1),
        "can",
        "A photorealistic product photo of a can of Berry Seltzer on a wet studio table, "
        'soft reflections, bright lighting, with the headline "BERRY COLD".',
    ),
    Piece("cans-three", (1, 1), "can", "Three cans of Lime Tonic on ice, bright light"),
    Piece(
        "can-cutout", (1, 1), "can", "A can of Peach Fizz, studio light, cutout", transparent=True
    ),
    # jars
    Piece(
        "cream",
        (1, 2),
        "jar",
        'Poster of a face cream jar on a stone table with rose petals, headline "Soft is strong", '
        "soft light, blush background",
    ),
    Piece(
        "velvet",
        (16, 9),
        "jar",
        'A face cream jar with the label "VELVET" on a stone pedestal with rose petals, '
        'soft light, blush background, headline "Softness, daily"',
    ),
    Piece(
        "honey",
        (1, 1),
        "jar",
        'A jar of Wild Honey on a wood table, morning light, headline "Straight from the hive"',
    ),
    Piece("jam-cutout", (1, 1), "jar", "A strawberry jam jar, cutout", transparent=True),
    # droppers
    Piece(
        "lumina",
        (1, 1),
        "dropper",
        'Product photo of a vitamin C serum dropper bottle with label "LUMINA" on a marble table, '
        "dramatic lighting, luxury skincare, dark background",
    ),
    Piece(
        "glow",
        (3, 1),
        "dropper",
        'Leaderboard banner for a serum dropper bottle with label "LUMINA", headline '
        '"Glow all winter", button "Discover"',
    ),
    Piece(
        "oil",
        (3, 4),
        "dropper",
        "An essential oil of Cedar & Sage in a dropper bottle, pebbles, spa, soft light",
    ),
    # boxes
    Piece(
        "kakawa",
        (2, 1),
        "box",
        'Billboard for a chocolate bar box packaging panel, label "KAKAWA", headline '
        '"70% dark. 100% calm.", brown background',
    ),
    Piece(
        "oats",
        (4, 3),
        "box",
        "Product photo of a box of Morning Oats cereal on a wood table, golden hour light",
    ),
    Piece(
        "tea-cutout", (4, 3), "box", 'A green tea box with label "SENCHA", cutout', transparent=True
    ),
    # pouches
    Piece(
        "roast",
        (16, 9),
        "pouch",
        'Banner: coffee bag pouch with label "NORTH ROAST", scattered coffee beans on a rustic '
        'wood table, golden hour light, headline "Wake up slow", button "Shop now"',
    ),
    Piece(
        "blend",
        (1, 2),
        "pouch",
        "A product photo of a coffee pouch of House Blend with coffee beans on a wood table, "
        'warm morning light, headline "Slow mornings", tagline "Small batch. Big flavour."',
    ),
    Piece("granola", (1, 1), "pouch", 'A pouch of granola, label "CRUNCH", price "€4.50"'),
    # mugs and cups
    Piece(
        "monday",
        (1, 1),
        "mug",
        'Photo of a ceramic mug with logo "MONDAY" on a wood table, morning light, '
        "cream background",
    ),
    Piece(
        "mug-greek",
        (4, 3),
        "mug",
        'Poster for a mug with logo "MONDAY", headline "Μεγάλη έκπτωση", tagline "Только сегодня"',
    ),
    Piece(
        "drip",
        (1, 1),
        "cup",
        'Product photo of a paper cup with label "DRIP" on a stone table, soft light, coffee',
    ),
    Piece(
        "skyscraper",
        (1, 3),
        "cup",
        'Skyscraper ad for a paper cup of coffee with label "DRIP", headline "Good morning", '
        'price "$3"',
    ),
    # tubes
    Piece(
        "soleil",
        (9, 16),
        "tube",
        'Product photo of a sunscreen tube with label "SOLEIL 50" on sand, golden hour sunlight, '
        "blue background",
    ),
    Piece(
        "toothpaste",
        (1, 1),
        "tube",
        'A toothpaste tube with the label "FRESH MINT" on a mirror surface, bright airy light',
    ),
    # candles
    Piece(
        "hush",
        (4, 3),
        "candle",
        'A lavender candle with label "HUSH" on a wood table, dramatic warm light',
    ),
    Piece(
        "evening",
        (2, 1),
        "candle",
        "A lavender candle of Quiet Hours on a marble table, dramatic warm light, headline "
        '"Light the evening"',
    ),
    Piece("linen", (4, 3), "candle", 'A sandalwood candle with the label "HUSH" on a linen cloth'),
    Piece("candle-cutout", (1, 1), "candle", "An amber glass candle, cutout", transparent=True),
    # phones
    Piece(
        "calm",
        (9, 21),
        "phone",
        'App screen mockup on a phone, label "Save smarter", headline "Money, but calm.", '
        "teal background, soft light",
    ),
    Piece(
        "moves",
        (16, 9),
        "phone",
        'A smartphone showing an app with the label "Pay friends", headline "Money moves.", '
        'tagline "Send, split and save", button "Get the app"',
    ),
    # perfumes
    Piece(
        "noir",
        (1, 1),
        "perfume",
        "Photorealistic perfume bottle on a mirror table, moody cinematic lighting, gold accents, "
        'label "NOIR 27"',
    ),
    Piece(
        "night",
        (1, 1),
        "perfume",
        'A perfume bottle with the label "NOIR 27" on a pedestal, luxury, dark background, '
        'headline "Wear the night"',
    ),
    # headphones
    Piece(
        "headphones",
        (4, 3),
        "headphones",
        "Product photo of wireless headphones, teal, soft light, beige background",
    ),
    Piece(
        "quiet",
        (16, 9),
        "headphones",
        'Banner for headphones, headline "Hear the quiet", price "199 €", dark background',
    ),
    # boards
    Piece("today", (1, 2), "board", 'Menu board sign, headline "TODAY", tagline "Soup and bread"'),
    Piece(
        "menu",
        (3, 4),
        "board",
        'Café menu board with the title "COFFEE", items "Espresso" "2.40" "Flat white" "3.60" '
        '"Filter" "3.00" "Cortado" "3.20" "Oat latte" "4.10"',
    ),
    # words alone
    Piece(
        "sale",
        (1, 1),
        "words",
        'Big sale poster, headline "50% OFF", tagline "This weekend only", button "Shop the sale"',
    ),
    Piece("hello", (16, 9), "words", 'Banner, headline "We open on Friday", teal'),
    # what stands on a dressing table, what is worn
    Piece(
        "shampoo",
        (3, 4),
        "pump",
        'Shampoo bottle with the label "SILK" on a wet table, soft light, headline "Wash day", '
        "blue background",
    ),
    Piece("lotion-cutout", (1, 1), "pump", "A body lotion pump bottle, cutout", transparent=True),
    Piece(
        "watch",
        (1, 1),
        "watch",
        "A luxury watch on black velvet, dramatic lighting, gold accents",
    ),
    Piece(
        "smartwatch",
        (4, 3),
        "watch",
        'Smartwatch ad, headline "Time, redefined", dark background',
    ),
    Piece(
        "shades",
        (16, 9),
        "sunglasses",
        'Sunglasses on sand, golden hour, headline "Shade well thrown"',
    ),
    Piece("white-sneaker", (4, 3), "sneaker", "A white sneaker on a concrete floor, studio light"),
    # unknown subjects
    Piece(
        "sneaker",
        (16, 9),
        "sneaker",
        'Banner for a running shoe launch, headline "Made to move", button "Get yours", '
        "bright lighting, coral background",
    ),
    Piece(
        "burger",
        (9, 16),
        "burger",
        'Story ad of a smash burger on a wooden table, headline "Friday = Burger day", '
        'price card "£7.50", warm light',
    ),
    Piece("backpack", (1, 1), "backpack", "A pink backpack product cutout", transparent=True),
    Piece(
        "camera",
        (2, 1),
        "glyph",
        'Billboard for a vintage camera, headline "Keep the moment", dramatic lighting',
    ),
    Piece("pizza", (5, 4), "pizza", 'Flyer for a pizza, headline "Hot in 12 minutes", price "$9"'),
    Piece("guitar", (2, 3), "glyph", "A guitar, soft light"),
    Piece("plant", (3, 2), "glyph", "A potted plant on a wood table, golden hour"),
    Piece(
        "lipstick",
        (9, 16),
        "lipstick",
        'Story ad for a lipstick, headline "Red, obviously", pink background',
    ),
    # things drawn by hand
    Piece("drink", (9, 16), "glass", 'Iced tea in a glass, headline "Slow sips", price "$4"'),
    Piece("shirts", (2, 1), "t-shirt", "White, grey and navy t-shirts"),
    Piece("dress", (4, 5), "dress", 'A scarlet dress, headline "Twirl"'),
    Piece("sofa", (21, 9), "sofa", 'A green sofa, headline "Sit with it", button "See it"'),
    Piece("armchairs", (3, 1), "armchair", 'Two armchairs, headline "A PAIR", price "$498"'),
    Piece("lamp", (3, 4), "lamp", 'A brass lamp, label "LUX", low angle'),
    Piece("vase", (1, 1), "vase", "A cobalt blue vase"),
    Piece("book", (2, 3), "book", 'A book, title "THE LONG TIDE", author "Mara Quist"'),
    Piece("laptop", (16, 9), "laptop", 'A laptop, label "NINE", headline "Back to campus"'),
    Piece("handbag", (1, 1), "handbag", "An olive handbag, overhead"),
    Piece("scoops", (4, 5), "ice cream", 'Three scoops of ice cream, headline "Three is a meal"'),
    Piece("cake", (1, 1), "cake", 'A cake, label "SWEET"'),
    Piece("soaps", (3, 2), "soap", "Three bars of soap"),
    Piece("ring", (1, 1), "ring", 'A gold ring with an emerald, headline "Say it"'),
    Piece("speaker", (3, 2), "speaker", 'An orange speaker, label "BOOM"'),
    Piece("suitcase", (1, 2), "suitcase", 'A pink suitcase, headline "Gate 12", label "ROAM"'),
    Piece(
        "unknown", (9, 16), "noun", 'A red kettlebell, headline "Lift", price "$30", button "Go"'
    ),
    Piece("nonsense", (1, 1), "noun", "Something indescribable, ineffable, unheard of"),
    # what nobody should send
    Piece("empty", (1, 1), "words", ""),
    Piece("emoji", (1, 1), "pizza", "🍕🔥"),
    Piece("cyrillic", (1, 1), "words", "Плакат: «Скоро лето»"),
    Piece(
        "hindi",
        (4, 3),
        "mug",
        'Poster for a mug, headline "सुबह की चाय", button "अभी खरीदें", orange background',
    ),
    Piece(
        "mixed",
        (4, 3),
        "can",
        'Poster for a can, headline "عرض 50% OFF اليوم", tagline "خصم اليوم فقط", blue background',
    ),
    Piece(
        "two-prices",
        (4, 3),
        "jar",
        'Poster for a honey jar, headline "Two for one", price "€9.90" price "€4.95"',
    ),
    Piece(
        "loud",
        (1, 1),
        "bottle",
        'Poster for a juice bottle, headline "FRESH" tagline "Pressed today" tagline '
        '"Cold all the way" button "Order" button "Find a shop" price "$4"',
    ),
    Piece(
        "cutout-copy",
        (4, 3),
        "can",
        'A can of Peach Fizz with the headline "PEACH ON", transparent background',
        transparent=True,
    ),
)
