/* The script of a report's page: unpacks what is built in, and makes charts and tables live. */
/* global document, IntersectionObserver */

import { liveParts } from './charts.js';
import { byId, unpack } from './dom.js';
import { liveQueries } from './queries.js';
import { liveScores, liveTables, unfoldingRows } from './tables.js';

async function loadLibraries() {
  for (const library of document.querySelectorAll('script.library')) {
    const script = document.createElement('script');
    script.textContent = await unpack(library.textContent);
    document.head.append(script);
  }
}

/** Per-query data is unpacked when its section comes into view. */
function whenSeen(place, act) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: '600px' },
  );
  observer.observe(place);
}

const data = JSON.parse(await unpack(byId('data').textContent));
await loadLibraries();
unfoldingRows();
liveParts(data);
liveScores();
liveTables();
if (byId('query-table') !== null) whenSeen(byId('query-table'), () => liveQueries(data.pair));
document.documentElement.dataset.ready = 'true';
