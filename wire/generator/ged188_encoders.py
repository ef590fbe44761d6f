"""ged188_encoders.py - the encoders: a struct for the fixed part and a class with a setter per floating field."""
from ged188_schema import CPP, OLDEST
from naming import constant, singular
from ged188_views import COLUMNS, hexed


def settable(m):
    """Fixed fields that the user gives: counts and reserved words are written by the encoder."""
    counts = {g.count for g in m.groups}
    return [f for f in m.fixed if f.name not in counts and not f.reserved]


def singles(m):
    counts = {g.count for g in m.groups}
    return [f for f in m.floating if f.group is None and f.name not in counts]


def grouped(m):
    """List fields; counts, single or nested, have terms of their own (CountTerms)."""
    return [f for f in m.floating if f.group is not None and f.counts is None]


def value_type(f):
    return {'STRING': 'std::string_view', 'UNSPEC': 'Bytes'}.get(f.type) or CPP[f.type]


def write_call(f):
    return {'STRING': 'text', 'UNSPEC': 'raw'}.get(f.type, 'number')


def remark(f, before='  ///< '):
    parts = [f'{f.max} bytes at most' + (', its NUL included' if f.type == 'STRING' else '')
             if f.type in ('STRING', 'UNSPEC') else '']
    parts.append(f.enum.name if f.enum else '')
    parts.append(f'from version {f.since}' if f.since > OLDEST else '')
    parts.append(f'up to version {f.until}' if f.until != 255 else '')
    parts.append('required' if f.required else '')
    text = ', '.join(p for p in parts if p)
    return before + text if text else ''


def encoder_class(m):
    out = fixed_struct(m)
    fixed = f', const {m.pascal}Fixed& fixed' if settable(m) else ''
    out += f'''/// Writes {m.name}.
class {m.pascal}Encoder {{
 public:
'''
    constructor = f'  {m.pascal}Encoder(MutableBytes buffer, Version version{fixed}) noexcept;\n'
    if len(constructor) > COLUMNS + 1:
        indent = ' ' * (len(m.pascal) + 10)
        constructor = constructor.replace('version, const', f'version,\n{indent}const')
    out += constructor
    names = {f.name: i for i, f in enumerate(singles(m))}
    setters = ''.join(
        f'{remark(f, "  /// ")}\n  {m.pascal}Encoder& {f.snake}({value_type(f)} value) noexcept {{\n'.lstrip('\n') +
        f'    writer_.{write_call(f)}(kTerms[{names[f.name]}], value);\n    return *this;\n  }}\n'
        for f in singles(m))
    if setters:
        out += '\n' + setters
    for g in m.groups:
        out += '\n' + adder_declaration(g, m)
    out += '''
  /// The whole frame, or the first error.
  Result<Bytes, EncodeError> finish() noexcept;
  /// The same, and a strict CTI Server accepts it. Allocates.
  Result<Bytes, EncodeError> finish_strict() noexcept;

 private:
'''
    if singles(m) or grouped(m):
        out += '  static const FieldTerms kTerms[];\n'
    if m.groups:
        out += '  static const CountTerms kCounts[];\n'
        out += f'  CountSlot counts_[{len(m.groups)}];\n'
    return out + '  FrameWriter writer_;\n};\n'


def fixed_struct(m):
    if not settable(m):
        return ''
    out = f'/// Fixed part of {m.name}; what is not set says "none" where the protocol has a word for it, else 0.\n'
    out += f'struct {m.pascal}Fixed {{\n'
    for f in settable(m):
        kind = CPP[f.type]
        value = f' = {hexed(f.null)}'
        note = [f.enum.name] if f.enum else []
        if f.since > OLDEST:
            note.append(f'from version {f.since}')
        out += f'  {kind} {f.snake}{value};' + (f'  ///< {", ".join(note)}' if note else '') + '\n'
    return out + '};\n\n'


def adder_declaration(g, m):
    add = f'add_{singular(g.name)}'
    if g.fields[0].type == 'NAMEDVAR':
        return f'  {m.pascal}Encoder& {add}(std::string_view name, std::string_view value) noexcept;\n'
    if g.fields[0].type == 'NAMEDARRAY':
        return (f'  {m.pascal}Encoder& {add}(std::uint8_t index, std::string_view name,\n'
                f'{" " * (len(m.pascal + add) + 12)}std::string_view value) noexcept;\n')
    out = ''
    if g.floating_count and not g.inside:
        out += (f'  /// Writes {g.count} also when no entry follows.\n'
                f'  {m.pascal}Encoder& begin_{g.name}() noexcept {{\n'
                f'    writer_.begin_list(kCounts[{g.index}], counts_[{g.index}]);\n    return *this;\n  }}\n')
    out += f'  struct {g.entry} {{\n'
    for f in entry_fields(g):
        member = f'    std::optional<{value_type(f)}> {f.snake} = {{}};'
        beside = member + remark(f)
        out += f'{beside}\n' if len(beside) <= COLUMNS else f'{remark(f, "    /// ")}\n{member}\n'
    out += '  };\n'
    limit = f'at most {g.max}' if g.max else 'as many as fit'
    where = f' to the {singular(g.inside.name)} added last' if g.inside else ''
    return out + (f'  /// Adds an entry{where}, {limit}; its first field is required.\n'
                  f'  {m.pascal}Encoder& {add}(const {g.entry}& entry) noexcept;\n')


def entry_fields(g):
    """What the user sets: counts of lists inside the entry are written by the encoder."""
    return [f for f in g.fields if f.counts is None]


def terms(f, index):
    until = 'kNoEnd' if f.until == 255 else f.until
    charset = f', "{f.charset}"' if f.charset else ''
    return f'{{"{f.name}", {f.tag}, {f.max}, {f.since}, {until}, {index}{charset}}}'


def encoder_source(m):
    encoder = f'{m.pascal}Encoder'
    ordered = singles(m) + grouped(m)
    position = {f.name: i for i, f in enumerate(ordered)}
    out = ''
    if ordered:
        rows = ''.join(f'    {terms(f, position[f.name] if f.group is None else "FieldTerms::kRepeats")},\n'
                       for f in ordered)
        out += f'constinit const FieldTerms {encoder}::kTerms[] = {{\n{rows}}};\n'
    if m.groups:
        rows = ''.join(count_row(g, len(ordered)) for g in m.groups)
        out += f'constinit const CountTerms {encoder}::kCounts[] = {{\n{rows}}};\n'
    fixed = f',\n    const {m.pascal}Fixed& fixed' if settable(m) else ''
    since = f', {m.since}' if m.since > OLDEST else ''
    out += (f'{encoder}::{encoder}(MutableBytes buffer, Version version{fixed}) noexcept\n'
            f'    : writer_(buffer, version, {m.number}, fixed_size_of(k{m.pascal}Steps, version){since}) {{\n')
    for g in m.groups:
        if g.fixed_count:
            out += f'  writer_.begin_list(kCounts[{g.index}], counts_[{g.index}]);\n'
    for f in settable(m):
        out += f'  writer_.fixed({f.offset}, fixed.{f.snake});\n'
    out += '}\n'
    out += ''.join(adder(g, m, position) for g in m.groups)
    required = 0
    for f in singles(m):
        if f.required:
            required |= 1 << position[f.name]
    table = 'kTerms' if ordered else 'nullptr'
    out += (f'Result<Bytes, EncodeError> {encoder}::finish() noexcept {{\n'
            f'  return writer_.finish({required:#x}, {table});\n}}\n'
            f'Result<Bytes, EncodeError> {encoder}::finish_strict() noexcept {{\n'
            f'  return writer_.finish_strict({required:#x}, {table});\n}}\n')
    return out


def count_row(g, used):
    if g.fixed_count:
        return f'    {{{{"{g.count}", 0, 0, 0, kNoEnd, 0}}, {g.fixed_count.offset}, {g.max}}},\n'
    index = 'FieldTerms::kRepeats' if g.inside else used + g.index
    return f'    {{{terms(g.floating_count, index)}, 0, {g.max}}},\n'


def adder(g, m, position):
    encoder = f'{m.pascal}Encoder'
    add = f'add_{singular(g.name)}'
    begin = f'writer_.begin_entry(kCounts[{g.index}], counts_[{g.index}], '
    first = g.fields[0]
    if first.type == 'NAMEDVAR':
        return (f'{encoder}& {encoder}::{add}(std::string_view name, std::string_view value) noexcept {{\n'
                f'  {begin}true);\n  writer_.named_variable(kTerms[{position[first.name]}], name, value);\n'
                f'  return *this;\n}}\n')
    if first.type == 'NAMEDARRAY':
        return (f'{encoder}& {encoder}::{add}(std::uint8_t index, std::string_view name,\n'
                f'    std::string_view value) noexcept {{\n  {begin}true);\n'
                f'  writer_.named_array(kTerms[{position[first.name]}], index, name, value);\n  return *this;\n}}\n')
    out = f'{encoder}& {encoder}::{add}(const {g.entry}& entry) noexcept {{\n'
    outer = f' && counts_[{g.inside.index}].entries != 0' if g.inside else ''
    out += f'  {begin}entry.{first.snake}.has_value(){outer});\n'
    for f in g.fields:
        if f.counts is not None:
            i = f.counts.index
            out += f'  writer_.begin_list(kCounts[{i}], counts_[{i}]);\n'
        else:
            out += f'  if (entry.{f.snake}) writer_.{write_call(f)}(kTerms[{position[f.name]}], *entry.{f.snake});\n'
    return out + '  return *this;\n}\n'
