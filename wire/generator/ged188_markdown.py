"""ged188_markdown.py - the protocol reference: every message, field, tag and enumeration as one Markdown page."""
from ged188_schema import OLDEST

SENDER = {'client': 'client → server', 'server': 'server → client', 'both': 'either way'}


def reference(schema):
    out = '''# CTI Server protocol reference

Made from wire/ged188.json; change that, not this page. Covers protocol versions 9 to 25.

A message is a header of 8 bytes (MessageLength, MessageType; the length does not count the header), a fixed part, and
floating fields to the end. Integers are big endian and packed. A floating field is tag, length, data: one byte each for tag
and length up to version 19, two each from 20. A STRING ends with one NUL, counted in its length and maximum. Offsets count
from the end of the header; "since" marks what later versions added at the end.

'''
    out += contents(schema)
    for family, what in schema.families.items():
        out += f'\n## {family}\n\n{what[:1].upper() + what[1:]}. Views and encoders: `wire/ged188/{family}.hpp`.\n'
        out += ''.join(message_text(m) for m in schema.messages if m.family == family)
    return out + names_only(schema) + doubts(schema) + tags(schema) + ''.join(enum_text(e) for e in schema.enums.values())


def contents(schema):
    rows = ''.join(f'| [{m.name}](#{m.name.lower()}) | {m.number} | {m.family} | {SENDER[m.sender]} |\n'
                   for m in schema.messages if m.family)
    return '| message | number | family | direction |\n| --- | --- | --- | --- |\n' + rows


def since_text(since, until=255):
    parts = [f'since {since}'] if since > OLDEST else []
    parts += [f'until {until}'] if until != 255 else []
    return ', '.join(parts)


def message_text(m):
    out = f'\n### {m.name}\n\nNumber {m.number}, {SENDER[m.sender]}'
    out += f', {since_text(m.since)}' if m.since > OLDEST else ''
    out += f', answered by {m.reply} or {m.refusal}' if m.reply and m.refusal else f', answered by {m.reply}' if m.reply else ''
    out += f'. Another reading of the guide gives number {m.alt_number}' if m.alt_number else ''
    sizes = ', '.join(f'{size} bytes' + (f' from version {since}' if since else '') for since, size in m.steps)
    out += f'. Fixed part: {sizes}.\n'
    if m.fixed:
        out += '\n| offset | fixed field | type | values | versions |\n| --- | --- | --- | --- | --- |\n'
        out += ''.join(fixed_row(f) for f in m.fixed)
    if m.floating:
        out += '\n| tag | floating field | type | at most | values | versions | |\n| --- | --- | --- | --- | --- | --- | --- |\n'
        out += ''.join(floating_row(f) for f in m.floating)
    for g in m.groups:
        limit = f', at most {g.max}' if g.max else ''
        inside = f' inside each of `{g.inside.name}`' if g.inside else ''
        out += f'\nList `{g.name}`{inside}, counted by {g.count}{limit}: {", ".join(f.name for f in g.fields)}.\n'
    for v in m.variants:
        form = ', '.join(f'{f.name} {f.type}' for f in v.fixed)
        out += f'\nAlso read ({v.doubt}): fixed part {form}.\n'
    for v in m.fallbacks:
        form = ', '.join(f'{f.name} {f.type}' for f in v.fixed)
        out += f'\nRead by tools when nothing else fits ({v.doubt}): fixed part {form}.\n'
    if m.unwritable:
        out += f'\nWithout a known tag, never written: {", ".join(m.unwritable)}.\n'
    return out


def link(enum):
    return f'[{enum.name}](#{enum.name.lower()})' if enum else ''


def fixed_row(f):
    values = 'zero' if f.reserved else link(f.enum)
    return f'| {f.offset} | {f.name} | {f.type} | {values} | {since_text(f.since)} |\n'


def floating_row(f):
    remarks = ['required'] if f.required else []
    remarks += [f'in `{f.group.name}`'] if f.group else []
    remarks += [f'also tag {t}' for t in f.also + f.lenient_also]
    return (f'| {f.tag} | {f.name} | {f.type} | {f.max} | {link(f.enum)} | {since_text(f.since, f.until)} | '
            f'{", ".join(remarks)} |\n')


def names_only(schema):
    rows = ', '.join(f'{m.name} {m.number}' for m in schema.messages if not m.family)
    return f'\n## Known by number and name only\n\nTheir layouts are not published: {rows}.\n'


def doubts(schema):
    rows = ''.join(f'| {key} | {text} |\n' for key, text in schema.doubts.items())
    return '\n## Doubts, and what this implementation does\n\n| id | |\n| --- | --- |\n' + rows


def tags(schema):
    rows = ''.join(f'| {t.number} | {t.name} | {t.type or ""} | {t.max or ""} |\n' for t in schema.tags)
    return '\n## Tags\n\n| tag | name | type | at most |\n| --- | --- | --- | --- |\n' + rows


def enum_text(e):
    kind = 'Mask' if e.mask else 'Enumeration'
    rows = ''.join(f'| {hex(v.value) if e.mask else v.value} | {v.spelling} | {since_text(v.since)} |\n' for v in e.values)
    return f'\n## {e.name}\n\n{kind} of {e.size} bytes.\n\n| value | name | versions |\n| --- | --- | --- |\n{rows}'
