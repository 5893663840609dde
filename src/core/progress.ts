/** A stage of long work, shown as one progress bar. */
export interface ProgressStage {
  /** Counts work as done, in the stage's unit. */
  advance(by: number): void;
  /** Ends the stage, also if it is incomplete. */
  end(): void;
}

/** Receiver of progress and messages for the user. */
export interface Progress {
  stage(label: string, total: number, unit: string): ProgressStage;
  /** Shows a line that stays on the screen. */
  note(message: string): void;
}

/** Shows nothing; for library use and tests. */
export const silentProgress: Progress = {
  stage: () => ({ advance: () => undefined, end: () => undefined }),
  note: () => undefined,
};
