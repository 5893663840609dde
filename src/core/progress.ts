/** A stage of long work: one bar on a terminal. */
export interface ProgressStage {
  /** Adds to what is done, in the stage's unit. */
  advance(by: number): void;
  /** The stage is over (also when it ended early). */
  end(): void;
}

/** Where runners say what they are doing. */
export interface Progress {
  stage(label: string, total: number, unit: string): ProgressStage;
  /** A line worth keeping: a fact found on the way. */
  note(message: string): void;
}

/** Shows nothing: for use as a library, and for tests. */
export const silentProgress: Progress = {
  stage: () => ({ advance: () => undefined, end: () => undefined }),
  note: () => undefined,
};
