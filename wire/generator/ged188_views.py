"""ged188_views.py - the in-place views: one class per message, and the constants that decode() needs."""
from ged188_schema import CPP, OLDEST, WIDTH
from naming import constant

COLUMNS = 100

SENDER = {'client': 'From the client.', 'server': 'From the server.', 'both': 'From either side.'}


def hexed(value):
    return hex(value).upper().replace('X', 'x') if value > 9 else str(value)


def view_class(m):
    out = f'/// {m.name} ({m.number}). {SENDER[m.sender]}'
    if m.since > OLDEST:
        out += f' Since version {m.since}.'
    out += f'''
class {m.pascal}View : public MessageView {{
 public:
  static constexpr MessageType kType = MessageType::{constant(m.name)};
  static constexpr std::string_view kName = "{m.name}";

  static Result<{m.pascal}View, DecodeError> decode(Bytes body, Version version,
      Strictness strictness = Strictness::kLenient) {{
    {m.pascal}View view;
    if (view.open(kLayout, body, version, strictness)) return view;
    return Err{{explain(kLayout, body, version, strictness)}};
  }}
'''
    if m.floating:
        out += f'''  /// Leniently, every floating field told to `sink` in the pass that checks it. See FieldSink.
  template <FieldSink Sink>
  static Result<{m.pascal}View, DecodeError> decode_each(Bytes body, Version version, Sink&& sink) {{
    {m.pascal}View view;
    if (view.open_each(kLayout, body, version, sink)) return view;
    return Err{{explain(kLayout, body, version, Strictness::kLenient)}};
  }}
'''
    accessors = ''.join(fixed_accessor(f, m) for f in all_fixed(m))
    singles = [f for f in m.floating if f.group is None]
    accessors += ''.join(floating_accessor(f, m) for f in singles)
    if accessors:
        out += '\n' + accessors
    for g in m.groups:
        if g.inside is None:
            out += '\n' + group_text(g, m, 2)
    out += '\n private:\n  static const Layout kLayout;\n'
    out += ''.join(f'  static const GroupTags k{g.entry}Tags;\n' for g in m.groups)
    if m.groups:
        out += f'  static const CountedGroup kCounted[{len(m.groups)}];\n'
    return out + '};\n'


def all_fixed(m):
    """Fixed fields of all printed forms, each once, in the order in which they are met."""
    fields = list(m.fixed)
    known = {f.name for f in fields} | {f.name for f in m.floating}
    for v in m.variants:
        for f in v.fixed:
            if f.name not in known:
                fields.append(f)
                known.add(f.name)
    return fields


def places(m, name):
    """[(form, offset)] of a fixed field in all printed forms; form 0 is the believed one."""
    forms = [m.fixed] + [v.fixed for v in m.variants]
    return [(i, f.offset) for i, form in enumerate(forms) for f in form if f.name == name]


def method(indent, head, value, remark=''):
    """One line when it fits, else its remark above and its body below."""
    line = f'{indent}{head} const noexcept {{ return {value}; }}'
    tail = f'  ///< {remark}' if remark else ''
    if len(line + tail) <= COLUMNS:
        return line + tail + '\n'
    above = f'{indent}/// {remark[:1].upper() + remark[1:]}.\n' if remark else ''
    if len(line) <= COLUMNS:
        return above + line + '\n'
    return f'{above}{indent}{head} const noexcept {{\n{indent}  return {value};\n{indent}}}\n'


def fixed_accessor(f, m):
    if f.type == 'UNSPEC':
        return method('  ', f'Bytes {f.snake}()', f'fixed_raw({f.offset}, {f.size})')
    kind = CPP[f.type]
    head = f'{kind} {f.snake}()'
    where = places(m, f.name)
    forms = 1 + len(m.variants)
    null = f'{hexed(f.null)}'
    remark = f.enum.name if f.enum else ''
    if len(where) == forms and len({offset for _, offset in where}) == 1:
        if f.since <= OLDEST:
            return method('  ', head, f'fixed<{kind}>({f.offset})', remark)
        return (method('  ', f'bool has_{f.snake}()', f'reaches({f.offset + f.size})', f'from version {f.since}') +
                method('  ', head, f'fixed_or<{kind}>({f.offset}, {null})', remark))
    if len(where) == forms:
        return method('  ', head, f'fixed<{kind}>(variant() == 0 ? {where[0][1]} : {where[1][1]})', remark)
    form, offset = where[0]
    which = f'{"not in" if form == 0 else "only in"} the form of doubt {m.variants[0].doubt}'
    return (method('  ', f'bool has_{f.snake}()', f'variant() == {form}', which) +
            method('  ', head, f'has_{f.snake}() ? fixed<{kind}>({offset}) : {kind}{{{null}}}', remark))


def tags_of(f):
    return ', '.join(map(str, [f.tag] + f.also + f.lenient_also))


def floating_accessor(f, m, indent='  '):
    # A single field has a slot in the view's own set; a field of a list is looked for in its entry.
    where = f'{m.floating.index(f)}, {tags_of(f)}' if f.group is None else tags_of(f)
    head, tail = {
        'STRING': ('std::optional<std::string_view>', f'find_text({where})'),
        'UNSPEC': ('std::optional<Bytes>', f'find_raw({where})'),
    }.get(f.type, (None, None))
    if head is None:
        kind = CPP[f.type]
        head = f'std::optional<{kind}>'
        tail = f'find_number<{kind}>({where})'
        if f.split and f.group is not None:
            other = (f.also + f.lenient_also + [0])[0]
            tail = f'find_element<{kind}>({f.tag}, {other}, element_)'
    remark = ', '.join(x for x in (f.enum.name if f.enum else '',
                                   f'from version {f.since}' if f.since > OLDEST else '') if x)
    value = tail if f.group is None else f'part_.{tail}'
    where = [(form, offset) for form, offset in places(m, f.name) if form > 0]
    if not where:
        return method(indent, f'{head} {f.snake}()', value, remark)
    # One printed form has it as a fixed field.
    return (f'{indent}/// {remark}.\n{indent}{head} {f.snake}() const noexcept {{\n'
            f'{indent}  if (variant() == {where[0][0]}) return fixed<{CPP[f.type]}>({where[0][1]});\n'
            f'{indent}  return {value};\n{indent}}}\n')


def group_text(g, m, depth):
    pad = ' ' * depth
    if g.fields[0].type in ('NAMEDVAR', 'NAMEDARRAY'):
        entry = 'NamedVariableEntry' if g.fields[0].type == 'NAMEDVAR' else 'NamedArrayEntry'
        return method(pad, f'GroupRange<{entry}> {g.name}()', f'{{k{g.entry}Tags, floating()}}')
    part = 'part_' if g.inside else 'floating()'
    out = f'{pad}class {g.entry} : public GroupEntry {{\n{pad} public:\n{pad}  using GroupEntry::GroupEntry;\n'
    out += ''.join(floating_accessor(f, m, pad + '  ') for f in g.fields)
    out += ''.join(group_text(n, m, depth + 2) for n in g.nested)
    limit = f'at most {g.max}' if g.max else 'as many as fit'
    out += f'{pad}}};\n{pad}/// {g.count} entries, {limit}.\n'
    return out + method(pad, f'GroupRange<{g.entry}> {g.name}()', f'{{k{g.entry}Tags, {part}}}')


def view_constants(m):
    """Definitions for the .cpp of the family."""
    view = f'{m.pascal}View'
    out = ''
    for g in m.groups:
        rows = ''.join(member_rows(g))
        out += (f'constexpr GroupTags::Member k{m.pascal}{g.entry}Members[] = {{{rows[:-2]}}};\n'
                f'constinit const GroupTags {view}::k{g.entry}Tags{{k{m.pascal}{g.entry}Members}};\n')
    steps = ', '.join(f'{{{since}, {size}}}' for since, size in m.steps)
    out += f'constexpr FixedStep k{m.pascal}Steps[] = {{{steps}}};\n'
    groups = '{}'
    if m.groups:
        rows = ''.join(counted_row(g, view) for g in m.groups)
        out += f'constinit const CountedGroup {view}::kCounted[] = {{\n{rows}}};\n'
        groups = 'kCounted'
    counts = {g.floating_count.name for g in m.groups if g.floating_count}
    single = sum(1 << slot for slot, f in enumerate(m.floating) if f.group is None)
    listed = sum(1 << slot for slot, f in enumerate(m.floating) if f.group is not None or f.name in counts)
    rows = ', '.join(f'{{{tag}, {slot}, {WIDTH.get(f.type, 0)}}}' for slot, f in enumerate(m.floating)
                     for tag in [f.tag] + f.also + f.lenient_also)
    fields = 'nullptr'
    if m.floating:
        out += f'constexpr FieldTable k{m.pascal}Fields{{{rows}}};\n'
        fields = f'&k{m.pascal}Fields'
    out += (f'constinit const Layout {view}::kLayout{{\n    {m.number}, k{m.pascal}Steps, {str(bool(m.floating)).lower()}, '
            f'{str(bool(m.variants)).lower()}, {fields}, {single:#x}, {listed:#x}, {groups}}};\n')
    return out


def member_rows(g):
    for position, (f, nested) in enumerate([(f, False) for f in g.fields] +
                                           [(f, True) for n in g.nested for f in n.fields]):
        width = WIDTH.get(f.type, 0) if f.split else 0
        for tag in [f.tag] + f.also + f.lenient_also:
            yield f'{{{tag}, {position}, {str(nested).lower()}, {width}}}, '


def counted_row(g, view):
    inside = f'&{view}::k{g.inside.entry}Tags' if g.inside else 'nullptr'
    at = g.fixed_count.offset if g.fixed_count else g.floating_count.tag
    return (f'    {{&{view}::k{g.entry}Tags, {inside}, {str(bool(g.fixed_count)).lower()}, {at}, {g.max}}},\n')
