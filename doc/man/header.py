"""The public headers as data: each documented function and type with the parts of its comment."""
import os
import re

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
HEADERS = ['aignehub/aignehub.h', 'aignehub/gateway.h']
LABELS = ('Return', 'Errors', 'Threads', 'Owner', 'Example')

# A comment, its declaration: up to the semicolon outside of braces.
ITEM = re.compile(r'^/\*(?P<comment>(?:(?!\*/).)*)\*/\n'
                  r'(?P<declaration>(?:AIGNE_API|typedef|enum|struct)\b(?:[^;{]|\{.*?^\})*;[^\n]*)',
                  re.M | re.S)
BARE = re.compile(r'^(?P<declaration>(?:AIGNE_API|typedef|enum)\b(?:[^;{]|\{.*?^\})*;)', re.M | re.S)
RULER = re.compile(r'^/\* -{4} (.*?) -+ \*/$', re.M)


class Malformed(Exception):
    pass


class Item:
    """One documented declaration."""

    def __init__(self, header, group, comment, declaration):
        self.header, self.group = header, group
        self.declaration = re.sub(r'^AIGNE_API ', '', declaration)
        self.is_function = declaration.startswith('AIGNE_API')
        self.name = name_of(declaration)
        self.returns_nothing = self.declaration.startswith('void aigne')
        lines = [re.sub(r'^ \* ?', '', line).rstrip() for line in comment.strip().split('\n')]
        self.title = lines[0].strip()
        self.parts = parts_of(self.name, lines[1:])

    def part(self, label):
        return self.parts.get(label, [])


def name_of(declaration):
    """The name that a page is called after."""
    for pattern in (r'AIGNE_API\b[^;{]*?\b(aigne_\w+)\s*\(', r'\(\*(aigne_\w+)\)\s*\(',
                    r'\}\s*(aigne_\w+)\s*;', r'enum (aigne_\w+)', r'\b(aigne_\w+);'):
        match = re.search(pattern, declaration)
        if match:
            return match.group(1)
    raise Malformed(f'no name in: {declaration}')


def parts_of(name, lines):
    """{'': description lines, 'Return': lines ...}; an example keeps its indentation."""
    parts, label = {'': []}, ''
    for line in lines:
        match = re.match(r'(\w+):(?: (.*)|$)', line)
        if match and match.group(1) in LABELS:
            label = match.group(1)
            if label in parts:
                raise Malformed(f'{name}: {label} twice')
            parts[label] = [match.group(2)] if match.group(2) else []
        else:
            parts[label].append(line)
    for key, body in parts.items():
        while body and not body[0].strip():
            body.pop(0)
        while body and not body[-1].strip():
            body.pop()
        if key == 'Example':
            parts[key] = [line[4:] if line.startswith('    ') else line for line in body]
    return parts


def errors_of(lines):
    """[(code, sentence)] of an Errors part."""
    found = []
    for line in lines:
        match = re.match(r'\s+(AIGNE_E_\w+)\s+(.*)', line)
        if match:
            found.append([match.group(1), match.group(2)])
        elif found:
            found[-1][1] += ' ' + line.strip()
        else:
            raise Malformed(f'not an error line: {line}')
    return found


def read(header):
    with open(os.path.join(ROOT, 'include', header), encoding='utf-8') as f:
        return f.read()


def rules():
    """The paragraphs of aignehub.h's own comment after its first line."""
    comment = re.match(r'/\*(.*?)\*/', read(HEADERS[0]), re.S).group(1)
    return [re.sub(r'^ \* ?', '', line).rstrip() for line in comment.split('\n')[1:-1]]


def items():
    """All documented declarations, in the order of the headers."""
    found = []
    for header in HEADERS:
        text = read(header)
        rulers = [(m.start(), re.sub(r':.*', '', m.group(1))) for m in RULER.finditer(text)]
        for match in ITEM.finditer(text):
            before = [title for at, title in rulers if at < match.start()]
            found.append(Item(header, before[-1] if before else 'the gateway',
                              match.group('comment'), match.group('declaration')))
    return found


def undocumented():
    """Public functions without a comment of their own, or with a part missing."""
    problems = []
    documented = {}
    for item in items():
        documented[item.name] = item
        if not item.is_function:
            continue
        wanted = ['', 'Threads', 'Owner', 'Example']
        if not item.returns_nothing:
            wanted.append('Return')
        for label in wanted:
            if not item.part(label):
                problems.append(f'{item.name}: its comment has no {label or "description"}')
    for header in HEADERS:
        for match in BARE.finditer(read(header)):
            if match.group(0).startswith('AIGNE_API') and \
                    name_of(match.group(0)) not in documented:
                problems.append(f'{name_of(match.group(0))}: has no comment of its own')
    return problems
