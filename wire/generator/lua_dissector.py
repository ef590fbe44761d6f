"""lua_dissector.py - the tables in front of the Wireshark dissectors in wire/dissector/."""
import json
from pathlib import Path

DISSECTORS = Path(__file__).parent.parent / 'dissector'


def lua(value):
    """Python values as Lua: lists and dictionaries as tables."""
    if value is None:
        return 'nil'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, str)):
        return json.dumps(value)
    if isinstance(value, list):
        return '{' + ', '.join(lua(v) for v in value) + '}'
    keys = ', '.join((f'{k} = ' if isinstance(k, str) else f'[{k}] = ') + lua(v) for k, v in value.items())
    return '{' + keys + '}'


def table(name, rows):
    return f'local {name} = {{\n' + ''.join(f'  [{key if isinstance(key, int) else json.dumps(key)}] = {lua(value)},\n'
                                           for key, value in rows.items()) + '}\n'


class FieldList:
    """Every (abbreviation, name, type, enumeration) once; a name with several types gets several abbreviations."""

    def __init__(self):
        self.ids = {}
        self.abbreviations = set()

    def id_of(self, field):
        key = (field.name, field.type, field.enum.name if field.enum else None)
        if key not in self.ids:
            short = field.snake
            while short in self.abbreviations:
                short += '_'
            self.abbreviations.add(short)
            self.ids[key] = (len(self.ids) + 1, short)
        return self.ids[key][0]

    def rows(self):
        return {number: [short, name, kind, enum] for (name, kind, enum), (number, short) in self.ids.items()}


def ged188_dissector(schema):
    fields = FieldList()
    messages = {m.number: message_row(m, fields) for m in schema.messages}
    enums = {}
    for e in schema.enums.values():
        if e.mask:
            enums[e.name] = {'mask': True, 'bits': {v.value: v.spelling for v in e.values}}
        elif e.name != 'SpecialValue':
            enums[e.name] = {v.value: v.spelling for v in e.values}
    rows = ''.join(f'  [{number}] = {{{", ".join(lua(x) for x in row)}}},\n' for number, row in fields.rows().items())
    head = '-- Made from wire/ged188.json by wire/generate.py; change those, not this file.\n'
    head += table('enums', enums) + table('tags', {t.number: t.name for t in schema.tags})
    head += f'local fields = {{\n{rows}}}\n' + table('messages', messages) + '\n'
    return head + (DISSECTORS / 'ged188.lua').read_text(encoding='utf-8')


def message_row(m, fields):
    row = {'name': m.name}
    if not m.family:
        return row
    row['fixed'] = fixed_rows(m.fixed, fields)
    row['floating'] = {tag: {'id': fields.id_of(f)} for f in m.floating for tag in [f.tag] + f.also + f.lenient_also}
    if m.variants:
        row['variants'] = [variant_row(v, fields) for v in m.variants]
    return row


def fixed_rows(form, fields):
    return [{'id': fields.id_of(f), 'bytes': f.size, 'since': f.since if f.since > 9 else 0} for f in form]


def variant_row(v, fields):
    row = {'bytes': sum(f.size for f in v.fixed), 'fixed': [dict(f, since=0) for f in fixed_rows(v.fixed, fields)]}
    for key, name in (('version', 'version'), ('value_at', 'value_at'), ('lengths', 'lengths'), ('wide_values', 'wide')):
        if key in v.when:
            row[name] = v.when[key]
    row['narrow'] = v.when.get('narrow_bytes', [])
    return row


def session_dissector(session_path, ctios_path):
    session = json.loads(Path(session_path).read_text(encoding='utf-8'))
    ctios = json.loads(Path(ctios_path).read_text(encoding='utf-8'))
    width = {'u16': 2, 'u32': 4}
    enums = {e['name']: {'width': width[e['type']], 'bits': e.get('bits', False),
                         'names': {number: name[1:] for name, number, _ in e['values']}} for e in session['enums']}
    enums['EventId'] = {'width': 4, 'bits': False, 'names': {e['id']: e['name'] for e in ctios['events']}}
    enums['RequestId'] = {'width': 4, 'bits': False, 'names': {r['id']: r['name'] for r in ctios['requests']}}
    numbers = {name: number for number, name in enums['FrameType']['names'].items()}
    frames = {}
    for f in session['frames']:
        row = {'fixed': f['fixed'], 'arguments': 'arguments' in f, 'positions': f.get('positions', False),
               'fields': [{'name': x['name'], 'type': x['type'], 'offset': x['offset']} for x in f['fields']]}
        frames[numbers[f['name']]] = row
        if 'also' in f:
            frames[numbers[f['also'][1:]]] = row
    position = {'bytes': session['position']['bytes'],
                'fields': [{k: x[k] for k in ('name', 'type', 'offset')} for x in session['position']['fields']]}
    head = '-- Made from wire/session.json and wire/ctios.json by wire/generate.py; change those, not this file.\n'
    head += table('enums', enums) + table('frames', frames) + f'local position = {lua(position)}\n'
    head += table('keywords', {k['id']: k['name'] for k in ctios['keywords']}) + '\n'
    return head + (DISSECTORS / 'session.lua').read_text(encoding='utf-8')
