"""The public names, as each of the places that list them spells them."""
import re
import subprocess

import tree

HEADERS = ['include/aignehub/aignehub.h', 'include/aignehub/gateway.h']
DECLARATION = re.compile(r'\bAIGNE_API\b[^;{]*?\b(aigne_\w+)\s*\(', re.S)


def of_headers():
    names = []
    for header in HEADERS:
        names += DECLARATION.findall(tree.bare(tree.read(header)))
    return names


def of_symbol_list(text):
    """Names of the version script: {node: [names]}."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    nodes = {}
    for node, body in re.findall(r'(\w+)\s*\{(.*?)\}', text, re.S):
        shown = body.split('local:')[0]
        nodes[node] = [n for n in re.findall(r'([\w*]+)\s*;', shown)]
    return nodes


def of_library(path):
    """Exported functions of a shared library, without version nodes."""
    text = subprocess.run(['nm', '-D', '--defined-only', '--extern-only', path], check=True,
                          text=True, capture_output=True).stdout
    names = {}
    for line in text.split('\n'):
        parts = line.split()
        if len(parts) == 3 and parts[1] != 'A':
            name, _, node = parts[2].partition('@@')
            names[name] = node
    return names


def of_archive(path):
    """Global symbols that a static library defines."""
    text = subprocess.run(['nm', '--defined-only', '--extern-only', path], check=True, text=True,
                          capture_output=True).stdout
    return {line.split()[2] for line in text.split('\n') if len(line.split()) == 3}
