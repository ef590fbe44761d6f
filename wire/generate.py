#!/usr/bin/env python3
"""generate.py - makes the GED-188 code and its reference from wire/ged188.json.

Usage: generate.py code SCHEMA FOLDER        headers and sources
       generate.py visit SCHEMA FOLDER       for the tests: every accessor and encoder by message number
       generate.py reference SCHEMA FOLDER   ged188.md, the protocol reference in Markdown
       generate.py dictionary SCHEMA FOLDER  ged188_fuzz.dict, for the fuzzer
       generate.py dissector SCHEMA FOLDER   ged188.lua and ringside.lua for Wireshark, the latter from the session
                                             protocol's schemas beside this file
The back-ends are in wire/generator/; each is a function from the schema to the text of a file.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / 'generator'))

import ged188_dictionary  # noqa: E402
import ged188_enums  # noqa: E402
import ged188_families  # noqa: E402
import ged188_markdown  # noqa: E402
import ged188_roles  # noqa: E402
import ged188_rules  # noqa: E402
import ged188_schema  # noqa: E402
import ged188_visit  # noqa: E402
import lua_dissector  # noqa: E402


def code_files(schema):
    """{file name: text}"""
    files = {
        'message_type.hpp': ged188_enums.message_type_header(schema),
        'tag.hpp': ged188_enums.tag_header(schema),
        'enums.hpp': ged188_enums.enums_header(schema),
        'roles.hpp': ged188_roles.roles_header(schema),
        'rules_data.cpp': ged188_rules.rules_source(schema),
    }
    for family in schema.families:
        files[f'{family}.hpp'] = ged188_families.family_header(family, schema)
        files[f'{family}.cpp'] = ged188_families.family_source(family, schema)
    return files


def visit_files(schema):
    files = {'visit.hpp': ged188_visit.visit_header(schema)}
    for family in schema.families:
        files[f'visit_{family}.cpp'] = ged188_visit.visit_source(family, schema)
    return files


def dissector_files(schema):
    here = Path(__file__).parent
    return {'ged188.lua': lua_dissector.ged188_dissector(schema),
            'ringside.lua': lua_dissector.session_dissector(here / 'session.json', here / 'ctios.json')}


def write_if_changed(path, text):
    """Leaves the file's time alone when nothing changed, so that nothing is compiled again."""
    if not path.exists() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


def main(arguments):
    back_ends = {'code': code_files, 'visit': visit_files, 'dissector': dissector_files,
                 'reference': lambda schema: {'ged188.md': ged188_markdown.reference(schema)},
                 'dictionary': lambda schema: {'ged188_fuzz.dict': ged188_dictionary.dictionary(schema)}}
    if len(arguments) != 3 or arguments[0] not in back_ends:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        schema = ged188_schema.load(arguments[1])
    except ged188_schema.SchemaError as error:
        print(f'{arguments[1]}: {error}', file=sys.stderr)
        return 1
    target = Path(arguments[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, text in back_ends[arguments[0]](schema).items():
        write_if_changed(target / name, text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
