import type { Command } from 'commander';

/** A verb of the command line. */
export interface Verb {
  readonly name: string;
  /** One line for the help. */
  readonly description: string;
  /** Imports the module and returns the command, still without name and description. */
  readonly load: () => Promise<Command>;
}

/** All verbs, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'demo',
    description: 'run the bundled models on the bundled data sets and write a report',
    load: async () => (await import('./demo.js')).demoCommand(),
  },
  {
    name: 'run',
    description: 'run systems on tasks; writes runs, scores and records',
    load: async () => (await import('./run.js')).runCommand(),
  },
  {
    name: 'evaluate',
    description: 'evaluate a TREC run file; prints lines of measure, tab, value',
    load: async () => (await import('./evaluate.js')).evaluateCommand(),
  },
  {
    name: 'report',
    description: 'make tables and charts from result records',
    load: async () => (await import('./report.js')).reportCommand(),
  },
  {
    name: 'compare',
    description: 'compare two results: significance, the queries that changed most, different settings',
    load: async () => (await import('./compare.js')).compareCommand(),
  },
  {
    name: 'check',
    description: 'compare results with a baseline or with published scores; fails if they are worse',
    load: async () => (await import('./check.js')).checkCommand(),
  },
  {
    name: 'worker',
    description: 'compute vectors and scores for "run --queue", on any number of machines',
    load: async () => (await import('./worker.js')).workerCommand(),
  },
  {
    name: 'merge',
    description: 'merge stores or results of several machines',
    load: async () => (await import('./merge.js')).mergeCommand(),
  },
  {
    name: 'datasets',
    description: 'list, download and check data sets',
    load: async () => (await import('./datasets.js')).datasetsCommand(),
  },
  {
    name: 'models',
    description: "list the paper's models; inspect checkpoints",
    load: async () => (await import('./models.js')).modelsCommand(),
  },
];
