"""Reads titled sections out of unpacked Debian packages.

Every reader yields (title, description, paragraphs): `description` is a one-line summary written by the source's
author ('' where there is none), `paragraphs` is plain text without code listings or tables.
"""

import bz2
import glob
import gzip
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import lxml.etree
import lxml.html

SKIPPED = {'pre', 'table', 'script', 'style', 'nav', 'head', 'footer', 'screen', 'code-block', 'form', 'svg'}
PUNCTUATION = str.maketrans({'‘': "'", '’': "'", '“': '"', '”': '"', '–': '-', '—': '-', '…': '...', '\u00a0': ' ',
                             '‐': '-', '‑': '-', '−': '-', '•': '-', '·': '-', '→': '->', '\u200b': '', '\u00ad': ''})


def clean(text):
    """One line of text with plain quotes and dashes and without bytes outside ASCII's printable range."""
    text = text.translate(PUNCTUATION)
    text = re.sub(r'\s+', ' ', text).strip()
    return text.encode('ascii', 'ignore').decode()


def clean_title(text):
    text = clean(re.sub('[¶#]$', '', text.strip()))
    text = re.sub(r'^(Chapter|Section|Appendix)?\s*([A-Z]|\d+)?(\.\d+)*\.?\s+(?=[A-Z"\'`(a-z])',
                  lambda m: '' if re.search(r'\d|\.', m.group(0)) else m.group(0), text)
    return text.strip(' .:')


def html_sections(markup):
    """Splits a page at its headings."""
    try:
        tree = lxml.html.fromstring(markup)
    except (lxml.etree.ParserError, ValueError):
        return
    title, paragraphs, sections = '', [], []
    body = tree if tree.tag == 'body' else tree.find('.//body')
    stack = [body if body is not None else tree]
    while stack:
        node = stack.pop()
        if not isinstance(node.tag, str) or node.tag in SKIPPED:
            continue
        classes = node.get('class', '')
        if re.search(r'nav|toc|sidebar|footer|header\b|related', classes):
            continue
        if re.fullmatch('h[1-6]', node.tag):
            sections.append((title, paragraphs))
            title, paragraphs = clean_title(node.text_content()), []
        elif node.tag == 'p' or classes == 'para' or (node.tag in ('li', 'dd', 'dt') and node.find('.//p') is None):
            if not node.xpath('.//pre|.//ul|.//ol|.//table'):
                paragraphs.append(clean(node.text_content()))
            else:
                stack.extend(reversed(node))
                if node.text:
                    paragraphs.append(clean(node.text))
        else:
            stack.extend(reversed(node))
    sections.append((title, paragraphs))
    for title, paragraphs in sections:
        if title and paragraphs:
            yield title, '', paragraphs


def read_html(root, patterns, encoding='utf-8'):
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            if os.path.isdir(path):
                continue
            opener = gzip.open if path.endswith('.gz') else open
            with opener(path, 'rb') as file:
                markup = file.read().decode(encoding, 'replace')
            yield from html_sections(re.sub(r'^<\?xml[^>]*>', '', markup))


def read_kde(root):
    for path in sorted(glob.glob(os.path.join(root, 'usr/share/doc/HTML/en/**/index.cache.bz2'), recursive=True)):
        with bz2.open(path) as file:
            pages = file.read().decode('utf-8', 'replace').split('<FILENAME ')
        for page in pages[1:]:
            yield from html_sections(page[page.find('>') + 1:])


def read_mallard(root):
    """GNOME's topic-oriented help: a page has a title, a description and often sections of its own."""
    ns = '{http://projectmallard.org/1.0/}'
    parser = lxml.etree.XMLParser(recover=True, resolve_entities=False, load_dtd=False, no_network=True,
                                  remove_comments=True)

    def text_of(node):
        return clean(''.join(node.itertext()) if node is not None else '')

    for path in sorted(glob.glob(os.path.join(root, 'usr/share/help/C/*/*.page'))):
        tree = lxml.etree.parse(path, parser).getroot()
        description = text_of(tree.find(f'{ns}info/{ns}desc'))
        for block in [tree] + list(tree.iter(f'{ns}section')):
            title = text_of(block.find(f'{ns}title'))
            paragraphs, stack = [], list(reversed(block))
            while stack:
                node = stack.pop()
                if not isinstance(node.tag, str) or node.tag in (f'{ns}section', f'{ns}info', f'{ns}code', f'{ns}title'):
                    continue
                if node.tag == f'{ns}p':
                    paragraphs.append(text_of(node))
                else:
                    stack.extend(reversed(node))
            if title and paragraphs:
                yield title, description if block is tree else '', paragraphs


def read_foldoc(root):
    """The Free On-line Dictionary of Computing in dictd's layout: headword flush left, entry indented."""
    path = os.path.join(root, 'usr/share/dictd/foldoc.dict.dz')
    if not os.path.exists(path):
        return
    with gzip.open(path, 'rt', encoding='utf-8', errors='replace') as file:
        entries = re.split(r'\n(?=\S)', file.read())
    for entry in entries:
        head, _, rest = entry.partition('\n')
        rest = re.sub(r'\{([^}]*)\}', r'\1', rest)
        rest = re.sub(r'<[^>]*>\s*|\([12]\d{3}-\d\d-\d\d\)|\((https?|ftp)[^)]*\)\.?', '', rest)
        paragraphs = [clean(p) for p in re.split(r'\n\s*\n', rest)]
        if head and not head.startswith('00-database'):
            yield clean(head), '', [p for p in paragraphs if p]


def read_pod(root):
    """Perl's question-and-answer documents."""
    for path in sorted(glob.glob(os.path.join(root, 'usr/share/perl/*/pod/perlfaq*.pod'))):
        with open(path, encoding='utf-8', errors='replace') as file:
            for part in file.read().split('\n=head2 ')[1:]:
                title, _, rest = part.partition('\n')
                rest = re.sub(r'[A-Z]<+\s*([^<>|]*?)(\|[^<>]*)?\s*>+', r'\1', rest)
                blocks = [b for b in rest.split('\n\n') if b.strip() and not b.lstrip('\n').startswith((' ', '\t', '='))]
                yield clean_title(title), '', [clean(b) for b in blocks]


def read_man(root, threads=2):
    """Manual pages by section heading; the NAME line's right side is the description."""
    paths = sorted(p for n in '1578' for p in glob.glob(os.path.join(root, f'usr/share/man/man{n}/*.gz')))
    paths += sorted(glob.glob(os.path.join(root, 'usr/share/man/man[23]/*.gz')))[::4]

    def render(path):
        with gzip.open(path, 'rb') as file:
            source = file.read()
        if source.startswith(b'.so ') or len(source) > 400_000:
            return ''
        done = subprocess.run(['groff', '-mandoc', '-k', '-Tutf8', '-P-cbou', '-rLL=5000n', '-rLT=80n'], input=source,
                              capture_output=True, timeout=60)
        return done.stdout.decode('utf-8', 'replace')

    with ThreadPoolExecutor(threads) as pool:
        pages = pool.map(render, paths)
        for path, page in zip(paths, pages):
            name = os.path.basename(path).split('.')[0]
            description, intro = '', []
            for heading, body in re.findall(r'^(\S[^\n]*)\n((?:(?: {3,}[^\n]*)?\n)*)', page, re.M):
                blocks = [clean(b) for b in re.split(r'\n\s*\n', body)]
                blocks = [b for b in blocks if b]
                if heading == 'NAME' and blocks:
                    description = blocks[0].partition(' - ')[2]
                elif heading == 'DESCRIPTION':
                    intro = blocks
                elif blocks and heading not in ('SYNOPSIS', 'SEE ALSO', 'AUTHOR', 'AUTHORS', 'COPYRIGHT', 'COLOPHON',
                                                'REPORTING BUGS'):
                    yield f'{name} {heading.lower()}', '', blocks
            if description and intro:
                yield f'{name} - {description}', description, intro


def read_descriptions(lists):
    """Package descriptions: the short line is the description, the name the title."""
    for path in sorted(glob.glob(os.path.join(lists, '*Translation-en*'))):
        text = subprocess.run(['/usr/lib/apt/apt-helper', 'cat-file', path], capture_output=True, check=True).stdout
        for entry in text.decode('utf-8', 'replace').split('\n\n'):
            match = re.search(r'^Package: (\S+)[\s\S]*?^Description-en: ([^\n]*)\n([\s\S]*)', entry, re.M)
            if match:
                name, short, long = match.groups()
                blocks = [clean(b) for b in re.split(r'\n \.\n', long)]
                yield name, clean(short), [b for b in blocks if b]


def read_wordnet(root):
    """Synsets: the words are the title, the gloss the text, the glosses' examples the following paragraphs."""
    for part in ('noun', 'verb', 'adj', 'adv'):
        path = os.path.join(root, f'usr/share/wordnet/data.{part}')
        if not os.path.exists(path):
            continue
        with open(path, encoding='utf-8') as file:
            for line in file:
                if line.startswith('  '):
                    continue
                data, _, gloss = line.partition(' | ')
                fields = data.split()
                words = [re.sub(r'\(.*\)$', '', w).replace('_', ' ') for w in fields[4:4 + 2 * int(fields[3], 16):2]]
                yield ', '.join(words), '', [clean(gloss)]


DOC = 'usr/share/doc/'
SOURCES = {
    # name: (reader, weight in the language model's text, weight among the pairs)
    'gnome-help': (read_mallard, 6, 4),
    'libreoffice-help': (lambda r: read_html(r, ['usr/share/libreoffice/help/en-US/text/s[!b]*/**/*.html']), 3, 2),
    'kde-help': (read_kde, 4, 3),
    'gimp-help': (lambda r: read_html(r, ['usr/share/gimp/2.0/help/en/*.html']), 2, 1),
    'debian-faq': (lambda r: read_html(r, [DOC + 'debian/FAQ/*.en.html']), 6, 6),
    'debian-handbook': (lambda r: read_html(r, [DOC + 'debian-handbook/html/en-US/*.html']), 4, 3),
    'debian-reference': (lambda r: read_html(r, ['usr/share/debian-reference/ch*.en.html']), 4, 3),
    'debian-manuals': (lambda r: read_html(r, [
        DOC + 'installation-guide-amd64/en/*.html', DOC + 'harden-doc/html/en-US/*.html',
        DOC + 'developers-reference/*.html', DOC + 'debian-policy/policy.html/*.html', DOC + 'aptitude/html/en/*.html',
        DOC + 'apt-doc/*.en.html', 'usr/share/doc/freedombox/manual/en/*.html', DOC + 'debian-edu-doc-en/*.html',
        DOC + 'debian-kernel-handbook/**/*.html', DOC + 'debian-history/docs/*.en.html']), 3, 2),
    'perlfaq': (read_pod, 3, 3),
    'git-doc': (lambda r: read_html(r, [DOC + 'git-doc/*.html']), 2, 1),
    'postgresql-doc': (lambda r: read_html(r, [DOC + 'postgresql-doc-15/html/*.html']), 1, 1),
    'python-doc': (lambda r: read_html(r, [DOC + 'python3.11/html/' + d + '/*.html' for d in ('howto', 'tutorial', 'faq',
                                                                                               'using')]), 2, 2),
    'apache-doc': (lambda r: read_html(r, [DOC + 'apache2-doc/manual/en/**/*.html']), 1, 1),
    'foldoc': (read_foldoc, 2, 1),
    'manual-pages': (read_man, 1, 1),
    'wordnet': (read_wordnet, 0.3, 0.2),
}
