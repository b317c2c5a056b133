"""Fields of variable length in records: text as one length byte and UTF-8, absent ones read as ""."""


def cut(text, max_bytes):
    """UTF-8 of `text`, shortened to `max_bytes` (at most 255) at a character's border: a record never fails for a long
    comment."""
    data = str(text).encode()
    if len(data) > max_bytes:
        end = max_bytes
        while data[end] & 0xC0 == 0x80:
            end -= 1
        data = data[:end]
    return data


def pack_texts(texts, limits):
    """bytes of several texts, each cut to its limit."""
    out = bytearray()
    for text, limit in zip(texts, limits):
        data = cut(text, limit)
        out.append(len(data))
        out.extend(data)
    return bytes(out)


def unpack_texts(data, offset, count):
    """List of `count` texts from `offset` on; those that an older record does not have, or that are none, are ""."""
    texts = []
    for _ in range(count):
        text = ""
        if offset < len(data):
            end = offset + 1 + data[offset]
            try:
                text = data[offset + 1:end].decode()
            except UnicodeError:
                text = ""
            offset = end
        texts.append(text)
    return texts


def clamp(value, highest):
    """An integer forced into 0..highest, as struct would cut it silently."""
    return 0 if value < 0 else highest if value > highest else int(value)
