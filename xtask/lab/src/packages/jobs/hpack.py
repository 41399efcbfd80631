import hpack


def headers(given=[[":method", "GET"], ["x-long", "value " * 5], ["cookie", "a=b"]]):
    """Compresses headers with Huffman's code and a dynamic table."""
    encoder, decoder = hpack.Encoder(), hpack.Decoder()
    first, second = (encoder.encode([tuple(pair) for pair in given]) for _ in range(2))
    return [first.hex(), second.hex(), [list(pair) for pair in decoder.decode(first)]]
