"""Trains the byte-level BPE tokenizer (GPT-2's kind) on WORK/lm.txt and encodes the text.

Writes WORK/tokenizer/{tokenizer.json,tokenizer_config.json,...} and WORK/lm.npy (uint16 token ids, documents
separated by <|endoftext|>).
Usage: tokenizer.py WORK [--vocabulary 4096]
"""

import argparse
import json
import os

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

END = '<|endoftext|>'
MAX_LENGTH = 384


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work')
    parser.add_argument('--vocabulary', type=int, default=4096)
    args = parser.parse_args()
    with open(os.path.join(args.work, 'lm.txt')) as file:
        documents = [json.loads(line) for line in file]

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=args.vocabulary, special_tokens=[END], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents[::4], trainer)

    folder = os.path.join(args.work, 'tokenizer')
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, 'tokenizer.json'), pretty=False)
    with open(os.path.join(folder, 'tokenizer_config.json'), 'w') as file:
        json.dump({'add_bos_token': False, 'add_prefix_space': False, 'bos_token': END, 'eos_token': END,
                   'unk_token': END, 'clean_up_tokenization_spaces': False, 'model_max_length': MAX_LENGTH,
                   'tokenizer_class': 'GPT2Tokenizer'}, file, indent=2)
        file.write('\n')
    for mark in '[]{}':
        assert len(tokenizer.encode(mark).ids) == 1
    end = tokenizer.token_to_id(END)
    ids = []
    for start in range(0, len(documents), 10000):
        for encoding in tokenizer.encode_batch(documents[start:start + 10000]):
            ids.append(np.array(encoding.ids + [end], dtype=np.uint16))
    ids = np.concatenate(ids)
    np.save(os.path.join(args.work, 'lm.npy'), ids)
    characters = sum(map(len, documents))
    print(f'vocabulary {tokenizer.get_vocab_size()}, {len(ids) / 1e6:.2f} M tokens, {characters / len(ids):.2f} characters a token')


if __name__ == '__main__':
    main()
