/**
 * The library interface of this package. A data set goes in; runs, measures and records come out. Each step also has an
 * entry point of its own, which loads nothing else: sgpt-bench/tasks, /models, /search, /runners, /measures, /results, /gate,
 * /reports.
 */
export { InputError, InterruptedError } from './core/errors.js';
export { silentProgress, type Progress, type ProgressStage } from './core/progress.js';
export { bench, type BenchOptions } from './pipeline/bench.js';
export { mainMeasure, recordedMeasures, type PipelineContext, type RunSettings } from './pipeline/context.js';
export { runPlan } from './pipeline/run-plan.js';
export * from './library/gate.js';
export * from './library/measures.js';
export * from './library/models.js';
export * from './library/reports.js';
export * from './library/results.js';
export * from './library/runners.js';
export * from './library/search.js';
export * from './library/tasks.js';
