"""Turns the unpacked packages into the training text and the training pairs.

Writes WORK/sections.jsonl (all sections), WORK/lm.txt (documents, one a line, escaped as JSON strings),
WORK/pairs-train.jsonl and WORK/pairs-dev.jsonl (query, document, weight,
source, section number).
Usage: prepare.py WORK [--seed 1]
"""

import argparse
import json
import os
import random
import re
import zlib
from collections import Counter

import extract

STOP = set('the a an of to in for and or is are with on by from at as it this that be can you your how do what'.split())


def good(paragraph):
    """Prose: long enough, mostly letters, not a listing."""
    if len(paragraph) < 25 or len(paragraph) > 3000:
        return False
    letters = sum(c.isalpha() or c == ' ' for c in paragraph)
    return letters / len(paragraph) > 0.84 and paragraph.count(' ') > 3


def sections(work):
    """All sections of all sources, with repeated paragraphs dropped."""
    root, seen, count = os.path.join(work, 'root'), set(), Counter()
    readers = [(name, lambda r=reader: r(root)) for name, (reader, _, _) in extract.SOURCES.items()]
    readers.append(('package-descriptions', lambda: extract.read_descriptions(os.path.join(work, 'lists'))))
    for name, read in readers:
        for title, description, paragraphs in read():
            kept = []
            for paragraph in paragraphs:
                key = zlib.crc32(paragraph.lower().encode())
                if (good(paragraph) or name == 'wordnet') and key not in seen:
                    seen.add(key)
                    kept.append(paragraph)
            if kept and title:
                count[name] += sum(map(len, kept))
                yield {'source': name, 'title': title, 'description': description, 'paragraphs': kept}
    for name, size in count.most_common():
        print(f'{name:24} {size / 1e6:6.2f} MB')


# Ways to write a text and its title as plain text; the title after the text teaches what re-ranking asks for.
FORMATS = [
    '{t}\n\n{d}', '{t}\n\n{d}', '{t}\n\n{d}', '{t}: {d}',
    '{d}\n\n{t}', '{d}\n\nTitle: {t}', 'Body: {d}\n\nTitle:\n{t}', '{d}\nIn short: "{t}"',
    'Document:\n{d}\n\nQuery:\n{t}',
    'Documents are searched to find matches with the same content.\nThe document "{d}" is a good search result for "{t}"',
    'Documents are searched to find matches with the same content.\nThe document "{d}" is a good search result for "{t}"',
]
VERBS = set('''add adjust allow apply arrange attach back block boot browse build burn change check choose clean clear click
close combine compare compile compress configure connect convert copy create customize cut debug define delete deny determine
disable disconnect display download drag edit eject empty enable encrypt enter exclude export extract find fix format
get give go group hide identify import improve include increase insert install join keep kill launch leave limit list
load lock log login make manage mark merge modify monitor mount move open organize partition password paste pause play
prepare prevent preview print protect read rebuild receive record recover reduce register remove rename repair replace
report reset resize restart restore resume retrieve rotate run save scan schedule search secure select send set share show
sign skip sort specify speed split start stop store switch sync synchronize take test transfer turn type undo undelete
uninstall unlock update upgrade upload use verify view work write zoom'''.split())


def as_query(title, rng):
    """Writes a heading the way somebody would ask for it; a heading that is no phrase stays what it is."""
    words = title.split()
    first = words[0].lower() if words else ''
    lower = title[0].lower() + title[1:] if len(title) > 1 and not title[1].isupper() else title
    if title.endswith('?') or first in ('how', 'why', 'what', 'when', 'where', 'which', 'can', 'is', 'does'):
        return title if rng.random() < 0.8 else lower
    if first in VERBS:
        return rng.choice([title, lower, f'how to {lower}', f'How do I {lower}?', f'How can I {lower}?'])
    if first.endswith('ing') and len(words) > 1:
        return rng.choice([title, lower, f'how to go about {lower}', f'What should I know about {lower}?'])
    if len(words) <= 3:
        return rng.choice([title, lower, f'What is {lower}?', f'what does {lower} mean'])
    return rng.choice([title, title, lower])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work')
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with open(os.path.join(args.work, 'sections.jsonl'), 'w') as file:
        for section in sections(args.work):
            file.write(json.dumps(section) + '\n')
    documents, pairs = [], []
    weights = {name: (w, p) for name, (_, w, p) in extract.SOURCES.items()} | {'package-descriptions': (1, 1)}
    for number, line in enumerate(open(os.path.join(args.work, 'sections.jsonl'))):
        section = json.loads(line)
        lm_weight, pair_weight = weights[section['source']]
        for _ in range(int(lm_weight + rng.random())):
            documents.extend(as_text(section, rng))
        pairs.extend((q, d, pair_weight, section['source'], number) for q, d in as_pairs(section, rng))
    rng.shuffle(documents)
    with open(os.path.join(args.work, 'lm.txt'), 'w') as file:
        for document in documents:
            file.write(json.dumps(document) + '\n')
    rng.shuffle(pairs)
    # All pairs of a section go to one side, so that the development pairs' texts are unseen.
    groups = {'dev': [], 'train': []}
    for query, document, weight, source, number in pairs:
        row = {'query': query, 'document': document, 'weight': weight, 'source': source, 'section': number}
        groups['dev' if number % 15 == 0 else 'train'].append(row)
    for side, rows in groups.items():
        with open(os.path.join(args.work, f'pairs-{side}.jsonl'), 'w') as file:
            for row in rows:
                file.write(json.dumps(row) + '\n')
    print(f'{len(documents)} documents, {sum(map(len, documents)) / 1e6:.1f} MB;',
          {side: len(rows) for side, rows in groups.items()}, 'pairs')


def heading(section, rng):
    """The line that stands for a section: its title, or the author's own summary where that says more."""
    if section['source'] == 'package-descriptions':
        return section['description']
    if section['description'] and rng.random() < 0.4:
        return section['description']
    return section['title']


def chunks(paragraphs, limit=900):
    """Paragraphs joined to texts of at most about `limit` characters."""
    text = ''
    for paragraph in paragraphs:
        if text and len(text) + len(paragraph) > limit:
            yield text
            text = ''
        text = f'{text} {paragraph}' if text else paragraph
    if text:
        yield text


def as_text(section, rng):
    if section['source'] == 'wordnet':
        yield rng.choice(['{t}: {d}', '{d}: {t}', 'What does "{t}" mean? {d}']).format(
            t=section['title'], d=section['paragraphs'][0])
        return
    for number, text in enumerate(chunks(section['paragraphs'])):
        title = heading(section, rng)
        if number == 0 or rng.random() < 0.5:
            title = title if rng.random() < 0.6 else as_query(title, rng)
            yield rng.choice(FORMATS).format(t=title, d=text)
        else:
            yield text


def as_pairs(section, rng):
    source, paragraphs = section['source'], section['paragraphs']
    title = heading({**section, 'description': ''}, rng) if source != 'package-descriptions' else section['description']
    if source == 'wordnet':
        yield title, re.sub(r';\s*".*', '', paragraphs[0])
        return
    words = [w for w in re.findall(r'[a-z]+', title.lower()) if w not in STOP]
    parts = list(chunks(paragraphs, 600))
    if len(parts[0]) < 60 or not words or len(title) > 150:
        return
    if source == 'package-descriptions':
        yield title, (f"{section['title']} " if rng.random() < 0.3 else '') + parts[0]
        return
    generic = len(words) < 2 and not title.endswith('?') and source not in ('foldoc', 'gnome-help')
    if not generic and not re.match(r'^\S+ (options|examples|notes|bugs|files|environment|history)$', title):
        yield as_query(title, rng), parts[0]
        if len(parts) > 1 and source != 'manual-pages':
            yield as_query(title, rng), parts[1]
    if section['description']:
        yield section['description'], parts[0] if rng.random() < 0.5 else f"{section['title']} {parts[0]}"
    # Inverse cloze: a sentence looks for the text around it.
    sentences = re.split(r'(?<=[.!?])\s+(?=[A-Z])', parts[0])
    if len(sentences) >= 3:
        at = rng.randrange(len(sentences))
        rest = ' '.join(sentences[:at] + sentences[at + 1:])
        if 30 < len(sentences[at]) < 160 and len(rest) > 100:
            yield sentences[at], (f'{title} ' if rng.random() < 0.5 else '') + rest


if __name__ == '__main__':
    main()
