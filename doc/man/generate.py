#!/usr/bin/env python3
"""Writes the manual pages that come from the library itself.

    generate.py list                     names of the pages made from the headers
    generate.py functions VERSION DIR    those pages: section 3, and aignehub(7)
    generate.py config VERSION SCHEMA    aigne-config(5), from aigne_config_schema()
    generate.py verbs VERSION LIST       aigne-hub(7), from the table of verbs
"""
import json
import os
import re
import sys
import textwrap

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import header  # noqa: E402  (it lives beside this file)

DATE = '2026-11-23'
OTHER_PAGES = ['aigne-config(5)', 'aigne-request(7)', 'aigne-hub(7)']


def escape(text):
    """Text that roff must not read anything into."""
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ".'" else text


def prose(text):
    """Comment text with names set in bold and parameters in italics."""
    text = text.replace('\\', '\\e').replace('€', '\\[Eu]').replace('¥', '\\[Ye]')
    text = re.sub(r'\b(aigne_\w+)\(\)', r'\\fB\1\\fR(3)', text)
    text = re.sub(r'\b(aigne-[a-z]+)\((\d)\)', lambda m: '\\fB' + m.group(1).replace('-', '\\-') +
                  '\\fR(' + m.group(2) + ')', text)
    text = re.sub(r'\b(AIGNE_[A-Z_]*[A-Z])\b', r'\\fB\1\\fR', text)
    text = re.sub(r'`([^`]+)`', r'\\fI\1\\fR', text)
    return '\\&' + text if text[:1] in ".'" else text


def filled(lines):
    """Lines of prose; short enough for every formatter's taste, blank lines begin a paragraph."""
    paragraphs, out = '\n'.join(lines).strip().split('\n\n') if lines else [], []
    for number, paragraph in enumerate(paragraphs):
        if number:
            out.append('.PP')
        out += textwrap.wrap(prose(' '.join(paragraph.split())), 76, break_long_words=False,
                             break_on_hyphens=False)
    return [guard(line) for line in out]


def sentence(lines):
    """Prose that followed a label, so its first letter was small."""
    if lines and re.match(r'[a-z]+\b(?!_)', lines[0]):
        lines = [lines[0][0].upper() + lines[0][1:]] + lines[1:]
    return filled(lines)


def guard(line):
    """A wrapped line may happen to begin with a control character."""
    return '\\&' + line if line[:1] in ".'" and not line.startswith('.PP') else line


def literal(lines):
    return ['.nf'] + [escape(line) for line in lines] + ['.fi']


def title(name, section, version):
    return f'.TH {escape(name.upper())} {section} {DATE} "libaignehub {version}" "libaignehub"'


def section(name, lines):
    return [f'.SH {name}'] + lines if lines else []


def error_lines(item):
    out = []
    for code, sentence in header.errors_of(item.part('Errors')):
        out += ['.TP', f'.B {code}'] + filled([sentence])
    if out and re.search(r'aigne_error \*\*err', item.declaration):
        out += ['.PP'] + filled(['AIGNE_E_USAGE and AIGNE_E_NOMEM as for every function.'])
    return out


def see_also(item, all_items):
    """What the comment mentions, then its neighbours in the header."""
    text = ' '.join(' '.join(lines) for lines in item.parts.values())
    names = set(re.findall(r'\b(aigne_\w+)(?=\(\))', text))
    names |= {other.name for other in all_items if other.group == item.group}
    known = {other.name for other in all_items}
    pages = [f'{n}(3)' for n in sorted((names & known) - {item.name})]
    pages += [p for p in OTHER_PAGES if p in text] + ['aignehub(7)']
    out = []
    for number, page in enumerate(pages):
        name, number_text = page[:-3], page[-3:]
        comma = ',' if number + 1 < len(pages) else ''
        out.append(f'.BR {escape(name)} {number_text}{comma}')
    return out


def first_lower(text):
    return text[0].lower() + text[1:] if not text[1:2].isupper() else text


def page_of(item, all_items, version):
    name = escape(item.name)
    synopsis = [f'#include <{item.header}>', '']
    synopsis += item.declaration.split('\n')
    lines = [title(item.name, 3, version)]
    lines += section('NAME', [f'{name} \\- {prose(first_lower(item.title))}'])
    lines += section('SYNOPSIS', literal(aligned(synopsis)))
    lines += section('DESCRIPTION', filled(item.part('')))
    lines += section('RETURN VALUE', sentence(item.part('Return')))
    lines += section('ERRORS', error_lines(item))
    lines += section('THREADS', sentence(item.part('Threads')))
    lines += section('OWNERSHIP', sentence(item.part('Owner')))
    lines += section('EXAMPLE', literal(example_lines(item)) if item.part('Example') else [])
    lines += section('SEE ALSO', see_also(item, all_items))
    return '\n'.join(lines) + '\n'


def example_lines(item):
    body = list(item.part('Example'))
    includes = [f'#include <{item.header}>']
    while body and (body[0].startswith('#include') or not body[0]):
        line = body.pop(0)
        if line:
            includes.append(line)
    return includes + [''] + body


def aligned(lines):
    """Without AIGNE_API the continuation lines of a prototype stand ten columns too far right."""
    return [re.sub(r'^ {10}(?= {8,}\S)', '', line) for line in lines]


def overview(all_items, version):
    """aignehub(7): the six rules, and every function under the heading it has in the header."""
    lines = [title('aignehub', 7, version)]
    lines += section('NAME', ['aignehub \\- AI models, and the hub that serves them, as one C library'])
    lines += section('SYNOPSIS', literal(['#include <aignehub/aignehub.h>',
                                          '#include <aignehub/gateway.h>', '',
                                          'cc program.c $(pkg-config --cflags --libs aignehub)']))
    rules = '\n'.join(header.rules()).split('\n\n')
    lines += ['.SH DESCRIPTION']
    for part in rules:
        if part.startswith('The comment above'):
            continue  # about the header, not about the library
        numbered = re.split(r'^\s+(?=\d\. )', part.strip('\n'), flags=re.M)
        lead = ' '.join(numbered[0].split())
        if lead:
            lines += ([] if lines[-1].startswith('.SH') else ['.PP']) + filled([lead])
        for rule in numbered[1:]:
            lines += [f'.IP {rule[:2]} 4'] + filled([' '.join(rule[2:].split())])
    groups = []
    for item in all_items:
        if item.group not in groups:
            groups.append(item.group)
    lines += ['.SH FUNCTIONS']
    for group in groups:
        lines += [f'.SS {group[0].upper() + group[1:]}']
        for item in all_items:
            if item.group == group:
                lines += ['.TP', f'.BR {escape(item.name)} (3)'] + filled([item.title])
    lines += section('SEE ALSO', [
        '.BR aigne\\-hub (1),', '.BR aigne\\-config (5),', '.BR aigne\\-hub (7),',
        '.BR aigne\\-request (7)'])
    return '\n'.join(lines) + '\n'


def list_pages():
    return [f'{item.name}.3' for item in header.items()] + ['aignehub.7']


def write(folder, name, text):
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
        f.write(text)


def write_functions(version, folder):
    problems = header.undocumented()
    if problems:
        sys.exit('\n'.join(problems))
    all_items = header.items()
    for item in all_items:
        write(folder, f'{item.name}.3', page_of(item, all_items, version))
    write(folder, 'aignehub.7', overview(all_items, version))


def setting_facts(setting):
    """The kind, range and default of a setting in words."""
    facts = [{'string': 'Text', 'integer': 'A whole number', 'boolean': 'true or false'}.get(
        setting.get('type'), 'A value')]
    if 'minimum' in setting and setting.get('type') == 'integer':
        facts.append(f'{setting["minimum"]} to {setting["maximum"]}')
    if 'default' in setting:
        facts.append(f'default {json.dumps(setting["default"])}')
    if setting.get('writeOnly'):
        facts.append('secret')
    return ', '.join(facts) + '.'


def write_config(version, schema_path):
    with open(schema_path, encoding='utf-8') as f:
        settings = json.load(f)['properties']
    lines = [title('aigne-config', 5, version)]
    lines += section('NAME', ['aigne\\-config \\- settings of libaignehub'])
    lines += section('DESCRIPTION', filled([
        'Settings are given one by one with aigne_config_set() and aigne_config_set_int(), or as the '
        'members of a JSON object with aigne_config_json(), which may carry comments. Names are '
        'matched as they are written here; a name that is not known is refused, and the error offers '
        'the nearest one. The same list as JSON Schema comes from aigne_config_schema().']))
    lines += ['.SH SETTINGS']
    for name, setting in settings.items():
        lines += ['.TP', f'.B {escape(name)}'] + filled([setting.get('description', '')])
        alias = setting.get('alias') or setting.get('x-alias')
        if alias and alias != name:
            lines += filled([f'Also called {alias}.'])
        lines += filled([setting_facts(setting)])
        used_by = setting.get('usedBy') or setting.get('x-used-by')
        if used_by:
            words = used_by if isinstance(used_by, list) else used_by.split()
            lines += filled(['Read by ' + ' and '.join(f'aigne_{w}_open()' for w in words) + '.'])
    lines += section('EXAMPLE', literal(['{', '    // an AIGNE Hub', '    "url": "https://hub.aigne.io",',
                                         '    "accessKey": "blocklet-...",',
                                         '    "model": "openai/gpt-5-mini"', '}']))
    lines += section('SEE ALSO', ['.BR aigne_config_set (3),', '.BR aigne_hub_open (3),',
                                  '.BR aigne_model_open (3),', '.BR aignehub (7)'])
    sys.stdout.write('\n'.join(lines) + '\n')


def argument_lines(schema):
    """The members of a verb's arguments."""
    required = schema.get('required', [])
    lines = []
    for name, member in (schema.get('properties') or {}).items():
        kind = member.get('type', 'any')
        kind = ' or '.join(kind) if isinstance(kind, list) else kind
        words = [kind + ('' if name in required else ', optional')]
        if member.get('enum'):
            words.append('one of ' + ', '.join(
                'null' if value is None else str(value) for value in member['enum']))
        if member.get('description'):
            words.append(member['description'])
        lines += ['.TP', f'.I {escape(name)}'] + filled(['. '.join(words)])
    return lines


def verb_lines(verb):
    schema = verb['arguments']
    lines = [f'.SS {escape(verb["name"])}'] + filled([verb['doc']])
    return lines + (argument_lines(schema) or ['.PP', 'No arguments.'])


def policy_lines(policy):
    lines = section('POLICY', filled([
        'How calls are carried out: members of "policy" in the settings, a route and an access key. '
        'Of these the later wins, and headers of the request win over all.']))
    for row in policy:
        facts = [row['kind'].capitalize() if row['kind'] != 'choice' else
                 'One of ' + row['choices'].replace(' ', ', ')]
        if 'min' in row:
            facts.append(f"from {row['min']} to {row['max']}")
        text = f"{' '.join(facts)}. {row['doc'][0].upper() + row['doc'][1:]}."
        if 'header' in row:
            text += f" Header {row['header']}."
        lines += ['.TP', f".I {escape(row['name'])}"] + filled([text])
    return lines


def write_verbs(version, list_path):
    with open(list_path, encoding='utf-8') as f:
        verbs = json.load(f)
    policy = verbs.pop()['policy']
    order = list(dict.fromkeys(verb['name'].split('.')[0] for verb in verbs))
    verbs.sort(key=lambda verb: order.index(verb['name'].split('.')[0]))
    lines = [title('aigne-hub', 7, version)]
    lines += section('NAME', ['aigne\\-hub \\- the verbs that administer a hub'])
    lines += section('DESCRIPTION', filled([
        'A hub is administered by verbs with JSON arguments: by aigne_hub_do() in a program, or by '
        'aigne-hub(1) on a command line as aigne-hub do --data FILE VERB ARGUMENTS. The answer is '
        'JSON. An argument that is not known is refused. Lists come as an object with count, how many '
        'there are in all, and list, one page of them. Secrets are shown masked, and a masked value '
        'is refused where a secret is expected.']))
    lines += ['.SH VERBS']
    for verb in verbs:
        lines += verb_lines(verb)
    lines += policy_lines(policy)
    lines += section('EXAMPLE', literal([
        "$ aigne-hub do --data hub.db credential.put - <<END",
        '{"provider": "openai", "name": "main", "value": "sk-..."}', 'END',
        "$ aigne-hub do --data hub.db usage.list '{\"status\": \"error\", \"pageSize\": 10}'"]))
    lines += section('SEE ALSO', ['.BR aigne\\-hub (1),', '.BR aigne_hub_do (3),',
                                  '.BR aignehub (7)'])
    sys.stdout.write('\n'.join(lines) + '\n')


def main(arguments):
    commands = {'list': lambda: print('\n'.join(list_pages())), 'functions': write_functions,
                'config': write_config, 'verbs': write_verbs}
    if not arguments or arguments[0] not in commands:
        sys.exit(__doc__)
    commands[arguments[0]](*arguments[1:])


if __name__ == '__main__':
    main(sys.argv[1:])
