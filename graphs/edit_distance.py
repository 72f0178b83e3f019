"""How much somebody changed: the fewest characters put in, taken out or replaced that make one text of another."""


def edit_distance(one: str, other: str) -> int:
    """Myers' bit vectors in Hyyrö's form: a column of the table is two whole numbers, so that long texts are quick."""
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for place, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << place
    every, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    higher, lower, distance = every, 0, len(one)
    for character in other:
        same = places.get(character, 0)
        sideways = (((same & higher) + higher) ^ higher) | same
        up = lower | ~(sideways | higher) & every
        down = higher & sideways
        distance += bool(up & last) - bool(down & last)
        up, down, kept = (up << 1 | 1) & every, (down << 1) & every, same | lower
        higher, lower = down | ~(kept | up) & every, up & kept
    return distance
