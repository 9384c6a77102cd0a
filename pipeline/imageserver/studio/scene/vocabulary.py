"""The grammar's words, as patterns over the lower-case prompt without its quotes."""

from pipeline.imageserver.studio.scene.scene import Glass, Light, Prop, Role, Style, Surface

BOARDS = r"\bmenu|chalk ?board|\bboard\b|\bsign\b|price list"
POSTERS = (
    r"poster|billboard|banner|flyer|\bads?\b|advert|\bsale\b|\bstory\b|campaign|key visual|leaflet"
)

SURFACES: tuple[tuple[Surface, str], ...] = (
    (Surface.WET, r"\bwet\b|\brain|puddle|\bdew|splash|water drop"),
    (Surface.MARBLE, r"marble"),
    (Surface.WOOD, r"\bwood|\boak|walnut|rustic|table top|timber"),
    (Surface.STONE, r"\bstone|concrete|slate|\brock\b|terrazzo|travertine"),
    (Surface.SAND, r"\bsand\b|beach|desert|dune"),
    (Surface.MIRROR, r"mirror|glass table|acrylic|glossy|polished"),
    (Surface.FABRIC, r"linen|fabric|silk|velvet|satin|cloth"),
)

LIGHTS: tuple[tuple[Light, str], ...] = (
    (Light.NEON, r"neon(?! (?:green|yellow|pink|orange|blue|red|lime))|cyberpunk|synthwave"),
    (Light.GOLDEN, r"golden.?hour|sunset|sunrise|sunlit|sunlight|morning light|window light"),
    (Light.DRAMATIC, r"dramatic|moody|low.?key|\bdark\b|noir\b|cinematic|candle.?light|black back"),
    (Light.BRIGHT, r"high.?key|bright|\bairy|white background|daylight"),
    (Light.SOFT, r"soft light|softbox|diffuse|soft shadow|gentle light"),
    (Light.DRAMATIC, r"luxur"),
    (Light.GOLDEN, r"warm light|warm glow"),
    (Light.BRIGHT, r"\bclean\b"),
)
"""From the strongest word to the weakest; the first that matches decides."""

WARM = r"\bwarm|golden|sunset|sunrise|sunlit|sunlight|candle|amber light|cos[yi]|autumn"

PROPS: tuple[tuple[Prop, str], ...] = (
    (Prop.ORANGE, r"citrus|orange slice|\boranges\b|orange (soda|juice|peel|zest)|blood orange"),
    (Prop.LEMON, r"citrus|lemon"),
    (Prop.LIME, r"citrus|\blimes?\b|mojito"),
    (Prop.GRAPEFRUIT, r"grapefruit"),
    (
        Prop.MINT,
        r"\bmint|herb|basil|\bleaf|leaves|botanic|\beco\b|green tea|cucumber|matcha|eucalypt",
    ),
    (Prop.BERRY, r"berr(y|ies)|cherr"),
    (Prop.BEANS, r"coffee|espresso|\bbeans\b|\broast"),
    (Prop.ICE, r"\bice\b(?! cream)|\biced\b|ice.cold|frosty|chilled"),
    (Prop.PETAL, r"\broses?\b|petal|flower|floral|blossom|lavender|jasmine|peony"),
    (Prop.PEBBLE, r"\bspa\b|pebble|\bzen\b|skincare"),
    (Prop.PEDESTAL, r"pedestal|podium|plinth|\bstage\b"),
)

GLASSES: tuple[tuple[Glass, str], ...] = (
    (Glass.AMBER, r"amber( |-)(glass|bottle|jar|dropper|vial)|brown glass"),
    (Glass.GREEN, r"green glass"),
    (Glass.BLUE, r"(cobalt|blue) glass"),
    (Glass.FROSTED, r"frosted"),
    (Glass.BLACK, r"(black|matte black|dark) (glass|bottle|jar|can|tube|pouch|box)"),
)

PRESERVES = r"honey|\bjam\b|marmalade|peanut|pickle|sauce|spread|preserve|chutney|olives|pesto"
"""Contents of a jar of clear glass; any other jar is of frosted glass."""

BREWED = r"\bbeers?\b|\blager|\bstout\b|\bipa\b|(?<!ginger )\bale\b"
"""Contents of brown bottles."""

STYLES: tuple[tuple[Style, str], ...] = (
    (
        Style.LUX,
        (
            r"luxur|perfume|fragrance|elegant|serum|candle|\bwine|jewel|skincare|couture|"
            r"face cream|moisturi|cosmetic|beauty|make-?up|lipstick|handbag"
        ),
    ),
    (Style.SCRIPT, r"handmade|bakery|vintage|retro|artisan|homemade|bistro"),
    (Style.BOLD, r"\bsale\b|neon|energy|sport|sneaker|\bshoes?\b|\bgym\b|burger|street|festival"),
    (
        Style.CRAFT,
        r"coffee|roast|honey|\bjam\b|bread|oats|granola|olive|organic|\btea\b|chocolate|garden|farm",
    ),
    (Style.TECH, r"\bapp\b|tech|phone|headphone|laptop|software|gadget|smart"),
)

ROLES: tuple[tuple[Role, str], ...] = (
    (Role.PRICE, r"price|\$|€|£|¥"),
    (
        Role.LABEL,
        (
            r"label(?: (?:says|reads|saying|reading|is))?|\bbrand|logo|packag|wordmark|"
            r"reads? on the|named|called|\bapp\b|\bauthor|"
            r"on the (bottle|can|jar|box|cup|tube|bag|mug|pouch|screen)"
        ),
    ),
    (Role.CTA, r"button|\bcta\b|call to action|sticker|badge|stamp"),
    (
        Role.SUB,
        (
            r"tagline|subhead|subtitle|sub-?line|slogan|small text|below|strapline|\bsub\b|"
            r"\bdate\b|claim"
        ),
    ),
    (Role.CAPTION, r"caption"),
    (Role.MENU, r"\bmenu(?: ?board)?|items?\b|listing|list\b|dishes"),
    (
        Role.HEADLINE,
        (
            r"headline|title|poster|banner|billboard|heading|\bsign\b|reading|\bsays\b|"
            r"\btext\b|\bwords?\b|board|\bnames?\b|lettering"
        ),
    ),
)
