"""beir's GenericDataLoader reading a corpus: python load.py FOLDER"""

import logging
import sys

from beir.datasets.data_loader import GenericDataLoader

logging.disable(logging.CRITICAL)
print(len(GenericDataLoader(sys.argv[1]).load_corpus()))
