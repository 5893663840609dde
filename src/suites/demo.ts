import { fileURLToPath } from 'node:url';
import type { Suite } from './suite.js';

/** The bundled data set's folder; the relative path is the same from src and dist. */
const folder = fileURLToPath(new URL('../../datasets/demo', import.meta.url));

export const demo: Suite = {
  name: 'demo',
  title: 'demo',
  mixesMeasures: false,
  tasks: [
    { name: 'computing', aliases: [], split: 'test', isPublic: true, inAverage: true, parts: [], mtebName: null },
  ],
  data: [],
  open: async (task, _part, { split }) =>
    (await import('../datasets/beir-folder.js')).openBeirFolder(folder, `demo/${task.name}`, split),
};
