import type { Progress } from '../../src/core/progress.js';

export interface RecordedStage {
  readonly label: string;
  readonly total: number;
  done: number;
  ended: boolean;
}

/** A Progress that keeps what it is told. */
export function recordingProgress(): Progress & { readonly stages: RecordedStage[]; readonly notes: string[] } {
  const stages: RecordedStage[] = [];
  const notes: string[] = [];
  return {
    stages,
    notes,
    stage(label, total) {
      const stage: RecordedStage = { label, total, done: 0, ended: false };
      stages.push(stage);
      return {
        advance(by) {
          stage.done += by;
        },
        end() {
          stage.ended = true;
        },
      };
    },
    note(message) {
      notes.push(message);
    },
  };
}
