/* The main script of the page: unpacks embedded data, and makes charts and tables interactive. */
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

/** Calls `act` once when the element comes into view, so that per-query data is unpacked only if needed. */
function whenSeen(container, act) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: '600px' },
  );
  observer.observe(container);
}

const data = JSON.parse(await unpack(byId('data').textContent));
await loadLibraries();
unfoldingRows();
liveParts(data);
liveScores();
liveTables();
if (byId('query-table') !== null) whenSeen(byId('query-table'), () => liveQueries(data.pair));
document.documentElement.dataset.ready = 'true';
