import { fileURLToPath } from 'node:url';
import type { Suite } from './suite.js';

/** The data set that comes with the program, from this file's place in src or dist. */
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
