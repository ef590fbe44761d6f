"""ged188_dictionary.py - the fuzzer's dictionary: message numbers, and floating headers in both widths."""


def dictionary(schema):
    out = '# Made from wire/ged188.json: message numbers and headers of floating fields.\n'
    for m in schema.messages:
        if m.family:
            out += f'{m.name.lower()}={escaped(m.number.to_bytes(4, "big"))}\n'
    fields = {f.tag: f.max for m in schema.messages for f in m.floating}
    for tag, size in sorted(fields.items()):
        if tag < 256:
            out += f'narrow_{tag}={escaped(bytes([tag, min(size, 255)]))}\n'
        out += f'wide_{tag}={escaped(tag.to_bytes(2, "big") + size.to_bytes(2, "big"))}\n'
    return out


def escaped(raw):
    return '"' + ''.join(f'\\x{byte:02x}' for byte in raw) + '"'
