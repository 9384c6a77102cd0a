"""What each product is drawn with: the parts that take a colour, the room for labels."""

from pipeline.imageserver.studio.scene.scene import Family

DRAWN_PARTS: dict[Family, tuple[str, ...]] = {
    Family.BOTTLE: ("cap", "lid", "stopper"),
    Family.WINE: ("cap", "lid", "stopper"),
    Family.DROPPER: ("cap", "lid", "collar"),
    Family.PUMP: ("pump", "cap", "lid", "collar"),
    Family.JAR: ("lid", "cap"),
    Family.CUP: ("lid",),
    Family.MUG: ("handle",),
    Family.TUBE: ("cap", "lid"),
    Family.CANDLE: ("jar", "pot", "glass", "tin", "vase", "mug", "bowl"),
    Family.PERFUME: ("cap", "stopper", "lid", "bottle"),
    Family.HEADPHONES: ("ear cups", "band", "cushion"),
    Family.LIPSTICK: ("cap", "lid"),
    Family.SNEAKER: ("sole", "laces"),
    Family.WATCH: ("band", "dial"),
    Family.SUNGLASSES: ("lens", "frame"),
    Family.GLASS: ("straw", "tumbler", "glass"),
    Family.TSHIRT: ("collar",),
    Family.DRESS: ("collar", "hem", "bow", "ribbon"),
    Family.SOFA: ("cushion", "leg"),
    Family.ARMCHAIR: ("cushion", "leg"),
    Family.LAMP: ("shade",),
    Family.BOOK: ("cover", "ribbon"),
    Family.HANDBAG: ("handle", "hardware"),
    Family.BACKPACK: ("pocket", "band"),
    Family.ICE_CREAM: ("cone",),
    Family.CAKE: ("frosting", "plate"),
    Family.SUITCASE: ("handle", "tag"),
}
"""Parts of each product that are drawn in a colour of their own."""

ICON_PARTS: dict[str, tuple[str, ...]] = {
    "chocolate-bar": ("wrapper",),
    "cupcake": ("frosting",),
    "doughnut": ("frosting",),
    "candy": ("wrapper",),
    "umbrella": ("cover",),
    "shortcake": ("frosting",),
}
"""The part whose colour is the main colour of an icon."""

LABEL_ROOM: dict[Family, int] = {
    **dict.fromkeys(
        (
            Family.BOTTLE,
            Family.WINE,
            Family.CAN,
            Family.JAR,
            Family.DROPPER,
            Family.BOX,
            Family.POUCH,
            Family.MUG,
            Family.CUP,
            Family.TUBE,
            Family.CANDLE,
            Family.PHONE,
            Family.PERFUME,
            Family.PUMP,
            Family.BOARD,
        ),
        4,
    ),
    Family.BOOK: 3,
    Family.TSHIRT: 2,
    Family.LAPTOP: 2,
}
"""Number of texts that each product has room for; the others have none."""

ROUND_FROM_ABOVE = (Family.MUG, Family.GLASS, Family.CAKE, Family.PIZZA)
"""Products of which a camera straight above sees no side, and so no label."""
