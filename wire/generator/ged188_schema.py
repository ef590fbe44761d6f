"""ged188_schema.py - reads wire/ged188.json and refuses a schema that contradicts itself.

Everything the back-ends need is worked out here once: offsets, enumerator names, group membership, field positions.
"""
import json
from types import SimpleNamespace

from naming import constant, pascal, singular, snake, strip_prefix

WIDTH = {'UCHAR': 1, 'USHORT': 2, 'SHORT': 2, 'BOOL': 2, 'UINT': 4, 'INT': 4, 'TIME': 4}
CPP = {'UCHAR': 'std::uint8_t', 'USHORT': 'std::uint16_t', 'SHORT': 'std::int16_t', 'BOOL': 'std::uint16_t',
       'UINT': 'std::uint32_t', 'INT': 'std::int32_t', 'TIME': 'std::uint32_t'}
OLDEST = 9
TAGS_MAX = 320
MEMBERS_MAX = 32
FLOATING_MAX = 61  # slots of the fast check, see FieldTable


class SchemaError(Exception):
    """The schema contradicts itself; the text says where."""


def need(condition, where, what):
    if not condition:
        raise SchemaError(f'{where}: {what}')


def load(path):
    with open(path, encoding='utf-8') as file:
        raw = json.load(file)
    schema = SimpleNamespace(versions=raw['versions'], limits=raw['limits'], families=raw['families'],
                             doubts=raw['doubts'])
    schema.enums = {name: read_enum(name, e) for name, e in raw['enums'].items()}
    schema.tags = [SimpleNamespace(number=n, name=name, type=kind, max=size) for n, name, kind, size in raw['tags']]
    schema.messages = [read_message(m, schema) for m in raw['messages']]
    check(schema)
    return schema


def read_enum(name, raw):
    enum = SimpleNamespace(name=name, mask=raw['kind'] == 'mask', size=raw['size'], status=raw.get('status', 0),
                           null=raw.get('null'), unnamed=sum(raw.get('unnamed', [])), values=[])
    since = raw.get('since', {})
    for spelling, value in raw['values'].items():
        short = strip_prefix(spelling, raw.get('prefix', []))
        if enum.mask:
            short = short.removesuffix('_MASK')
        enum.values.append(SimpleNamespace(spelling=spelling, constant=constant(short), value=value,
                                           since=since.get(spelling, 0)))
    taken = set()
    for value in enum.values:  # CEC_BUSY and CECX_BUSY: the later one keeps what tells it apart
        if value.constant in taken:
            value.constant = constant(value.spelling)
        need(value.constant not in taken, name, f'enumerator {value.constant} twice')
        taken.add(value.constant)
    if not enum.mask and name != 'SpecialValue':
        need(len({v.value for v in enum.values}) == len(enum.values), name, 'a value twice')
    return enum


def read_fixed(raw, where, schema):
    offset = 0
    fields = []
    for f in raw:
        size = f.get('size') or WIDTH[f['type']]
        field = SimpleNamespace(name=f['name'], snake=snake(f['name']), type=f['type'], size=size, offset=offset,
                                since=f.get('since', 0), null=f.get('null', 0), reserved=f.get('reserved', False),
                                enum=schema.enums[f['enum']] if 'enum' in f else None,
                                minimum=f.get('minimum', 0), minimum_status=f.get('minimum_status', 0))
        need(field.enum is None or field.enum.size == size, f'{where}.{field.name}', 'enumeration of another width')
        fields.append(field)
        offset += size
    return fields


def read_floating(raw, schema):
    fields = []
    for f in raw:
        if f['tag'] is None:  # no known tag: documented, never read or written
            continue
        fields.append(SimpleNamespace(
            name=f['name'], snake=snake(f['name']), type=f['type'], max=f['max'], tag=f['tag'],
            since=f.get('since', 0), until=f.get('until', 255), required=f.get('required', False),
            repeats=f.get('repeats', False), any_width=f.get('any_width', False), split=f.get('split', False),
            also=f.get('also', []), lenient_also=f.get('lenient_also', []), charset=f.get('charset', ''),
            enum=schema.enums[f['enum']] if 'enum' in f else None, group=None, counts=None))
    return fields


def read_message(raw, schema):
    m = SimpleNamespace(name=raw['name'], number=raw['number'], pascal=pascal(raw['name']),
                        family=raw.get('family', ''), sender=raw['from'], since=raw.get('since', 0),
                        reply=raw.get('reply', ''), refusal=raw.get('refusal', ''),
                        listed_tags=raw.get('listed_tags', []), alt_number=raw.get('alt_number'))
    m.fixed = read_fixed(raw.get('fixed', []), m.name, schema)
    m.unwritable = [f['name'] for f in raw.get('floating', []) if f['tag'] is None]
    m.floating = read_floating(raw.get('floating', []), schema)
    m.variants = [SimpleNamespace(doubt=v['doubt'], when=v['when'], fixed=read_fixed(v['fixed'], m.name, schema))
                  for v in raw.get('variants', [])]
    m.fallbacks = [SimpleNamespace(doubt=v['doubt'], fixed=read_fixed(v['fixed'], m.name, schema))
                   for v in raw.get('fallbacks', [])]
    need(not m.fallbacks or not raw.get('groups'), m.name, 'a fallback of a message with counted lists')
    m.groups = read_groups(raw.get('groups', []), m)
    m.steps = fixed_steps(m)
    return m


def read_groups(raw, m):
    fixed = {f.name: f for f in m.fixed}
    floating = {f.name: f for f in m.floating}
    groups = []
    for g in raw:
        where = f'{m.name}.{g["name"]}'
        group = SimpleNamespace(name=g['name'], entry=pascal(singular(g['name'])), count=g['count'],
                                max=g.get('max', 0), status=g.get('status', 0), inside=None, index=len(groups),
                                nested=[], fields=[floating[x] for x in g['fields']])
        group.fixed_count = fixed.get(g['count'])
        group.floating_count = floating.get(g['count'])
        need(group.fixed_count or group.floating_count, where, 'no count field')
        if 'inside' in g:
            group.inside = next(x for x in groups if x.name == g['inside'])
            group.inside.nested.append(group)
        for field in group.fields:
            need(field.repeats and field.group is None, where, f'{field.name} is no list field of its own')
            field.group = group
        groups.append(group)
    for group in groups:
        if group.floating_count:
            group.floating_count.counts = group
            since = group.floating_count.since
        else:
            since = group.fixed_count.since
        need(group.fields[0].since <= max(since, OLDEST), f'{m.name}.{group.name}', 'counted before its first field')
    return groups


def fixed_steps(m):
    """[(since, size)]: later fields stand at the end, so that offsets are the same in every version."""
    steps = [(0, 0)]
    for field in m.fixed:
        since = field.since if field.since > OLDEST else 0
        need(since >= steps[-1][0], f'{m.name}.{field.name}', 'a field of an older version behind a newer one')
        if since > steps[-1][0]:
            steps.append((since, steps[-1][1]))
        steps[-1] = (steps[-1][0], field.offset + field.size)
    return steps


def check(schema):
    numbers = [m.number for m in schema.messages]
    need(numbers == sorted(set(numbers)), 'messages', 'not ascending or twice')
    need(len({m.name for m in schema.messages}) == len(numbers), 'messages', 'a name twice')
    tags = {t.number: t for t in schema.tags}
    need(len(tags) == len(schema.tags) and max(tags) < TAGS_MAX and min(tags) > 0, 'tags', 'twice or out of range')
    names = {m.name for m in schema.messages}
    for m in schema.messages:
        check_message(m, tags, names, schema)


def check_message(m, tags, names, schema):
    need(not m.family or m.family in schema.families, m.name, f'family {m.family} unknown')
    need(len(m.floating) <= FLOATING_MAX, m.name, 'too many floating fields')
    for x in (m.reply, m.refusal):
        need(not x or x in names, m.name, f'{x} unknown')
    accessors = [f.snake for f in m.fixed] + [f.snake for f in m.floating] + [g.name for g in m.groups]
    need(len(set(accessors)) == len(accessors), m.name, 'two fields of one name')
    used = set()
    for f in m.floating:
        where = f'{m.name}.{f.name}'
        for tag in [f.tag] + f.also + f.lenient_also:
            need(tag in tags and tag not in used, where, f'tag {tag} unknown or used twice')
            used.add(tag)
        need(len(f.also + f.lenient_also) <= 1, where, 'more than one second spelling')
        need(f.repeats == (f.group is not None), where, 'repeats outside a list')
        need(not (f.required and f.since > OLDEST), where, 'required, but not in every version')
        if f.type in WIDTH:
            need(f.max == WIDTH[f.type], where, 'width')
            kind = tags[f.tag].type
            need(kind in (None, f.type) or {kind, f.type} == {'INT', 'UINT'}, where, 'another type than its tag')
    for g in m.groups:
        members = len(g.fields) + sum(len(n.fields) for n in g.nested)
        need(members <= MEMBERS_MAX, f'{m.name}.{g.name}', 'too many fields')
